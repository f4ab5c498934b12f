import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { RefusalSummary } from '../base/refusal-summary.ts';
import type { Codec } from '../codec/message/codec.ts';
import { CloseUri, ErrorUri } from '../wamp/errors.ts';
import { MessageType, messageName } from '../wamp/messages/message-type.ts';
import type { AbortMessage, GoodbyeMessage, Message } from '../wamp/messages/messages.ts';
import { Payload } from '../wamp/payload.ts';
import { valueSize } from '../wamp/payload-size.ts';
import { DropNotice } from './drop-notice.ts';
import type { EndKind, FrameChannel, FrameReceiver } from './frame-channel.ts';
import { Inbound } from './inbound.ts';
import type { Link, LinkCounters, LinkInfo, LinkReceiver } from './link.ts';
import { Outbox } from './outbox.ts';
import { defaultOutgoing, type OutgoingPolicy } from './outgoing-policy.ts';
import { type RateBuckets, type Reading, ReadThrottle } from './read-throttle.ts';

export interface WireLinkOptions {
  readonly info: LinkInfo;
  readonly codec: Codec;
  readonly channel: FrameChannel;
  readonly log: Logger;
  readonly clock: Clock;
  /** The limits of the send queue, and the policy when it is full. Missing values come from `defaultOutgoing`. */
  readonly outgoing?: Partial<OutgoingPolicy>;
  /** Milliseconds in which the peer must read the queued bytes after the link closes. Default 2000. */
  readonly closeGrace?: number;
  /** Called when WELCOME is sent, and when GOODBYE or ABORT is sent: whether a session is open on the link. */
  readonly onSession?: (open: boolean) => void;
  /** Summarizes rejected peers in the log. Default: each rejection is one line. */
  readonly refusals?: RefusalSummary | undefined;
}

/**
 * Above this, messages wait unencoded in the outbox and not as bytes in the socket. It is larger than the high-water
 * mark of any socket. Otherwise the link could wait for a channel that never calls `drained`.
 */
const SOCKET_BYTES = 256 * 1024;

/** The most that is sent from the outbox in one turn, even if the socket accepts more. */
const TURN_BYTES = 1024 * 1024;
const TURN_MESSAGES = 1000;

/**
 * The number of messages to other peers that one peer may cause before its next messages wait for another turn: about a
 * millisecond of work.
 */
const SPREAD = 2000;

/** The size of a waiting message without its details and its payload. */
const MESSAGE_BYTES = 200;

/** Bytes that may arrive before the link has a receiver. Above this, reading pauses. */
const EARLY_BYTES = 1024 * 1024;

const DEFAULT_CLOSE_GRACE = 2000;

// Reasons to pause reading: the link has no receiver yet, the receiver has paused it, the peer exceeds its rate, or
// other peers are served first.
const PAUSED_EARLY = 1;
const PAUSED_ABOVE = 2;
const PAUSED_BY_RATE = 4;
const PAUSED_TO_REST = 8;

/** A link over a network: a codec for messages, a channel for frames, and a bounded send queue. */
export class WireLink implements Link, FrameReceiver {
  readonly info: LinkInfo;
  readonly counters: LinkCounters = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, dropped: 0, slowed: 0 };
  readonly #codec: Codec;
  readonly #channel: FrameChannel;
  readonly #inbound: Inbound;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #ownOutgoing: OutgoingPolicy;
  readonly #closeGrace: number;
  readonly #onSession: WireLinkOptions['onSession'];
  #outgoing: OutgoingPolicy;
  #outbox: Outbox | undefined;
  #notice: DropNotice | undefined;
  #opened = false;
  /** Why reading is paused: one bit for each reason. */
  #pauses = 0;
  /** Messages to others since the last rest. */
  #spread = 0;
  /** No more messages are accepted for sending: ABORT was sent, or the link is closing. */
  #sealed = false;
  #closing: string | undefined;
  #gone = false;
  #farewell: EndKind = 'normal';
  #grace: Timer | undefined;
  #rest: Timer | undefined;
  /** Present if the principal of the peer has a rate. */
  #hold: ReadThrottle | undefined;

  constructor(options: WireLinkOptions) {
    this.info = options.info;
    this.#codec = options.codec;
    this.#channel = options.channel;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#ownOutgoing = { ...defaultOutgoing, ...options.outgoing };
    this.#outgoing = this.#ownOutgoing;
    this.#onSession = options.onSession;
    this.#closeGrace = options.closeGrace ?? DEFAULT_CLOSE_GRACE;
    this.#inbound = new Inbound(this, options.log, options.refusals);
    this.#channel.attach(this);
  }

  get queuedBytes(): number {
    return this.#channel.queuedBytes + (this.#outbox?.bytes ?? 0);
  }

  get queuedMessages(): number {
    return this.#outbox?.length ?? 0;
  }

  open(receiver: LinkReceiver): void {
    this.#opened = true;
    this.#inbound.open(receiver);
    this.#goOn(PAUSED_EARLY);
  }

  setReceiver(receiver: LinkReceiver): void {
    this.#inbound.setReceiver(receiver);
  }

  /** [Link] */
  pause(): void {
    this.#halt(PAUSED_ABOVE);
  }

  /** [Link] */
  resume(): void {
    this.#goOn(PAUSED_ABOVE);
  }

  /** [Link] */
  spread(messages: number): void {
    this.#spread += messages;
    if (this.#spread < SPREAD) return;
    this.#spread = 0;
    // The channel stops between two messages. After the resume, the rest is read behind the other connections.
    this.#halt(PAUSED_TO_REST);
    queueMicrotask(() => this.#goOn(PAUSED_TO_REST));
  }

  send(message: Message): void {
    if (this.#sealed) return;
    // If a message waits, all later ones wait too, GOODBYE and ABORT included. So the peer receives them in order.
    if ((this.#outbox !== undefined && this.#outbox.length > 0) || this.#channel.queuedBytes > SOCKET_BYTES) {
      this.#keep(message);
    } else {
      this.#transmit(message);
    }
    if (message.type <= MessageType.Goodbye) this.#noteHandshake(message);
  }

  /** [Link] */
  setOutgoing(outgoing: Partial<OutgoingPolicy> | undefined): void {
    this.#outgoing = { ...this.#ownOutgoing, ...outgoing };
  }

  /** [Link] */
  setMeters(buckets: RateBuckets | undefined): void {
    if (this.#hold !== undefined) this.#hold.buckets = buckets ?? {};
    else if (buckets !== undefined) this.#hold = new ReadThrottle(buckets, this.#reading(), this.#clock);
  }

  close(reason: string): void {
    if (this.#closing !== undefined || this.#gone) return;
    this.#closing = reason;
    this.#sealed = true;
    // Limits how long a peer that does not read, or does not close its side, keeps the socket.
    this.#grace = this.#clock.after(this.#closeGrace, () => this.#channel.destroy(reason));
    if (this.#outbox === undefined || this.#outbox.length === 0) this.#channel.end(this.#farewell, reason);
  }

  receiveFrame(frame: Uint8Array): void {
    if (this.#closing !== undefined || this.#gone) return;
    this.counters.messagesIn++;
    this.counters.bytesIn += frame.byteLength;
    let message: Message;
    try {
      message = this.#codec.decode(frame, this.info.strict);
    } catch (error) {
      this.#inbound.refuse(error);
      return;
    }
    // Read the length now: afterwards the frame belongs to the receiver, and the message may end this link.
    const bytes = frame.byteLength;
    this.#inbound.message(message);
    this.#hold?.took(bytes);
    if (!this.#opened && this.counters.bytesIn > EARLY_BYTES) this.#halt(PAUSED_EARLY);
  }

  drained(): void {
    const outbox = this.#outbox;
    if (outbox === undefined || this.#gone) return;
    const enough = this.counters.bytesOut + TURN_BYTES;
    for (let i = 0; this.#channel.queuedBytes <= SOCKET_BYTES; i++) {
      // A peer that reads again can take a lot at once. Other connections have their turn before the rest.
      if (i === TURN_MESSAGES || this.counters.bytesOut > enough) {
        this.#rest ??= this.#clock.after(0, () => {
          this.#rest = undefined;
          this.drained();
        });
        return;
      }
      const message = outbox.shift();
      if (message === undefined) break;
      this.#transmit(message);
    }
    if (outbox.length > 0) return;
    this.#outbox = undefined;
    if (this.#closing !== undefined) this.#channel.end(this.#farewell, this.#closing);
  }

  slowed(): void {
    this.counters.slowed++;
  }

  refuse(error: unknown): void {
    this.#inbound.refuse(error);
  }

  closed(reason: string): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#sealed = true;
    this.#grace?.cancel();
    this.#rest?.cancel();
    this.#notice?.stop();
    this.#hold?.stop();
    this.counters.dropped += this.#outbox?.length ?? 0;
    this.#outbox = undefined;
    this.#inbound.close(this.#closing ?? reason);
  }

  #reading(): Reading {
    return {
      pause: () => {
        this.counters.slowed++;
        this.#halt(PAUSED_BY_RATE);
      },
      resume: () => this.#goOn(PAUSED_BY_RATE),
    };
  }

  #halt(reason: number): void {
    if (this.#pauses === 0) this.#channel.pause();
    this.#pauses |= reason;
  }

  /** Resumes reading if no other reason to pause is left. */
  #goOn(reason: number): void {
    if ((this.#pauses & reason) === 0) return;
    this.#pauses &= ~reason;
    if (this.#pauses === 0) this.#channel.resume();
  }

  #transmit(message: Message): void {
    let frame: Uint8Array;
    try {
      frame = this.#codec.encode(message);
    } catch (error) {
      const { peer, listener } = this.info;
      this.#log.error({ peer, listener, message: messageName(message.type), err: error }, 'message cannot be encoded');
      this.#unsendable(message);
      return;
    }
    if (frame.byteLength > this.#channel.maxFrame) {
      this.#tooLarge(message, frame.byteLength);
      return;
    }
    this.counters.messagesOut++;
    this.counters.bytesOut += frame.byteLength;
    this.#channel.write(frame);
  }

  /** Queues a message. If too much waits, drops EVENTs or disconnects the peer. */
  #keep(message: Message): void {
    let bytes = MESSAGE_BYTES;
    // The details may come from another peer: those of an ERROR come from its callee.
    if ('details' in message) bytes += valueSize(message.details);
    if ('payload' in message) {
      try {
        bytes += message.payload.itemsIn(this.#codec.format).byteLength;
      } catch {
        // The message fails again when it is sent, and is reported then.
      }
      // One EVENT of each topic may wait for a long time. It must not keep a block of sent messages in memory.
      if (this.#outgoing.policy === 'latest-per-topic') message.payload.detach();
      else message.payload.park();
    }
    const outgoing = this.#outgoing;
    // One oversized message may fill the buffer of the socket. Half of the limit stays reserved for this queue.
    const room = outgoing.maxBytes - Math.min(this.#channel.queuedBytes, outgoing.maxBytes / 2);
    this.#outbox ??= new Outbox();
    const lost = this.#outbox.offer(message, bytes, outgoing, room);
    if (lost === undefined) this.#disconnect(bytes);
    else if (lost > 0) this.#lost(lost);
  }

  #lost(count: number): void {
    this.counters.dropped += count;
    this.#notice ??= new DropNotice(this.#clock, since => this.#inbound.dropped(since));
    this.#notice.add(count);
  }

  // Called inside `send`, during the sender's own work. `closed` is called later, when the channel has ended.
  #disconnect(bytes: number): void {
    const { peer, listener } = this.info;
    const { maxBytes: limit, maxMessages } = this.#outgoing;
    const waiting = this.queuedBytes + bytes;
    const messages = 1 + (this.#outbox?.length ?? 0);
    this.#log.warn(
      {
        peer,
        listener,
        waiting,
        limit,
        messages,
        maxMessages,
        hint: 'subscribe to less, read faster, or raise the limit',
      },
      'peer reads too slowly, disconnected',
    );
    this.counters.dropped += messages;
    this.#outbox = undefined;
    this.#sealed = true;
    this.#closing = `too slow: ${waiting} bytes in ${messages} messages waited`;
    this.#channel.destroy(this.#closing);
  }

  /** A peer never receives a frame larger than it announced. [advanced/transport_rawsocket] */
  #tooLarge(message: Message, size: number): void {
    const { peer, listener } = this.info;
    const limit = this.#channel.maxFrame;
    this.#log.debug({ peer, listener, message: messageName(message.type), size, limit }, 'message too large for peer');
    this.#unsendable(message);
    if ('payload' in message) return;
    // The message has no payload that could be smaller. The session cannot work, so it ends with ABORT.
    const text = `the message exceeds the limit of ${limit} bytes that the peer announced`;
    const reason = ErrorUri.PayloadSizeExceeded;
    this.send({ type: MessageType.Abort, details: { message: text }, reason, payload: Payload.empty });
    this.close(text);
  }

  #unsendable(message: Message): void {
    this.#lost(1);
    // Not inside `send`: the sender's own work must not be interrupted by a callback.
    queueMicrotask(() => this.#inbound.unsendable(message));
  }

  /** Tracks the session from WELCOME to GOODBYE or ABORT. */
  #noteHandshake(message: Message): void {
    if (message.type === MessageType.Welcome) this.#onSession?.(true);
    if (message.type !== MessageType.Abort && message.type !== MessageType.Goodbye) return;
    this.#onSession?.(false);
    this.#noteFarewell(message);
  }

  #noteFarewell(message: AbortMessage | GoodbyeMessage): void {
    if (message.type === MessageType.Abort) this.#sealed = true;
    if (message.reason === CloseUri.SystemShutdown) this.#farewell = 'going-away';
    else if (message.reason === ErrorUri.ProtocolViolation) this.#farewell = 'violation';
  }
}
