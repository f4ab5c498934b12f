import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../../support/until.ts';
import { type RawConnect, rawConnect } from './raw-packets.ts';

/** A received packet: the type from its first byte, its flags, and the rest. */
export interface RawReceived {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

/** A bare MQTT connection under the control of a test. It parses packets, and acknowledges only on request. */
export class RawClient {
  readonly socket: Socket;
  readonly received: RawReceived[] = [];
  /** Called for each packet instead of recording it. */
  handle: ((packet: RawReceived) => void) | undefined;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  /** Connects to a port of this machine, sends CONNECT and waits for CONNACK, unless it is to be silent. */
  static async connect(port: number, hello: RawConnect | 'silent' = {}): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.setNoDelay(true);
    const client = new RawClient(socket);
    await once(socket, 'connect');
    if (hello === 'silent') return client;
    socket.write(rawConnect(hello));
    await until('CONNACK', () => client.of(2).length > 0 || socket.closed);
    return client;
  }

  /** The received packets of one type. */
  of(type: number): RawReceived[] {
    return this.received.filter(packet => packet.type === type);
  }

  /** Writes, and waits while the peer does not read. Gives up when the connection is over. */
  async write(bytes: Buffer): Promise<void> {
    if (this.socket.destroyed || this.socket.write(bytes)) return;
    await Promise.race([once(this.socket, 'drain'), once(this.socket, 'close')]);
  }

  /** Sends the due PUBACK, PUBREC, PUBREL and PUBCOMP packets. */
  acknowledge({ type, flags, body }: RawReceived): void {
    const qos = (flags >> 1) & 3;
    if (type === 3 && qos > 0) {
      const id = body.subarray(2 + body.readUInt16BE(0)).subarray(0, 2);
      this.socket.write(Buffer.concat([Buffer.of(qos === 1 ? 0x40 : 0x50, 2), id]));
    } else if (type === 5) this.socket.write(Buffer.concat([Buffer.of(0x62, 2), body.subarray(0, 2)]));
    else if (type === 6) this.socket.write(Buffer.concat([Buffer.of(0x70, 2), body.subarray(0, 2)]));
  }

  #read(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      let [length, factor, at] = [0, 1, 1];
      for (; ; at++) {
        const byte = bytes[at];
        if (byte === undefined) {
          this.#rest = bytes;
          return;
        }
        length += (byte & 0x7f) * factor;
        factor *= 128;
        if (byte < 0x80) break;
      }
      const end = at + 1 + length;
      if (bytes.length < end) {
        this.#rest = bytes;
        return;
      }
      const first = bytes[0] ?? 0;
      const packet = { type: first >> 4, flags: first & 15, body: bytes.subarray(at + 1, end) };
      if (this.handle === undefined) this.received.push(packet);
      else this.handle(packet);
      bytes = bytes.subarray(end);
    }
  }
}
