import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { RefusalSummary } from '../base/refusal-summary.ts';
import type { Codec } from '../codec/message/codec.ts';
import { CloseUri, ErrorUri } from '../wamp/errors.ts';
import { MessageType, messageName } from '../wamp/messages/message-type.ts';
import type { AbortMessage, GoodbyeMessage, Message } from '../wamp/messages/messages.ts';
import { Payload } from '../wamp/payload.ts';
import { DropNotice } from './drop-notice.ts';
import type { EndKind, FrameChannel, FrameReceiver } from './frame-channel.ts';
import { Inbound } from './inbound.ts';
import type { Link, LinkCounters, LinkInfo, LinkReceiver } from './link.ts';
import { Outbox } from './outbox.ts';
import { defaultOutgoing, type OutgoingPolicy } from './outgoing-policy.ts';
import { type Meters, type Reading, ReadThrottle } from './read-throttle.ts';
import { roughSize } from './rough-size.ts';

export interface WireLinkOptions {
  readonly info: LinkInfo;
  readonly codec: Codec;
  readonly channel: FrameChannel;
  readonly log: Logger;
  readonly clock: Clock;
  /** What may wait for the peer, and what gives way. Default: `defaultOutgoing`, where nothing is said. */
  readonly outgoing?: Partial<OutgoingPolicy>;
  /** Milliseconds that a peer has to take what is queued once the link closes. Default 2000. */
  readonly closeGrace?: number;
  /** Told when WELCOME leaves for the peer, and when GOODBYE or ABORT does: whether a session is open on the link. */
  readonly onSession?: (open: boolean) => void;
  /** Sums up what peers are refused for. Default: each has a line in the log. */
  readonly refusals?: RefusalSummary | undefined;
}

/**
 * Above this, messages wait un-encoded in the outbox instead of as bytes in the socket. More than any socket's
 * high-water mark, or a channel might be waited for that never says `drained`.
 */
const SOCKET_BYTES = 256 * 1024;

/** What is taken from the outbox in one turn, whatever room the socket has. */
const TURN_BYTES = 1024 * 1024;
const TURN_MESSAGES = 1000;

/** Messages for others that a peer's own may make before the rest of its own wait for another turn: about a millisecond's work. */
const SPREAD = 2000;

/** What a waiting message counts beside its details and its payload. */
const MESSAGE_BYTES = 200;

/** Bytes that may arrive before somebody listens; with more, reading pauses. */
const EARLY_BYTES = 1024 * 1024;

const DEFAULT_CLOSE_GRACE = 2000;

// Why a peer is not read: there is no receiver yet, the receiver has asked for it, or its rate is used up.
const PAUSED_EARLY = 1;
const PAUSED_ABOVE = 2;
const PAUSED_BY_RATE = 4;
const PAUSED_TO_REST = 8;

/** A link over a network: messages through a codec, frames through a channel, and a bound on what waits. */
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
  /** Why the peer is not read now: each reason is a bit. */
  #pauses = 0;
  /** Messages for others, since it rested last. */
  #spread = 0;
  /** Nothing is accepted for sending any more: ABORT has been sent, or the link closes. */
  #sealed = false;
  #closing: string | undefined;
  #gone = false;
  #farewell: EndKind = 'normal';
  #grace: Timer | undefined;
  #rest: Timer | undefined;
  /** Made where the peer's principal has a rate. */
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
    // The channel stops between two messages; what is left goes to the end of the line as soon as it reads again.
    this.#halt(PAUSED_TO_REST);
    queueMicrotask(() => this.#goOn(PAUSED_TO_REST));
  }

  send(message: Message): void {
    if (this.#sealed) return;
    // Once one message waits, all that follow do: order. A farewell waits too: the peer gets what was said before it.
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
  setMeters(meters: Meters | undefined): void {
    if (this.#hold !== undefined) this.#hold.meters = meters ?? {};
    else if (meters !== undefined) this.#hold = new ReadThrottle(meters, this.#reading(), this.#clock);
  }

  close(reason: string): void {
    if (this.#closing !== undefined || this.#gone) return;
    this.#closing = reason;
    this.#sealed = true;
    // A peer that does not read, or does not close its side, keeps the socket no longer than this.
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
    // It is the reader's afterwards, and the message may end this link.
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
      // A peer that reads again takes much at once: the others' turn comes before the rest of it.
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

  /** Reads on when no other reason against it is left. */
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

  /** Lets a message wait, and gives up EVENTs or disconnects the peer where too much waits. */
  #keep(message: Message): void {
    let bytes = MESSAGE_BYTES;
    // They may be another peer's: an error's are its callee's.
    if ('details' in message) bytes += roughSize(message.details);
    if ('payload' in message) {
      try {
        bytes += message.payload.itemsIn(this.#codec.format).byteLength;
      } catch {
        // Found out again, and told, when its turn comes.
      }
      // Of each topic one event waits, perhaps for long: it must not keep a block of others that have gone.
      if (this.#outgoing.policy === 'latest-per-topic') message.payload.detach();
      else message.payload.park();
    }
    const outgoing = this.#outgoing;
    // A message that was larger than the bound and alone has gone to the socket; those behind it need a place still.
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

  // Runs within `send`, so within the work of whoever sends: `closed` is said later, when the channel has gone.
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

  /** [advanced/transport_rawsocket] A peer never gets a frame larger than it announced. */
  #tooLarge(message: Message, size: number): void {
    const { peer, listener } = this.info;
    const limit = this.#channel.maxFrame;
    this.#log.debug({ peer, listener, message: messageName(message.type), size, limit }, 'message too large for peer');
    this.#unsendable(message);
    if ('payload' in message) return;
    // No payload to blame: this peer cannot hold a conversation at all, and is told so.
    const text = `the peer takes no more than ${limit} bytes a message`;
    const reason = ErrorUri.PayloadSizeExceeded;
    this.send({ type: MessageType.Abort, details: { message: text }, reason, payload: Payload.empty });
    this.close(text);
  }

  #unsendable(message: Message): void {
    this.#lost(1);
    // Not from within `send`: whoever sends is never called back in the middle of its own work.
    queueMicrotask(() => this.#inbound.unsendable(message));
  }

  /** HELLO to GOODBYE. */
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
