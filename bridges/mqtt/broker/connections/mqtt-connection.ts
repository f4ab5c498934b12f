import type { Duplex } from 'node:stream';
import type { Clock } from '../../../../src/base/clock.ts';
import { sharedTurn, TurnShare } from '../../../../src/base/shared-turn.ts';
import type { AgeClock } from '../../../../src/base/time/age-clock.ts';
import type { AwakeTime } from '../../../../src/base/time/awake-time.ts';
import type { Owner, PeerAddress } from '../../../../src/gateway/bridge/bridge.ts';
import type { PeerCertificate } from '../../../../src/link/link.ts';
import type { MqttPeer } from '../../source/mqtt-source.ts';
import type { Staged } from '../delivery/distributor.ts';
import type { PublishQueue } from '../delivery/publish-queue.ts';
import type { WorkTurns } from '../delivery/work-turns.ts';
import { type ClientPacket, MalformedPacket, type Will } from '../packets/packet.ts';
import { PacketReader } from '../packets/packet-reader.ts';
import type { Traffic } from '../packets/traffic.ts';
import type { MqttSession, SessionConnection } from '../sessions/mqtt-session.ts';

/** Bytes that wait for a client from which on nothing is sent that can wait elsewhere. */
const HIGH_WATER = 256 * 1024;
/** Bytes that are written at once. */
const MAX_WRITE = 64 * 1024;
/** Milliseconds in which a client that is to go has to take its last packet. */
const LAST_WORDS = 1_000;
/** Milliseconds for which a client that has ended its side is still sent the answers that are due. */
const LINGER = 15_000;

/** Packets of one connection that are handled before the clock is looked at: more, if they take little time. */
const MAX_PACKETS = 200;
const FEW_PACKETS = 20;
/** Bytes of a chunk, at most, which a turn reads even if clients with more to say have used their part of it. */
const BRIEF = 4 * 1024;
/** Milliseconds that these should take, within a factor of two. */
const BATCH_MILLISECONDS = 0.5;

/** Why no more packets are looked at; several of these can hold at a time. */
export const Hold = { Arrival: 1, Line: 2, Work: 4, Begin: 8, Commit: 16, Turn: 32, Leave: 64 } as const;
export type Hold = (typeof Hold)[keyof typeof Hold];

/** What is known of a connection before it says anything. */
export interface Arrival {
  readonly stream: Duplex;
  readonly from: PeerAddress;
  readonly certificate?: PeerCertificate | undefined;
  /** Told when CONNECT is accepted: until then, the connection may have to go for a newcomer. */
  readonly accepted?: () => void;
}

export interface ConnectionLimits {
  readonly maxPacketSize: number;
  readonly maxQueuedBytes: number;
  readonly connectTimeout: number;
  readonly stallTimeout: number;
  readonly maxSubscriptions: number;
}

/** The broker, as a connection sees it. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly ages: AgeClock;
  /** Stands still while the process does: silence is measured by it. */
  readonly patience: AwakeTime;
  readonly turns: WorkTurns;
  /** A packet has come; in order. */
  packet(connection: MqttConnection, packet: ClientPacket): void;
  /** The connection is over, and nothing comes any more. */
  closed(connection: MqttConnection): void;
  /** A message at QoS 0 that there was no room for. */
  dropped(connection: MqttConnection, topic: string): void;
  /** There is room again for what waits elsewhere. */
  writable(connection: MqttConnection): void;
  /** Calls `flush` at the end of this turn of the event loop. */
  flushSoon(connection: MqttConnection): void;
  /** An error that is ours. */
  failed(connection: MqttConnection, error: unknown): void;
}

/** A connection of a client: bytes to packets and back, and whether the client is still there. */
export class MqttConnection implements MqttPeer, SessionConnection {
  readonly address: string;
  readonly host: string | undefined;
  readonly addressHint: string | undefined;
  readonly loopback: boolean;
  readonly certificate: PeerCertificate | undefined;
  /** Tells the listener that CONNECT is accepted. */
  readonly accepted: () => void;
  clientId = '';
  username: string | undefined;
  password: string | undefined;
  protocolVersion = 0;
  /** Seconds that it may be silent for; 0 is for ever. */
  keepAlive = 0;
  /** When the packets that are being handled came: as a timestamp, and by the clock of ages. */
  receivedAt = 0;
  age = 0;
  will: Will | undefined;
  /** Who it is, from the moment on in which it is let in. */
  owner: Owner | undefined;
  /** From the moment on in which it is let in. */
  session: MqttSession | undefined;
  line: PublishQueue<Staged> | undefined;
  /** Why it was closed, where that was not its own wish. */
  reason: string | undefined;
  /** CONNECT was answered with a refusal. */
  refused = false;
  readonly #host: ConnectionHost;
  readonly #stream: Duplex;
  readonly #reader: PacketReader;
  /** CONNACK was sent: nothing else may come before it. [MQTT-3.2.0-1] */
  #welcomed = false;
  #holds = 0;
  #reading = false;
  #batch = FEW_PACKETS;
  readonly #place = { goOn: (): boolean => this.#takeTurn() };
  readonly #share = new TurnShare();
  /** The far side has ended; what it sent before still counts. */
  #over = false;
  #closed = false;
  /** Set while a client that has ended its side waits for answers: why it is closed then. */
  #leaving: { readonly reason: string | undefined } | undefined;
  /** Answers that wait for a write of the store. */
  #answersDue = 0;
  #heardAt: number;
  #out: Buffer[] = [];
  #outBytes = 0;
  #wroteAt = 0;
  readonly #wrote = (): void => this.#written();

  constructor(host: ConnectionHost, { stream, from, certificate, accepted }: Arrival) {
    this.#host = host;
    this.#stream = stream;
    this.address = from.peer;
    this.host = from.address;
    this.addressHint = from.addressHint;
    this.loopback = from.loopback;
    this.certificate = certificate;
    this.accepted = accepted ?? (() => {});
    this.#reader = new PacketReader(host.limits.maxPacketSize, host.limits.maxSubscriptions);
    this.#heardAt = host.patience.now();
    stream.on('data', (chunk: Buffer) => this.#received(chunk));
    stream.on('end', () => this.#ended());
    stream.on('close', () => {
      this.#ended();
      // There is no way to answer any more.
      if (this.#leaving !== undefined) this.close(this.#leaving.reason);
    });
    stream.on('error', error => {
      this.reason ??= error.message;
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  get #backlog(): number {
    return this.#outBytes + this.#stream.writableLength;
  }

  get writable(): boolean {
    return this.#welcomed && this.#backlog < HIGH_WATER;
  }

  /** Looks at no more packets until `proceed`. */
  hold(reason: Hold): void {
    this.#holds |= reason;
    this.#stream.pause();
  }

  proceed(reason: Hold): void {
    if (this.#holds === 0) return;
    this.#holds &= ~reason;
    if (this.#holds !== 0) return;
    this.#heardAt = this.#host.patience.now();
    this.#read(false);
  }

  send(packet: Buffer): void {
    if (this.#closed) return;
    this.#host.traffic.messagesSent += 1;
    if (this.#out.length === 0) this.#host.flushSoon(this);
    this.#out.push(packet);
    this.#outBytes += packet.length;
    // The system mostly takes it at once: then it does not wait here.
    if (this.#outBytes >= MAX_WRITE) this.flush();
  }

  /** CONNACK, which is the first packet and lets others follow. */
  welcome(packet: Buffer): void {
    this.send(packet);
    this.#welcomed = true;
  }

  sendPublish(packet: Buffer, bytes: number): void {
    const { traffic } = this.#host;
    traffic.publishSent += 1;
    traffic.publishBytesSent += bytes;
    this.send(packet);
  }

  /** Sends PUBLISH at QoS 0, unless too much waits for the client already. */
  sendAtMostOnce(packet: Buffer, bytes: number, topic: string): void {
    if (!this.#welcomed) return;
    if (this.#backlog + packet.length > this.#host.limits.maxQueuedBytes) this.#host.dropped(this, topic);
    else this.sendPublish(packet, bytes);
  }

  /** Writes what has gathered. */
  flush(): void {
    if (this.#out.length === 0) return;
    const out = this.#out;
    this.#host.traffic.bytesSent += this.#outBytes;
    this.#out = [];
    this.#outBytes = 0;
    if (this.#stream.writableLength === 0) this.#wroteAt = this.#host.patience.now();
    let from = 0;
    let size = 0;
    for (const [index, packet] of out.entries()) {
      if (size > 0 && size + packet.length > MAX_WRITE) {
        this.#write(out, from, index);
        from = index;
        size = 0;
      }
      size += packet.length;
    }
    this.#write(out, from, out.length);
  }

  /** An answer is due; what is returned is called when it was sent. */
  expectAnswer(): () => void {
    this.#answersDue += 1;
    return () => {
      this.#answersDue -= 1;
      this.answered();
    };
  }

  /** The client has ended its side: it is closed when it has the answers that are due. */
  leave(reason: string | undefined): void {
    if (this.#closed || this.#leaving !== undefined) return;
    this.#leaving = { reason };
    this.hold(Hold.Leave);
    if (this.#answersDue > 0 || (this.line?.length ?? 0) > 0) {
      this.#host.clock.after(LINGER, () => this.close(reason));
    }
    this.answered();
  }

  /** Closes a connection that only waited for this answer. */
  answered(): void {
    if (this.#leaving === undefined || this.#answersDue > 0 || (this.line?.length ?? 0) > 0) return;
    this.close(this.#leaving.reason);
  }

  /** Closes after what was sent has been taken. [MqttPeer] */
  disconnect(reason: string): void {
    this.close(reason);
  }

  /** `reason` where it is not the client's own wish. */
  close(reason: string | undefined): void {
    if (this.#closed) return;
    this.reason ??= reason;
    this.flush();
    this.#closed = true;
    const stream = this.#stream;
    if (!stream.destroyed) {
      stream.end(() => stream.destroy());
      this.#host.clock.after(LAST_WORDS, () => stream.destroy());
      // Whatever still comes is not looked at, but has to be taken for the end to be seen.
      stream.resume();
    }
    this.#host.closed(this);
  }

  /** Closes at once, whatever waits. */
  destroy(reason: string): void {
    this.reason ??= reason;
    this.#out = [];
    this.#outBytes = 0;
    this.#stream.destroy();
    this.close(reason);
  }

  /** Closes it where it has been silent, or has taken nothing, for too long. */
  check(now: number): void {
    if (this.#closed) return;
    const { connectTimeout, stallTimeout } = this.#host.limits;
    const silent = now - this.#heardAt;
    if (this.#stream.writableLength > 0 && now - this.#wroteAt > stallTimeout) this.destroy('it takes nothing');
    else if (this.#holds !== 0) return;
    else if (this.session === undefined && silent > connectTimeout) this.destroy('no CONNECT came in time');
    // [MQTT-3.1.2-24]
    else if (this.keepAlive > 0 && silent > this.keepAlive * 1_500) this.destroy('it is silent: keep alive timeout');
  }

  #received(chunk: Buffer): void {
    if (this.#closed) return;
    this.#host.traffic.bytesReceived += chunk.length;
    // Before CONNECT, a trickle is no sign of life.
    if (this.session !== undefined) this.#heardAt = this.#host.patience.now();
    this.#reader.push(chunk);
    this.#read(chunk.length <= BRIEF);
  }

  #ended(): void {
    this.#over = true;
    this.#read(true);
  }

  /** Handles what has come, or waits in line for that. */
  #read(brief: boolean): void {
    if (this.#reading) return;
    if (this.#holds === 0 && !this.#closed && !sharedTurn.admits(this.#share, brief)) {
      this.hold(Hold.Turn);
      sharedTurn.wait(this.#place, this.#share);
      return;
    }
    this.#readNow();
  }

  /** Its turn has come; whether it calls `sharedTurn.next`. */
  #takeTurn(): boolean {
    this.#holds &= ~Hold.Turn;
    if (this.#closed || this.#holds !== 0) return false;
    this.#heardAt = this.#host.patience.now();
    return this.#readNow();
  }

  /** Whether the work is still to be counted, and the next in line called then. */
  #readNow(): boolean {
    let isCounted = true;
    this.#reading = true;
    // Once for all packets of a chunk.
    this.receivedAt = this.#host.clock.now();
    this.age = this.#host.ages.now();
    try {
      isCounted = this.#handle(this.#host.turns);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) this.#host.failed(this, error);
      this.close(error instanceof MalformedPacket ? error.message : 'an error of the gateway');
    } finally {
      this.#reading = false;
    }
    if (this.#closed || this.#holds !== 0) return !isCounted;
    if (this.#over) this.leave('the connection was lost');
    else if (this.#stream.isPaused()) this.#stream.resume();
    return !isCounted;
  }

  /** Handles some of what has come; whether its cost has been counted already. */
  #handle(turns: WorkTurns): boolean {
    const { clock, traffic } = this.#host;
    const begun = clock.monotonic();
    const most = turns.exhausted ? Math.min(this.#batch, FEW_PACKETS) : this.#batch;
    let count = 0;
    for (; this.#holds === 0 && !this.#closed && count < most; count++) {
      const packet = this.#reader.next();
      if (packet === undefined) break;
      traffic.messagesReceived += 1;
      this.#host.packet(this, packet);
    }
    const counted = clock.monotonic() - begun;
    sharedTurn.spend(this.#share, counted);
    if (count > FEW_PACKETS) turns.spend(count);
    if (count <= 1 && count < most) return true;
    const isMore = count === most && this.#holds === 0 && !this.#closed;
    if (isMore) this.#holds |= Hold.Turn;
    // What the packets make sessions of this process do is a part of their cost, and is done in microtasks.
    queueMicrotask(() => process.nextTick(() => this.#settle(begun, counted, isMore)));
    return false;
  }

  #settle(begun: number, counted: number, isMore: boolean): void {
    const cost = this.#host.clock.monotonic() - begun;
    sharedTurn.spend(this.#share, cost - counted);
    if (isMore) {
      this.#batch = batchAfter(this.#batch, cost);
      if (this.#host.turns.exhausted || !sharedTurn.isIdle) this.#waitLast();
      else if (this.#takeTurn()) return;
    }
    sharedTurn.next();
  }

  /** Behind all others; and in another turn, if the steps of this one are done, whatever little time they took. */
  #waitLast(): void {
    const { turns } = this.#host;
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

  #write(out: readonly Buffer[], from: number, to: number): void {
    const [first] = out;
    if (first === undefined || this.#stream.destroyed) return;
    const bytes = to - from === 1 ? (out[from] ?? first) : Buffer.concat(out.slice(from, to));
    this.#stream.write(bytes, this.#wrote);
  }

  #written(): void {
    this.#wroteAt = this.#host.patience.now();
    if (this.#closed || !this.writable) return;
    this.session?.pump();
    this.#host.writable(this);
  }
}

/** The size of the next batch, where the last has taken so long. */
function batchAfter(batch: number, milliseconds: number): number {
  if (milliseconds < BATCH_MILLISECONDS / 2) return Math.min(2 * batch, MAX_PACKETS);
  if (milliseconds <= 2 * BATCH_MILLISECONDS) return batch;
  return Math.max(Math.floor((batch * BATCH_MILLISECONDS) / milliseconds), 1);
}
