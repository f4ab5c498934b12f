import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { decode as fromMsgpack, encode as toMsgpack } from '@msgpack/msgpack';
import { Encoder } from 'cbor-x';
import { WebSocket } from 'ws';

// WAMP from outside: frames made here by hand, serializers that are not ours, nothing of src/.

/** A message as the specification writes it. */
export type RawMessage = readonly unknown[];
export type RawDict = Record<string, unknown>;

const cbor = new Encoder({ useRecords: false, mapsAsObjects: true, variableMapSize: true });

const serializers = {
  json: {
    code: 1,
    text: true,
    encode: (message: RawMessage) => Buffer.from(JSON.stringify(message)),
    decode: (bytes: Buffer): unknown => JSON.parse(bytes.toString()),
  },
  msgpack: {
    code: 2,
    text: false,
    encode: (message: RawMessage) => Buffer.from(toMsgpack(message)),
    decode: (bytes: Buffer): unknown => fromMsgpack(bytes),
  },
  cbor: {
    code: 3,
    text: false,
    encode: (message: RawMessage) => Buffer.from(cbor.encode(wholeNumbers(message))),
    decode: (bytes: Buffer): unknown => cbor.decode(bytes),
  },
} as const;

/** cbor-x writes what does not fit 32 bits as a float, unless it is a bigint. */
function wholeNumbers(value: unknown): unknown {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0xffffffff) return BigInt(value);
  if (Array.isArray(value)) return value.map(wholeNumbers);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, wholeNumbers(item)]));
}

/** One way to speak to a router. */
export interface Wire {
  readonly transport: 'websocket' | 'rawsocket';
  readonly serializer: keyof typeof serializers;
}

/** Every transport with every serializer. */
export const wires: readonly Wire[] = (['websocket', 'rawsocket'] as const).flatMap(transport =>
  (['json', 'msgpack', 'cbor'] as const).map(serializer => ({ transport, serializer })),
);

/** Where a router listens, on 127.0.0.1. */
export interface RawPorts {
  readonly web: number;
  readonly rawSocket: number;
}

const everything = {
  publisher: ['publisher_exclusion', 'publisher_identification', 'subscriber_blackwhite_listing'],
  subscriber: ['pattern_based_subscription', 'publisher_identification', 'publication_trustlevels'],
  caller: ['caller_identification', 'call_canceling', 'progressive_call_results', 'progressive_call_invocations'],
  callee: [
    ...['caller_identification', 'call_canceling', 'call_timeout', 'call_reroute', 'call_trustlevels'],
    ...['progressive_call_results', 'progressive_call_invocations', 'pattern_based_registration'],
    ...['shared_registration', 'registration_revocation'],
  ],
};

/** Roles as HELLO announces them. */
export function roles(features: Readonly<Record<string, readonly string[]>>): RawDict {
  return Object.fromEntries(
    Object.entries(features).map(([role, names]) => [
      role,
      { features: Object.fromEntries(names.map(name => [name, true])) },
    ]),
  );
}

/** Every role with the features that most clients have, and `payload_passthru_mode` in all. */
export const allRoles = roles(
  Object.fromEntries(Object.entries(everything).map(([role, names]) => [role, [...names, 'payload_passthru_mode']])),
);
/** Every role, none with a feature. */
export const plainRoles = roles({ publisher: [], subscriber: [], caller: [], callee: [] });

/** What every wait ends with. */
const PATIENCE = 5000;

/** One connection, and on it one session after another. */
export class RawClient {
  /** WELCOME.Session of the latest session. */
  session = 0;
  /** WELCOME.Details. */
  welcome: RawDict = {};
  /** Whether the router has closed the connection. */
  ended = false;
  readonly #wire: Wire;
  readonly #socket: Socket | WebSocket;
  readonly #received: RawMessage[] = [];
  #wake: (() => void) | undefined;
  #lastRequest = 0;

  private constructor(wire: Wire, socket: Socket | WebSocket) {
    this.#wire = wire;
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
      this.#wake?.();
    });
    if (socket instanceof WebSocket) {
      socket.on('message', (data: Buffer, binary: boolean) => {
        assert.equal(binary, !serializers[wire.serializer].text, 'text frames are for JSON alone');
        this.#take(data);
      });
    } else {
      this.#readFrames(socket);
    }
  }

  /** A connection, its handshake done. */
  static async connect(ports: RawPorts, wire: Wire): Promise<RawClient> {
    if (wire.transport === 'websocket') {
      const socket = new WebSocket(`ws://127.0.0.1:${ports.web}/ws`, `wamp.2.${wire.serializer}`);
      const client = new RawClient(wire, socket);
      await once(socket, 'open');
      return client;
    }
    const socket = connect(ports.rawSocket, '127.0.0.1');
    await once(socket, 'connect');
    socket.setNoDelay(true);
    socket.write(Uint8Array.of(0x7f, 0xf0 | serializers[wire.serializer].code, 0, 0));
    const answer: Buffer = await new Promise(resolve => socket.once('data', resolve));
    assert.equal(answer[0], 0x7f);
    assert.equal((answer[1] ?? 0) & 15, serializers[wire.serializer].code);
    return new RawClient(wire, socket);
  }

  /** A connection with a session on it. */
  static async join(
    ports: RawPorts,
    wire: Wire,
    details: RawDict = { roles: allRoles },
    realm = 'realm1',
  ): Promise<RawClient> {
    const client = await RawClient.connect(ports, wire);
    await client.hello(details, realm);
    return client;
  }

  /** Opens a session. */
  async hello(details: RawDict = { roles: allRoles }, realm = 'realm1'): Promise<void> {
    this.#lastRequest = 0;
    this.send([1, realm, details]);
    const [type, session, welcome] = await this.next();
    assert.equal(type, 2);
    this.session = asNumber(session);
    this.welcome = asDict(welcome);
  }

  send(message: RawMessage): void {
    this.sendBytes(serializers[this.#wire.serializer].encode(message));
  }

  /** One frame of whatever it may be. */
  sendBytes(bytes: Buffer): void {
    if (this.#socket instanceof WebSocket) {
      this.#socket.send(bytes, { binary: !serializers[this.#wire.serializer].text });
      return;
    }
    const header = Buffer.alloc(4);
    header.writeUIntBE(bytes.length, 1, 3);
    this.#socket.write(Buffer.concat([header, bytes]));
  }

  /** Sends `[type, id, ...rest]` with the next id in sequence, which it returns. */
  request(type: number, ...rest: readonly unknown[]): number {
    const id = ++this.#lastRequest;
    this.send([type, id, ...rest]);
    return id;
  }

  /** The next message of the router. */
  async next(): Promise<RawMessage> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const message = this.#received.shift();
      if (message !== undefined) return message;
      if (this.ended) throw new Error('the router has closed the connection');
      if (Date.now() > deadline) throw new Error(`nothing came within ${PATIENCE} ms`);
      await this.#more(deadline);
    }
  }

  /** All that comes until the router closes the connection. */
  async rest(): Promise<RawMessage[]> {
    const deadline = Date.now() + PATIENCE;
    while (!this.ended) {
      if (Date.now() > deadline) throw new Error(`the connection is still open after ${PATIENCE} ms`);
      await this.#more(deadline);
    }
    return this.#received.splice(0);
  }

  /**
   * What has come by the time the router has answered one more request: everything that it had to say about what this
   * session, and others that did likewise before, have sent.
   */
  async settled(): Promise<RawMessage[]> {
    const id = this.request(34, 9007199254740000);
    const before: RawMessage[] = [];
    for (;;) {
      const message = await this.next();
      if (message[0] === 8 && message[1] === 34 && message[2] === id) return before;
      before.push(message);
    }
  }

  /** Registers a procedure; gives Registration. */
  async register(procedure: string, options: RawDict = {}): Promise<number> {
    const id = this.request(64, options, procedure);
    return this.#granted(65, id);
  }

  /** Subscribes to a topic; gives Subscription. */
  async subscribe(topic: string, options: RawDict = {}): Promise<number> {
    const id = this.request(32, options, topic);
    return this.#granted(33, id);
  }

  call(procedure: string, options: RawDict = {}, ...payload: readonly unknown[]): number {
    return this.request(48, options, procedure, ...payload);
  }

  /** Calls, and gives the arguments of the result; other messages must not come before. */
  async result(procedure: string, ...payload: readonly unknown[]): Promise<readonly unknown[]> {
    const id = this.call(procedure, {}, ...payload);
    const [type, request, details, args = [], ...rest] = await this.next();
    assert.deepEqual([type, request, details], [50, id, {}], `RESULT of ${procedure}, not ${JSON.stringify(rest)}`);
    return Array.isArray(args) ? args : assert.fail('arguments are a list');
  }

  /** Calls, and gives the error's URI; other messages must not come before. */
  async failure(procedure: string, ...payload: readonly unknown[]): Promise<unknown> {
    return this.error(48, this.call(procedure, {}, ...payload));
  }

  /** The next message, which has to be the ERROR of a request; gives its URI. */
  async error(requestType: number, request: number): Promise<unknown> {
    const message = await this.next();
    const [type, kind, id, details, uri] = message;
    assert.deepEqual([type, kind, id], [8, requestType, request], `an ERROR, not ${JSON.stringify(message)}`);
    asDict(details);
    return uri;
  }

  /** The next message, which has to be ABORT; then nothing but the end of the connection. Gives its reason. */
  async aborted(): Promise<unknown> {
    const [type, details, reason] = await this.next();
    assert.equal(type, 3);
    asDict(details);
    assert.deepEqual(await this.rest(), []);
    return reason;
  }

  /** Ends the session in good form, and the connection. */
  async leave(): Promise<void> {
    if (!this.ended && this.session !== 0) {
      this.send([6, {}, 'wamp.close.close_realm']);
      for (;;) {
        const message = await this.next().catch(() => [6]);
        if (message[0] === 6 || message[0] === 3) break;
      }
    }
    this.drop();
  }

  /** Ends the connection without a word. */
  drop(): void {
    if (this.#socket instanceof WebSocket) this.#socket.terminate();
    else this.#socket.destroy();
  }

  async #granted(answer: number, id: number): Promise<number> {
    const message = await this.next();
    assert.deepEqual(message.slice(0, 2), [answer, id], JSON.stringify(message));
    assert.equal(message.length, 3);
    return asNumber(message[2]);
  }

  async #more(deadline: number): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, Math.max(1, deadline - Date.now()));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  #readFrames(socket: Socket): void {
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 4) {
        const length = bytes.readUIntBE(1, 3);
        if (bytes.length < 4 + length) return;
        const [kind, payload] = [bytes[0], Buffer.from(bytes.subarray(4, 4 + length))];
        bytes = bytes.subarray(4 + length);
        if (kind === 0) this.#take(payload);
        else if (kind === 1)
          socket.write(Buffer.concat([Uint8Array.of(2, length >> 16, length >> 8, length), payload]));
      }
    });
  }

  #take(bytes: Buffer): void {
    const message = serializers[this.#wire.serializer].decode(bytes);
    if (!Array.isArray(message)) throw new TypeError('a message is a list');
    this.#received.push(message);
    this.#wake?.();
  }
}

export function asNumber(value: unknown): number {
  assert.ok(typeof value === 'number' && Number.isInteger(value), `a whole number, not ${String(value)}`);
  return value;
}

export function asDict(value: unknown): RawDict {
  assert.ok(isDict(value), `a dictionary, not ${JSON.stringify(value)}`);
  return value;
}

function isDict(value: unknown): value is RawDict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
