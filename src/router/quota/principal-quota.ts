import type { Clock } from '../../base/clock.ts';
import { type RateLimit, TokenBucket } from '../../base/token-bucket.ts';
import type { Link } from '../../link/link.ts';
import type { RateBuckets } from '../../link/read-throttle.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { Message } from '../../wamp/messages/messages.ts';
import { payloadSize } from '../../wamp/payload-size.ts';

/** Limits of one principal. If a field is undefined, the general limit applies. */
export interface PrincipalLimits {
  /** Simultaneous sessions. */
  readonly sessions?: number | undefined;
  /** Subscriptions of each session. */
  readonly subscriptions?: number | undefined;
  /** Registrations of each session. */
  readonly registrations?: number | undefined;
  /** Messages a second of all its sessions together. */
  readonly messageRate?: RateLimit | undefined;
  /** Bytes a second of all its sessions together. */
  readonly byteRate?: RateLimit | undefined;
  /** Maximum size of the arguments of one message, in bytes. */
  readonly messageSize?: number | undefined;
  /** Topics whose newest retained event belongs to the principal. */
  readonly retainedTopics?: number | undefined;
}

/** The limits of one principal, and what its sessions use of them. */
export class PrincipalQuota {
  /** The realm and the quota key. */
  readonly key: string;
  sessions = 0;
  #limits: PrincipalLimits = {};
  #buckets: RateBuckets | undefined;

  constructor(key: string) {
    this.key = key;
  }

  get limits(): PrincipalLimits {
    return this.#limits;
  }

  get buckets(): RateBuckets | undefined {
    return this.#buckets;
  }

  /** Changes the limits of all its sessions. A changed rate applies to sessions that join later. */
  setLimits(limits: PrincipalLimits, clock: Clock): void {
    const { messageRate, byteRate } = limits;
    const same = sameRate(messageRate, this.#limits.messageRate) && sameRate(byteRate, this.#limits.byteRate);
    this.#limits = limits;
    if (same) return;
    const unlimited = messageRate === undefined && byteRate === undefined;
    const meter = (rate: RateLimit | undefined): TokenBucket | undefined => rate && new TokenBucket(rate, clock);
    this.#buckets = unlimited ? undefined : { messages: meter(messageRate), bytes: meter(byteRate) };
  }

  get isFull(): boolean {
    return this.sessions >= (this.limits.sessions ?? Number.POSITIVE_INFINITY);
  }

  /** Throws `WampError` if the message exceeds a limit. A link with a read throttle applies the rates itself. */
  check(link: Link, message: Message): void {
    const { messageSize } = this.limits;
    const metered = this.buckets !== undefined && link.setMeters === undefined;
    if (messageSize === undefined && !metered) return;
    const size = 'payload' in message ? payloadSize(message.payload) : 0;
    if (messageSize !== undefined && size > messageSize) {
      const text = `the arguments have ${size} bytes; the limit of this principal is ${messageSize}`;
      throw new WampError(ErrorUri.PayloadSizeExceeded, [text]);
    }
    if (metered && isRequest(message)) this.#consume(size);
  }

  #consume(bytes: number): void {
    const { messages, bytes: octets } = this.#buckets ?? {};
    if ((messages?.wait ?? 0) > 0 || (octets?.wait ?? 0) > 0) {
      throw new WampError(ErrorUri.LimitExceeded, ['the message rate of this principal is exceeded; send more slowly']);
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

/** Whether the message can be refused with ERROR. */
function isRequest({ type }: Message): boolean {
  return (
    type === MessageType.Publish ||
    type === MessageType.Call ||
    type === MessageType.Subscribe ||
    type === MessageType.Register
  );
}
