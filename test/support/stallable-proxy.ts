import { connect, createServer, type ListenOptions, type NetConnectOpts, type Socket } from 'node:net';

/** A relay that can stop forwarding the server's bytes, as if the client had stopped reading. */
export class StallableProxy implements AsyncDisposable {
  readonly port: number;
  readonly #close: () => Promise<void>;
  readonly #downstreams: Socket[];

  private constructor(port: number, downstreams: Socket[], close: () => Promise<void>) {
    this.port = port;
    this.#downstreams = downstreams;
    this.#close = close;
  }

  static async start(target: NetConnectOpts, at: ListenOptions): Promise<StallableProxy> {
    const downstreams: Socket[] = [];
    const server = createServer({ noDelay: true }, client => {
      const upstream = connect(target);
      upstream.setNoDelay(true);
      downstreams.push(upstream);
      client.pipe(upstream, { end: false });
      upstream.on('data', chunk => {
        if (!client.write(chunk)) upstream.pause();
      });
      client.on('drain', () => upstream.resume());
      for (const [a, b] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        a.on('error', () => {});
        a.on('close', () => b.destroy());
        a.on('end', () => b.end());
      }
    });
    await new Promise<void>(resolve => server.listen(at, resolve));
    const address = server.address();
    const port = address === null || typeof address === 'string' ? 0 : address.port;
    return new StallableProxy(port, downstreams, async () => {
      for (const socket of downstreams) socket.destroy();
      await new Promise(resolve => server.close(resolve));
    });
  }

  /** Stops reading from the server. */
  stall(): void {
    for (const socket of this.#downstreams) socket.pause();
  }

  resume(): void {
    for (const socket of this.#downstreams) socket.resume();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
