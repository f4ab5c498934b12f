import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { until } from './until.ts';

/** A socket that sends and receives plain bytes, for tests of the wire format. */
export class RawPeer implements Disposable {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', chunk => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    socket.on('error', () => {});
    socket.on('end', () => {
      this.#ended = true;
    });
    socket.on('close', () => {
      this.#ended = true;
    });
  }

  static async connect(target: NetConnectOpts): Promise<RawPeer> {
    const socket = connect(target);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawPeer(socket);
  }

  /** The other side of a socket that a test's own server accepted. */
  static of(socket: Socket): RawPeer {
    return new RawPeer(socket);
  }

  send(...bytes: readonly (Uint8Array | readonly number[] | string)[]): void {
    const parts = bytes.map(part => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part)));
    this.socket.write(Buffer.concat(parts));
  }

  /** The next `count` bytes. */
  async read(count: number): Promise<Buffer> {
    await until(`${count} bytes`, () => {
      if (this.#received.length >= count) return true;
      if (this.#ended) throw new Error(`the connection ended after ${this.#received.length} of ${count} bytes`);
      return false;
    });
    const bytes = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return bytes;
  }

  /** The head of an HTTP answer, up to and including the empty line. */
  async head(): Promise<string> {
    const end = await until('the head of an answer', () => {
      const at = this.#received.indexOf('\r\n\r\n');
      return at >= 0 && at + 4;
    });
    return (await this.read(end)).toString();
  }

  /** The next RawSocket frame: its first octet and its payload. */
  async frame(): Promise<{ first: number; payload: Buffer }> {
    const header = await this.read(4);
    return { first: header[0] ?? 0, payload: await this.read(header.readUIntBE(1, 3)) };
  }

  /** All bytes until the peer ends the connection. */
  async rest(): Promise<Buffer> {
    await until('the connection to end', () => this.#ended);
    return this.#received;
  }

  get ended(): boolean {
    return this.#ended;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** A RawSocket frame. */
export function rawFrame(payload: Uint8Array | string, first = 0): Buffer {
  const body = Buffer.from(payload);
  const header = Buffer.from([first, body.length >> 16, body.length >> 8, body.length]);
  return Buffer.concat([header, body]);
}
