/** The number of connections that a browser opens to one host. */
const CONNECTIONS = 6;

let open = 0;
const queue: (() => void)[] = [];

/**
 * The part of a browser's XMLHttpRequest that Autobahn|JS needs for long-poll. Autobahn|JS treats each status except
 * 200 and 204 as a failure, but the specification requires 202 for send and close. This class reports 202 as 204, and
 * changes nothing else.
 */
export class BrowserRequest {
  onreadystatechange: () => void = () => {};
  ontimeout: () => void = () => {};
  withCredentials = false;
  readyState = 0;
  status = 0;
  statusText = '';
  responseText = '';
  timeout = 0;
  readonly #headers: Record<string, string> = {};
  #method = '';
  #url = '';

  open(method: string, url: string): void {
    this.#method = method;
    this.#url = url;
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers[name] = value;
  }

  send(body?: string): void {
    const begin = (): void => {
      open++;
      void this.#fetch(body);
    };
    if (open < CONNECTIONS) begin();
    else queue.push(begin);
  }

  async #fetch(body: string | undefined): Promise<void> {
    try {
      const init = { method: this.#method, headers: this.#headers, ...(body !== undefined && { body }) };
      const response = await fetch(this.#url, init);
      this.responseText = await response.text();
      this.statusText = response.statusText;
      this.status = response.status === 202 ? 204 : response.status;
    } catch {
      this.status = 0;
    }
    open--;
    queue.shift()?.();
    this.readyState = 4;
    this.onreadystatechange();
  }
}
