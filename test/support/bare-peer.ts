import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { type BareSerializer, bareSerializers } from './bare-serializer.ts';

export type Message = readonly unknown[];

/** Where a gateway listens on 127.0.0.1. */
export interface BarePorts {
  readonly web: number;
  readonly rawSocket: number;
}

/** A transport with a serializer on it. */
export interface Wire {
  readonly name: string;
  readonly transport: 'websocket' | 'rawsocket';
  readonly serializer: BareSerializer;
}

/** Every transport with every serializer. */
export const wires: readonly Wire[] = (['websocket', 'rawsocket'] as const).flatMap(transport =>
  bareSerializers.map(serializer => ({ name: `${transport} ${serializer.name}`, transport, serializer })),
);

/** The wire of that transport and serializer. */
export function wireOf(transport: Wire['transport'], serializer: BareSerializer['name']): Wire {
  const wire = wires.find(each => each.transport === transport && each.serializer.name === serializer);
  assert.ok(wire);
  return wire;
}

interface Pipe {
  send(payload: Uint8Array, binary?: boolean): void;
  end(): void;
}

const PATIENCE = 30_000;

/** One end of a transport: messages as bytes, nothing of WAMP but the serializer. */
export class BarePeer {
  readonly wire: Wire;
  /** Code of the WebSocket close frame, once there was one. */
  closeCode: number | undefined;
  #pipe: Pipe | undefined;
  readonly #inbox: Buffer[] = [];
  #ended = false;
  #wake: () => void = () => {};

  private constructor(wire: Wire) {
    this.wire = wire;
  }

  /** `length`: LENGTH of the RawSocket handshake, so that 2^(9 + length) bytes are the most that is taken. */
  static async connect(ports: BarePorts, wire: Wire, length = 15): Promise<BarePeer> {
    const peer = new BarePeer(wire);
    peer.#pipe =
      wire.transport === 'websocket'
        ? await peer.#openWebSocket(ports.web)
        : await peer.#openRawSocket(ports.rawSocket, length);
    return peer;
  }

  get ended(): boolean {
    return this.#ended;
  }

  send(message: Message): void {
    this.sendBytes(this.wire.serializer.encode(message));
  }

  /** One transport message, text where the serializer is unless `binary` says otherwise. */
  sendBytes(payload: Uint8Array | string, binary = this.wire.serializer.binary): void {
    this.#pipe?.send(Buffer.from(payload), binary);
  }

  async receive(): Promise<Message> {
    const message = this.wire.serializer.decode(await this.receiveBytes());
    assert.ok(Array.isArray(message), `not a list: ${String(message)}`);
    return message;
  }

  async receiveBytes(): Promise<Buffer> {
    await this.#until('a message', () => this.#inbox.length > 0 || this.#ended);
    const bytes = this.#inbox.shift();
    assert.ok(bytes !== undefined, 'the connection ended while a message was expected');
    return bytes;
  }

  /** Waits until the gateway has ended the connection; gives what came before that. */
  async rest(): Promise<Message[]> {
    await this.#until('the end of the connection', () => this.#ended);
    return this.#inbox.splice(0).map(bytes => this.wire.serializer.decode(bytes) as Message);
  }

  /** ABORT with `reason` comes next, and after it nothing but the end. [basic/building_blocks: protocol errors] */
  async aborted(reason = 'wamp.error.protocol_violation'): Promise<void> {
    const message = await this.receive();
    assert.equal(message[0], 3, `ABORT expected, not ${JSON.stringify(message)}`);
    assert.equal(typeof message[1], 'object');
    assert.equal(message[2], reason);
    assert.deepEqual(await this.rest(), []);
  }

  end(): void {
    this.#pipe?.end();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #arrived(bytes: Buffer): void {
    this.#inbox.push(bytes);
    this.#wake();
  }

  #close(): void {
    this.#ended = true;
    this.#wake();
  }

  #until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.wire.name}: waited in vain for ${what}`)), PATIENCE);
      this.#wake = () => {
        if (!condition()) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #openWebSocket(port: number): Promise<Pipe> {
    const { serializer } = this.wire;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, [`wamp.2.${serializer.name}`], {
      perMessageDeflate: false,
      maxPayload: 2 ** 25,
    });
    socket.on('message', (data: Buffer, binary: boolean) => {
      assert.equal(binary, serializer.binary, 'text for JSON, binary for the others');
      this.#arrived(data);
    });
    socket.on('close', code => {
      this.closeCode = code;
      this.#close();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    socket.on('error', () => {});
    return { send: (payload, binary = false) => socket.send(payload, { binary }), end: () => socket.terminate() };
  }

  async #openRawSocket(port: number, length: number): Promise<Pipe> {
    const { code } = this.wire.serializer;
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let received = Buffer.alloc(0);
    let shaken = false;
    const opened = new Promise<void>((resolve, reject) => {
      socket.once('close', () => reject(new Error('closed before the handshake')));
      socket.once('error', reject);
      socket.on('data', chunk => {
        received = Buffer.concat([received, chunk]);
        if (!shaken) {
          if (received.length < 4) return;
          const answer = received.subarray(0, 4).toString('hex');
          received = received.subarray(4);
          shaken = true;
          if (/^7f.[123]0000$/.test(answer)) resolve();
          else reject(new Error(`the handshake was answered with ${answer}`));
        }
        while (received.length >= 4) {
          const size = received.readUIntBE(1, 3) + (received[0] === 8 ? 2 ** 24 : 0);
          if (received.length < 4 + size) return;
          // PING and PONG are for tests that speak plain bytes.
          if (((received[0] ?? 0) & 7) === 0) this.#arrived(Buffer.from(received.subarray(4, 4 + size)));
          received = received.subarray(4 + size);
        }
      });
    });
    socket.on('close', () => this.#close());
    socket.on('error', () => {});
    socket.write(Buffer.from([0x7f, (length << 4) | code, 0, 0]));
    await opened;
    return {
      send: payload => {
        const header = Buffer.alloc(4);
        header.writeUInt32BE(payload.length);
        socket.write(Buffer.concat([header, payload]));
      },
      end: () => socket.destroy(),
    };
  }
}
