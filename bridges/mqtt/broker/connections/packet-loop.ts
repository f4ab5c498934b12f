import type { Duplex } from 'node:stream';
import { sharedTurn, TurnShare } from '../../../../src/base/shared-turn.ts';
import type { ClientPacket } from '../packets/packet.ts';
import { PacketReader } from '../packets/packet-reader.ts';
import type { BrokerState } from '../state/broker-state.ts';
import { Hold } from './hold.ts';

/** Packets of one connection that are handled before the clock is read: more, if they take little time. */
const MAX_PACKETS = 200;
const FEW_PACKETS = 20;
/** Milliseconds that such a batch should take, within a factor of two. */
const BATCH_MILLISECONDS = 0.5;
/** Bytes of a chunk that is read in this turn even if busier connections have used their part of it. */
const BRIEF = 4 * 1024;

/** Handles the packets of a connection. */
export interface PacketConsumer {
  readonly closed: boolean;
  /** Throws `MalformedPacket` if the client has violated the protocol. */
  handle(packet: ClientPacket): void;
  /** `handle` has thrown. */
  failed(error: unknown): void;
  /** The client has ended its side, and all its packets are handled. */
  ended(): void;
}

/**
 * Reads the packets of one connection and has them handled in order, in turns with all other connections of the
 * process. While a reason to hold is set, no packet is handled and the socket is paused.
 */
export class PacketLoop {
  /** When the packets in work were received: wall-clock milliseconds since 1970, and by the clock of ages. */
  receivedAt = 0;
  age = 0;
  readonly #state: BrokerState;
  readonly #stream: Duplex;
  readonly #consumer: PacketConsumer;
  readonly #reader: PacketReader;
  readonly #place = { goOn: (): boolean => this.#takeTurn() };
  readonly #share = new TurnShare();
  #holds = 0;
  #reading = false;
  #batch = FEW_PACKETS;
  /** The peer has ended its side. Packets that it sent before are still handled. */
  #isOver = false;
  #heardAt: number;

  constructor(state: BrokerState, stream: Duplex, consumer: PacketConsumer) {
    this.#state = state;
    this.#stream = stream;
    this.#consumer = consumer;
    this.#reader = new PacketReader(state.config.maxPacketSize, state.config.maxSubscriptions);
    this.#heardAt = state.awake.now();
  }

  get isHeld(): boolean {
    return this.#holds !== 0;
  }

  /** Milliseconds since bytes of the client last arrived. */
  silence(now: number): number {
    return now - this.#heardAt;
  }

  /** Handles no more packets until `proceed` is called with the same reason. */
  hold(reason: Hold): void {
    this.#holds |= reason;
    this.#stream.pause();
  }

  proceed(reason: Hold): void {
    if (this.#holds === 0) return;
    this.#holds &= ~reason;
    if (this.#holds !== 0) return;
    this.#heardAt = this.#state.awake.now();
    this.#read(false);
  }

  /** `countsAsHeard`: false before CONNECT is accepted, so that single bytes do not extend the time for it. */
  received(chunk: Buffer, countsAsHeard: boolean): void {
    if (countsAsHeard) this.#heardAt = this.#state.awake.now();
    this.#reader.push(chunk);
    this.#read(chunk.length <= BRIEF);
  }

  /** The peer has ended its side. */
  end(): void {
    this.#isOver = true;
    this.#read(true);
  }

  /** Handles packets now if the shared turn admits it, and otherwise waits in line. */
  #read(brief: boolean): void {
    if (this.#reading) return;
    if (this.#holds === 0 && !this.#consumer.closed && !sharedTurn.admits(this.#share, brief)) {
      this.hold(Hold.Turn);
      sharedTurn.wait(this.#place, this.#share);
      return;
    }
    this.#readNow();
  }

  /** The turn of this connection has come. Returns whether it calls `sharedTurn.next`. */
  #takeTurn(): boolean {
    this.#holds &= ~Hold.Turn;
    if (this.#consumer.closed || this.#holds !== 0) return false;
    this.#heardAt = this.#state.awake.now();
    return this.#readNow();
  }

  /** Returns whether the cost is still to be counted, and the next in line called then. */
  #readNow(): boolean {
    let isCounted = true;
    this.#reading = true;
    // Once for all packets of a chunk.
    this.receivedAt = this.#state.clock.now();
    this.age = this.#state.ages.now();
    try {
      isCounted = this.#handleBatch();
    } catch (error) {
      this.#consumer.failed(error);
    } finally {
      this.#reading = false;
    }
    if (this.#consumer.closed || this.#holds !== 0) return !isCounted;
    if (this.#isOver) this.#consumer.ended();
    else if (this.#stream.isPaused()) this.#stream.resume();
    return !isCounted;
  }

  /** Handles one batch of packets. Returns whether its cost has been counted already. */
  #handleBatch(): boolean {
    const { clock, traffic, turns } = this.#state;
    const begun = clock.monotonic();
    const most = turns.exhausted ? Math.min(this.#batch, FEW_PACKETS) : this.#batch;
    let count = 0;
    for (; this.#holds === 0 && !this.#consumer.closed && count < most; count++) {
      const packet = this.#reader.next();
      if (packet === undefined) break;
      traffic.messagesReceived += 1;
      this.#consumer.handle(packet);
    }
    const counted = clock.monotonic() - begun;
    sharedTurn.spend(this.#share, counted);
    if (count > FEW_PACKETS) turns.spend(count);
    if (count <= 1 && count < most) return true;
    const isMore = count === most && this.#holds === 0 && !this.#consumer.closed;
    if (isMore) this.#holds |= Hold.Turn;
    // The WAMP sessions of this process do their part of the work in microtasks: it counts too.
    queueMicrotask(() => process.nextTick(() => this.#settle(begun, counted, isMore)));
    return false;
  }

  #settle(begun: number, counted: number, isMore: boolean): void {
    const cost = this.#state.clock.monotonic() - begun;
    sharedTurn.spend(this.#share, cost - counted);
    if (isMore) {
      this.#batch = nextBatch(this.#batch, cost);
      if (this.#state.turns.exhausted || !sharedTurn.isIdle) this.#waitLast();
      else if (this.#takeTurn()) return;
    }
    sharedTurn.next();
  }

  /**
   * Waits behind all other connections; in a later turn if the steps of this one are used up, however little time they
   * took.
   */
  #waitLast(): void {
    const { turns } = this.#state;
    this.#stream.pause();
    if (!turns.exhausted) {
      sharedTurn.waitLast(this.#place);
      return;
    }
    turns.later(() => {
      sharedTurn.waitLast(this.#place);
      return true;
    });
  }
}

/** The size of the next batch, if the last one took `milliseconds`. */
function nextBatch(batch: number, milliseconds: number): number {
  if (milliseconds < BATCH_MILLISECONDS / 2) return Math.min(2 * batch, MAX_PACKETS);
  if (milliseconds <= 2 * BATCH_MILLISECONDS) return batch;
  return Math.max(Math.floor((batch * BATCH_MILLISECONDS) / milliseconds), 1);
}
