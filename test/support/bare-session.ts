import assert from 'node:assert/strict';
import { BarePeer, type BarePorts, type Message, type Wire } from './bare-peer.ts';

export interface BareEvent {
  readonly subscription: unknown;
  readonly publication: unknown;
  readonly details: Readonly<Record<string, unknown>>;
  readonly args: unknown;
  readonly kwargs: unknown;
}

export interface BareInvocation {
  readonly request: number;
  readonly details: Readonly<Record<string, unknown>>;
  readonly args: unknown;
  readonly kwargs: unknown;
}

/** The features that test clients announce by default. */
export const bareRoles = {
  publisher: {
    features: {
      publisher_identification: true,
      publisher_exclusion: true,
      subscriber_blackwhite_listing: true,
      payload_passthru_mode: true,
    },
  },
  subscriber: { features: { pattern_based_subscription: true, publisher_identification: true } },
  caller: { features: {} },
  callee: { features: {} },
};

/** A session written by hand: request ids count from 1, and every answer is checked. */
export class BareSession {
  readonly peer: BarePeer;
  readonly id: number;
  readonly details: Readonly<Record<string, unknown>>;
  #request = 0;

  private constructor(peer: BarePeer, id: number, details: Readonly<Record<string, unknown>>) {
    this.peer = peer;
    this.id = id;
    this.details = details;
  }

  static async join(
    ports: BarePorts,
    wire: Wire,
    details: Readonly<Record<string, unknown>> = { roles: bareRoles },
  ): Promise<BareSession> {
    return await BareSession.over(await BarePeer.connect(ports, wire), details);
  }

  /** A session on a connection that has none. */
  static async over(
    peer: BarePeer,
    details: Readonly<Record<string, unknown>> = { roles: bareRoles },
  ): Promise<BareSession> {
    peer.send([1, 'realm1', details]);
    return BareSession.welcomed(peer, await peer.receive());
  }

  /** The session opened by a message, which must be WELCOME. */
  static welcomed(peer: BarePeer, welcome: Message): BareSession {
    assert.equal(welcome[0], 2, `WELCOME expected, not ${JSON.stringify(welcome)}`);
    assert.equal(welcome.length, 3);
    assert.ok(isId(welcome[1]), `an id expected, not ${String(welcome[1])}`);
    return new BareSession(peer, Number(welcome[1]), asDict(welcome[2]));
  }

  /** Sends `[type, next request id, ...rest]`. Returns the request id. */
  request(type: number, ...rest: readonly unknown[]): number {
    const request = ++this.#request;
    this.peer.send([type, request, ...rest]);
    return request;
  }

  /** Like `request`. Returns the next message, which answers it. */
  async ask(type: number, ...rest: readonly unknown[]): Promise<Message> {
    const request = this.request(type, ...rest);
    const answer = await this.peer.receive();
    assert.equal(answer[0] === 8 ? answer[2] : answer[1], request, `an answer expected: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** The error URI of the answer. [basic/messages: ERROR] */
  async refused(type: number, ...rest: readonly unknown[]): Promise<unknown> {
    const answer = await this.ask(type, ...rest);
    assert.equal(answer[0], 8, `ERROR expected, not ${JSON.stringify(answer)}`);
    assert.equal(answer[1], type);
    assert.equal(typeof answer[3], 'object');
    return answer[4];
  }

  async subscribe(topic: string, options: Readonly<Record<string, unknown>> = {}): Promise<number> {
    const answer = await this.ask(32, options, topic);
    assert.equal(answer[0], 33, `SUBSCRIBED expected, not ${JSON.stringify(answer)}`);
    assert.equal(answer.length, 3);
    assert.ok(isId(answer[2]));
    return Number(answer[2]);
  }

  /** An acknowledged publication. Returns its id. `payload` is the rest after the topic. */
  async publish(
    topic: string,
    options: Readonly<Record<string, unknown>> = {},
    ...payload: readonly unknown[]
  ): Promise<unknown> {
    const answer = await this.ask(16, { acknowledge: true, ...options }, topic, ...payload);
    assert.equal(answer[0], 17, `PUBLISHED expected, not ${JSON.stringify(answer)}`);
    assert.equal(answer.length, 3);
    assert.ok(isId(answer[2]));
    return answer[2];
  }

  /** Registers a procedure. Returns the id of the registration. */
  async register(procedure: string, options: Readonly<Record<string, unknown>> = {}): Promise<number> {
    const answer = await this.ask(64, options, procedure);
    assert.equal(answer[0], 65, `REGISTERED expected, not ${JSON.stringify(answer)}`);
    assert.equal(answer.length, 3);
    assert.ok(isId(answer[2]));
    return Number(answer[2]);
  }

  /** Sends a message that is not a request, or whose id the test chooses. */
  say(...message: Message): void {
    this.peer.send(message);
  }

  /** The next messages are exactly these. */
  async hears(...messages: readonly Message[]): Promise<void> {
    for (const message of messages) assert.deepEqual(await this.peer.receive(), message);
  }

  /** The next message is INVOCATION of that registration. Returns its id, details and arguments. */
  async invoked(registration: number): Promise<BareInvocation> {
    const [type, request, id, details, args, kwargs] = await this.peer.receive();
    assert.deepEqual([type, id], [68, registration], 'INVOCATION expected');
    return { request: Number(request), details: asDict(details), args, kwargs };
  }

  /** The next message is ERROR that answers a request. Returns its URI. */
  async failure(type: number, request: number): Promise<unknown> {
    const message = await this.peer.receive();
    const [code, requestType, id, details, error] = message;
    assert.deepEqual([code, requestType, id], [8, type, request], `ERROR expected: ${JSON.stringify(message)}`);
    assert.deepEqual(details, {});
    return error;
  }

  /** No earlier message of any session has caused a message to this session. */
  async hearsNothing(): Promise<void> {
    assert.deepEqual(await this.soFar(), []);
  }

  async event(): Promise<BareEvent> {
    return eventOf(await this.peer.receive());
  }

  /** All messages until the answer to one more request, so that no earlier message can be missed. */
  async soFar(): Promise<Message[]> {
    const request = this.request(16, { acknowledge: true }, 'cts.barrier');
    const messages: Message[] = [];
    for (;;) {
      const message = await this.peer.receive();
      if (message[0] === 17 && message[1] === request) return messages;
      messages.push(message);
    }
  }

  async eventsSoFar(): Promise<BareEvent[]> {
    return (await this.soFar()).map(eventOf);
  }

  /** The result of a call, `[args, kwargs]`. */
  async call(procedure: string, ...payload: readonly unknown[]): Promise<Message> {
    const answer = await this.ask(48, {}, procedure, ...payload);
    assert.equal(answer[0], 50, `RESULT expected, not ${JSON.stringify(answer)}`);
    return answer.slice(3);
  }

  [Symbol.dispose](): void {
    this.peer.end();
  }
}

/** Whether `value` is an integer from 1 to 2^53. [basic/building_blocks: IDs] */
export function isId(value: unknown): boolean {
  return (Number.isSafeInteger(value) && Number(value) >= 1) || value === 2n ** 53n;
}

function eventOf(message: Message): BareEvent {
  assert.equal(message[0], 36, `EVENT expected, not ${JSON.stringify(message)}`);
  const [, subscription, publication, details, args, kwargs] = message;
  assert.ok(isId(publication));
  return { subscription, publication, details: asDict(details), args, kwargs };
}

function asDict(value: unknown): Readonly<Record<string, unknown>> {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `not a dict: ${String(value)}`);
  return value as Readonly<Record<string, unknown>>;
}
