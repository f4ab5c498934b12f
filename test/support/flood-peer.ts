import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { rawFrame } from './raw-peer.ts';
import { until } from './until.ts';

/** Bytes that are batched before a write. */
const PIECE = 256 * 1024;

/** A RawSocket client with JSON that sends many messages and decodes as few answers as possible. */
export class FloodPeer implements Disposable {
  readonly socket: Socket;
  /** Received frames, and the last ERROR among them. */
  frames = 0;
  errors = 0;
  lastError = '';
  #rest: Buffer = Buffer.alloc(0);
  #skip = 4;
  #gathered: Buffer[] = [];
  #bytes = 0;
  #request = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setMaxListeners(0);
    socket.on('error', () => {});
    socket.on('data', chunk => this.#arrived(chunk));
  }

  /** Connects and joins; `roles` as in HELLO. */
  static async join(port: number, realm = 'realm1', host = '127.0.0.1'): Promise<FloodPeer> {
    const socket = connect({ port, host, noDelay: true });
    await once(socket, 'connect');
    const peer = new FloodPeer(socket);
    socket.write(Buffer.of(0x7f, 0xf1, 0, 0));
    const features = { progressive_call_invocations: true };
    const roles = { publisher: {}, subscriber: {}, caller: { features }, callee: {} };
    await peer.say([1, realm, { roles }]);
    await peer.flush();
    await until('WELCOME', () => peer.frames > 0);
    return peer;
  }

  get ended(): boolean {
    return this.socket.destroyed;
  }

  /** The next request id. */
  next(): number {
    return ++this.#request;
  }

  /** Queues a message. Waits if the peer reads more slowly. */
  async say(message: readonly unknown[]): Promise<void> {
    const frame = rawFrame(JSON.stringify(message));
    this.#gathered.push(frame);
    this.#bytes += frame.length;
    if (this.#bytes >= PIECE) await this.flush();
  }

  async flush(): Promise<void> {
    const piece = Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#bytes = 0;
    if (this.ended || this.socket.write(piece)) return;
    await Promise.race([once(this.socket, 'drain'), once(this.socket, 'close')]);
  }

  /** Waits until that many frames have arrived in total. */
  async heard(frames: number, seconds = 60): Promise<void> {
    await this.flush();
    await until(`${frames} frames (${this.frames})`, () => this.frames >= frames || this.ended, seconds);
  }

  #arrived(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    // The answer to the handshake.
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
    }
    let at = 0;
    while (at + 4 <= bytes.length) {
      const end = at + 4 + bytes.readUIntBE(at + 1, 3);
      if (end > bytes.length) break;
      this.frames++;
      // `[8,`: an ERROR.
      if (bytes[at + 5] === 0x38 && bytes[at + 6] === 0x2c) {
        this.errors++;
        this.lastError = bytes.toString('utf8', at + 4, Math.min(end, at + 400));
      }
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
