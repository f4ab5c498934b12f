import assert from 'node:assert/strict';
import { WebSocket } from 'ws';

/** A browser client. It sends the Origin of its page and its cookies. */
export class Browser implements Disposable {
  readonly socket: WebSocket;
  readonly closed: Promise<void>;
  cookie: string | undefined;
  readonly #inbox: unknown[][] = [];
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise(resolve => {
      socket.once('close', () => resolve());
    });
    socket.on('message', data => {
      this.#inbox.push(JSON.parse(String(data)) as unknown[]);
      this.#wake();
    });
    socket.on('close', () => this.#wake());
    socket.on('error', () => {});
    socket.on('upgrade', response => {
      this.cookie = response.headers['set-cookie']?.[0]?.split(';', 1)[0];
    });
  }

  static async open(url: string, headers: Record<string, string>): Promise<Browser> {
    const browser = new Browser(new WebSocket(url, ['wamp.2.json'], { headers }));
    await new Promise<void>((resolve, reject) => {
      browser.socket.once('open', () => resolve());
      browser.socket.once('error', reject);
    });
    return browser;
  }

  async request(...message: readonly unknown[]): Promise<unknown[]> {
    this.socket.send(JSON.stringify(message));
    while (this.#inbox.length === 0) {
      assert.ok(this.socket.readyState <= WebSocket.OPEN, 'closed without an answer');
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    return this.#inbox.shift() ?? [];
  }

  hello(realm: string, details: object): Promise<unknown[]> {
    return this.request(1, realm, { roles: { caller: {} }, ...details });
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
