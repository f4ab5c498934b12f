import assert from 'node:assert/strict';
import { silentLogger } from '../../src/base/logger.ts';
import { ClientSession, type SessionOptions } from '../../src/client/session/client-session.ts';
import type { Link, LinkInfo } from '../../src/link/link.ts';
import { localLinkPair } from '../../src/link/local-link.ts';
import { type Dict, EMPTY_DICT } from '../../src/wamp/dict.ts';
import { asId } from '../../src/wamp/ids.ts';
import { MessageType, messageName } from '../../src/wamp/messages/message-type.ts';
import type { FailableType, Message, MessageOf } from '../../src/wamp/messages/messages.ts';
import { Payload } from '../../src/wamp/payload.ts';
import { asUri } from '../../src/wamp/uri.ts';
import { FakeClock } from '../support/fake-clock.ts';

const info: LinkInfo = {
  transport: 'local',
  serializer: 'none',
  peer: 'test',
  loopback: true,
  listener: 'test',
  tls: false,
};

/** Waits until everything scheduled in this turn has run. */
export const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

export const ALL_FEATURES: Dict = {
  roles: { broker: { features: {} }, dealer: { features: { call_canceling: true, call_timeout: true } } },
};

/** The router's end of a local link, played by hand: it sends the given messages and records the received ones. */
export class RouterPeer {
  readonly near: Link;
  readonly far: Link;
  readonly heard: Message[] = [];
  closed: string | undefined;

  constructor() {
    [this.near, this.far] = localLinkPair(info, info, silentLogger);
    this.far.open({
      message: message => this.heard.push(message),
      closed: reason => {
        this.closed = reason;
      },
    });
  }

  /** The messages received since the last call, oldest first. */
  async received(): Promise<Message[]> {
    await settle();
    return this.heard.splice(0);
  }

  /** The one message received since the last call, which must have this type. */
  async expect<T extends Message['type']>(type: T): Promise<MessageOf<T>> {
    const taken = await this.received();
    assert.deepEqual(
      taken.map(message => messageName(message.type)),
      [messageName(type)],
    );
    return taken[0] as MessageOf<T>;
  }

  send(message: Message): void {
    this.far.send(message);
  }

  welcome(details: Dict = ALL_FEATURES): void {
    this.send({ type: MessageType.Welcome, session: asId(7), details });
  }

  abort(reason: string, message?: string): void {
    const details = message === undefined ? EMPTY_DICT : { message };
    this.send({ type: MessageType.Abort, details, reason: asUri(reason), payload: Payload.empty });
  }

  goodbye(reason = 'wamp.close.goodbye_and_out'): void {
    this.send({ type: MessageType.Goodbye, details: EMPTY_DICT, reason: asUri(reason) });
  }

  published(request: number, publication = 1): void {
    this.send({ type: MessageType.Published, request: asId(request), publication: asId(publication) });
  }

  subscribed(request: number, subscription: number): void {
    this.send({ type: MessageType.Subscribed, request: asId(request), subscription: asId(subscription) });
  }

  unsubscribed(request: number, details?: Dict): void {
    this.send({ type: MessageType.Unsubscribed, request: asId(request), details });
  }

  event(subscription: number, args: readonly unknown[], details: Dict = EMPTY_DICT): void {
    const payload = Payload.of(args);
    this.send({ type: MessageType.Event, subscription: asId(subscription), publication: asId(99), details, payload });
  }

  registered(request: number, registration: number): void {
    this.send({ type: MessageType.Registered, request: asId(request), registration: asId(registration) });
  }

  unregistered(request: number, details?: Dict): void {
    this.send({ type: MessageType.Unregistered, request: asId(request), details });
  }

  invoke(request: number, registration: number, args: readonly unknown[] = [], details: Dict = EMPTY_DICT): void {
    this.send({
      type: MessageType.Invocation,
      request: asId(request),
      registration: asId(registration),
      details,
      payload: Payload.of(args),
    });
  }

  interrupt(request: number, mode = 'kill'): void {
    this.send({ type: MessageType.Interrupt, request: asId(request), options: { mode } });
  }

  result(request: number, args: readonly unknown[], details: Dict = EMPTY_DICT): void {
    this.send({ type: MessageType.Result, request: asId(request), details, payload: Payload.of(args) });
  }

  error(requestType: FailableType, request: number, error: string, args: readonly unknown[] = []): void {
    this.send({
      type: MessageType.Error,
      requestType,
      request: asId(request),
      details: EMPTY_DICT,
      error: asUri(error),
      payload: Payload.of(args),
    });
  }
}

/** A session that has joined a router played by hand, on a fake clock. */
export async function joined(
  options: Partial<SessionOptions> = {},
  welcome: Dict = ALL_FEATURES,
): Promise<{ session: ClientSession; router: RouterPeer; clock: FakeClock }> {
  const router = new RouterPeer();
  const clock = new FakeClock();
  const joining = ClientSession.join(router.near, { realm: 'realm1', clock, ...options });
  await router.expect(MessageType.Hello);
  router.welcome(welcome);
  return { session: await joining, router, clock };
}

/** The WampError that a promise rejected with, which must have this URI. */
export async function refusal(promise: Promise<unknown>, uri: string): Promise<void> {
  await assert.rejects(promise, { name: 'WampError', uri });
}
