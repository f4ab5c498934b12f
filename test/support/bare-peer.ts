import assert from 'node:assert/strict';
import { type BareSerializer, bareSerializers } from './bare-serializer.ts';
import { type BareWire, openBareRawSocket, openBareWebSocket } from './bare-wire.ts';

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

const PATIENCE = 30_000;

/** One end of a transport: messages as bytes, without WAMP except for the serializer. */
export class BarePeer {
  readonly wire: Wire;
  /** Code of the WebSocket close frame, once there was one. */
  closeCode: number | undefined;
  #pipe: BareWire | undefined;
  readonly #inbox: Buffer[] = [];
  #ended = false;
  #wake: () => void = () => {};

  private constructor(wire: Wire) {
    this.wire = wire;
  }

  /** `length`: LENGTH of the RawSocket handshake, so that 2^(9 + length) bytes are the largest accepted message. */
  static async connect(ports: BarePorts, wire: Wire, length = 15): Promise<BarePeer> {
    const peer = new BarePeer(wire);
    const { serializer, transport } = wire;
    const receiver = {
      message: (payload: Buffer, binary: boolean) => {
        assert.equal(binary, serializer.binary, 'text for JSON, binary for the others');
        peer.#arrived(payload);
      },
      closed: (code?: number) => {
        peer.closeCode = code;
        peer.#close();
      },
    };
    peer.#pipe =
      transport === 'websocket'
        ? await openBareWebSocket(ports.web, serializer, receiver)
        : await openBareRawSocket(ports.rawSocket, serializer, receiver, length);
    return peer;
  }

  get ended(): boolean {
    return this.#ended;
  }

  send(message: Message): void {
    this.sendBytes(this.wire.serializer.encode(message));
  }

  /** One transport message. It is text if the serializer is, unless `binary` says otherwise. */
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

  /** Waits until the gateway has ended the connection. Returns the messages that arrived before. */
  async rest(): Promise<Message[]> {
    await this.#until('the end of the connection', () => this.#ended);
    return this.#inbox.splice(0).map(bytes => this.wire.serializer.decode(bytes) as Message);
  }

  /** The next message is ABORT with `reason`, and then the connection ends. [basic/building_blocks: protocol errors] */
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
}
