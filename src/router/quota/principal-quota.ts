import type { Clock } from '../../base/clock.ts';
import { type RateLimit, TokenBucket } from '../../base/token-bucket.ts';
import type { Link } from '../../link/link.ts';
import type { Meters } from '../../link/read-throttle.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { Message } from '../../wamp/messages/messages.ts';
import { payloadSize } from '../../wamp/payload-size.ts';

/** What one principal may take of a router; what is left out is as it is for everybody. */
export interface PrincipalLimits {
  /** Sessions at a time. */
  readonly sessions?: number | undefined;
  /** Of each session. */
  readonly subscriptions?: number | undefined;
  readonly registrations?: number | undefined;
  /** Messages a second, of all its sessions together. */
  readonly messageRate?: RateLimit | undefined;
  /** The same in bytes of messages. */
  readonly byteRate?: RateLimit | undefined;
  /** Bytes of the arguments of one message. */
  readonly messageSize?: number | undefined;
  /** Topics whose newest retained event is its own. */
  readonly retainedTopics?: number | undefined;
}

/** What a principal that has limits takes of the router, by all of its sessions. */
export class PrincipalQuota {
  /** Whose it is. */
  readonly key: string;
  sessions = 0;
  #limits: PrincipalLimits = {};
  #meters: Meters | undefined;

  constructor(key: string) {
    this.key = key;
  }

  get limits(): PrincipalLimits {
    return this.#limits;
  }

  get meters(): Meters | undefined {
    return this.#meters;
  }

  /** Changes them for all of its sessions, but for rates, which are those that were when a session joined. */
  setLimits(limits: PrincipalLimits, clock: Clock): void {
    const { messageRate, byteRate } = limits;
    const same = sameRate(messageRate, this.#limits.messageRate) && sameRate(byteRate, this.#limits.byteRate);
    this.#limits = limits;
    if (same) return;
    const unlimited = messageRate === undefined && byteRate === undefined;
    const meter = (rate: RateLimit | undefined): TokenBucket | undefined => rate && new TokenBucket(rate, clock);
    this.#meters = unlimited ? undefined : { messages: meter(messageRate), bytes: meter(byteRate) };
  }

  get isFull(): boolean {
    return this.sessions >= (this.limits.sessions ?? Number.POSITIVE_INFINITY);
  }

  /** Throws `WampError` for a message that is too much. A link that can be slowed is slowed by itself. */
  check(link: Link, message: Message): void {
    const { messageSize } = this.limits;
    const metered = this.meters !== undefined && link.setMeters === undefined;
    if (messageSize === undefined && !metered) return;
    const size = 'payload' in message ? payloadSize(message.payload) : 0;
    if (messageSize !== undefined && size > messageSize) {
      const text = `the arguments take ${size} bytes, and ${messageSize} are allowed here`;
      throw new WampError(ErrorUri.PayloadSizeExceeded, [text]);
    }
    if (metered && isRequest(message)) this.#consume(size);
  }

  #consume(bytes: number): void {
    const { messages, bytes: octets } = this.#meters ?? {};
    if ((messages?.wait ?? 0) > 0 || (octets?.wait ?? 0) > 0) {
      throw new WampError(ErrorUri.LimitExceeded, ['more messages a second than are allowed here']);
    }
    messages?.consume(1);
    octets?.consume(bytes);
  }
}

/** Counts an error for the session if it is the refusal of a limit. */
export function countLimitRefusal(session: { refusedByLimit: number }, { uri }: WampError): void {
  if (uri === ErrorUri.LimitExceeded || uri === ErrorUri.PayloadSizeExceeded) session.refusedByLimit++;
}

function sameRate(one: RateLimit | undefined, other: RateLimit | undefined): boolean {
  return one?.rate === other?.rate && one?.burst === other?.burst;
}

/** Whether it can be refused with an ERROR of its own. */
function isRequest({ type }: Message): boolean {
  return (
    type === MessageType.Publish ||
    type === MessageType.Call ||
    type === MessageType.Subscribe ||
    type === MessageType.Register
  );
}
