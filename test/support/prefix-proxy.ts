import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** A reverse proxy on a free port of 127.0.0.1 that removes a prefix of the path, WebSockets included. */
export class PrefixProxy implements AsyncDisposable {
  /** While it is false, every new connection is closed. */
  open = true;
  /** Paths of the requested WebSockets. */
  readonly upgrades: string[] = [];
  /** Paths that do not begin with the prefix. */
  readonly strays: string[] = [];
  readonly #server: Server;
  readonly #prefix: string;
  readonly #target: number;
  readonly #sockets = new Set<Duplex>();

  private constructor(prefix: string, target: number) {
    this.#prefix = prefix;
    this.#target = target;
    this.#server = createServer((incoming, answer) => this.#pass(incoming, answer));
    this.#server.on('connection', socket => this.#keep(socket));
    this.#server.on('upgrade', (incoming, socket) => this.#upgrade(incoming, socket));
  }

  /** `prefix` as `/gw`, without a slash at its end; `target` is a port of 127.0.0.1. */
  static async start(prefix: string, target: number): Promise<PrefixProxy> {
    const proxy = new PrefixProxy(prefix, target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise(done => this.#server.close(done));
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    if (!this.open) socket.destroy();
  }

  #inner(url = ''): string | undefined {
    if (url.startsWith(`${this.#prefix}/`)) return url.slice(this.#prefix.length);
    this.strays.push(url);
    return undefined;
  }

  #pass(incoming: IncomingMessage, answer: ServerResponse): void {
    const path = this.#inner(incoming.url);
    if (path === undefined) {
      answer.writeHead(404).end();
      return;
    }
    const { method, headers } = incoming;
    const outgoing = request({ host: '127.0.0.1', port: this.#target, path, method, headers }, response => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    outgoing.on('error', () => answer.destroy());
    incoming.pipe(outgoing);
  }

  #upgrade(incoming: IncomingMessage, socket: Duplex): void {
    const path = this.#inner(incoming.url);
    if (path === undefined || !this.open) {
      socket.destroy();
      return;
    }
    this.upgrades.push(incoming.url ?? '');
    const outgoing = request({ host: '127.0.0.1', port: this.#target, path, headers: incoming.headers });
    outgoing.on('error', () => socket.destroy());
    outgoing.on('response', () => socket.destroy());
    outgoing.on('upgrade', (response, inner, head) => {
      this.#keep(inner);
      const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${String(value)}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      if (head.length > 0) socket.write(head);
      inner.pipe(socket).pipe(inner);
      inner.on('close', () => socket.destroy());
      socket.on('close', () => inner.destroy());
    });
    outgoing.end();
  }
}
