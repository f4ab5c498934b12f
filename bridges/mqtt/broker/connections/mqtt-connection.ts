import type { Duplex } from 'node:stream';
import type { Owner, PeerAddress } from '../../../../src/gateway/bridge/bridge.ts';
import type { PeerCertificate } from '../../../../src/link/link.ts';
import type { MqttPeer } from '../../source/mqtt-source.ts';
import { type ClientPacket, type Connect, MalformedPacket, PacketType, type Will } from '../packets/packet.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { SessionConnection } from '../sessions/session-connection.ts';
import type { BrokerState } from '../state/broker-state.ts';
import { Hold } from './hold.ts';
import { type PacketConsumer, PacketLoop } from './packet-loop.ts';
import { PacketWriter } from './packet-writer.ts';

/** Bytes that wait for a client from which on queued and retained messages are not sent. */
const HIGH_WATER = 256 * 1024;
/** Milliseconds in which a client has to take its last packet when its connection is closed. */
const CLOSE_TIMEOUT = 1_000;
/** Milliseconds for which a client that has ended its side is still sent the pending answers. */
const ANSWER_TIMEOUT = 15_000;

/** A connection that a listener has accepted. */
export interface IncomingConnection {
  readonly stream: Duplex;
  readonly from: PeerAddress;
  readonly certificate?: PeerCertificate | undefined;
  /** Called when CONNECT is accepted. Until then the listener may close the connection in favor of a new one. */
  readonly accepted?: () => void;
}

/** The client of a connection whose CONNECT is accepted. */
export interface ConnectedClient {
  readonly session: MqttSession;
  /** Messages of the client that are not released to subscribers yet. */
  readonly pendingMessages: number;
  /** Handles one packet. Throws `MalformedPacket` if the client has violated the protocol. */
  handle(packet: ClientPacket): void;
  /** Publishes the will of the client, if it has one. [MQTT-3.1.2-8] */
  publishWill(): void;
  /** Its messages wait for no slow subscriber any more. */
  stopWaiting(): void;
}

/** The broker, as a connection uses it. */
export interface ConnectionHost {
  /** CONNECT was received. The connection is held until it is answered. */
  connect(connection: MqttConnection, connect: Connect): void;
  /** The connection is closed: no packet follows. */
  closed(connection: MqttConnection): void;
}

/** A connection of an MQTT client: packets in, packets out, keep-alive, and the order of closing. */
export class MqttConnection implements MqttPeer, SessionConnection, PacketConsumer {
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
  /** Seconds of silence that the client is allowed. 0 is no limit. */
  keepAlive = 0;
  will: Will | undefined;
  /** The principal of the client. Set when CONNECT is accepted. */
  owner: Owner | undefined;
  /** Set when CONNECT is accepted. */
  client: ConnectedClient | undefined;
  /** Why the connection was closed. Undefined if the client has sent DISCONNECT. */
  reason: string | undefined;
  /** CONNECT was answered with a refusal. */
  refused = false;
  readonly #state: BrokerState;
  readonly #host: ConnectionHost;
  readonly #stream: Duplex;
  readonly #loop: PacketLoop;
  readonly #writer: PacketWriter;
  /** CONNACK was sent: no other packet may precede it. [MQTT-3.2.0-1] */
  #isWelcomed = false;
  #closed = false;
  /** Set while a client that has ended its side waits for answers: the reason of the close that follows. */
  #closing: { readonly reason: string | undefined } | undefined;
  /** Answers that wait for a write of the store. */
  #pendingAnswers = 0;

  constructor(state: BrokerState, host: ConnectionHost, { stream, from, certificate, accepted }: IncomingConnection) {
    this.#state = state;
    this.#host = host;
    this.#stream = stream;
    this.address = from.peer;
    this.host = from.address;
    this.addressHint = from.addressHint;
    this.loopback = from.loopback;
    this.certificate = certificate;
    this.accepted = accepted ?? (() => {});
    this.#loop = new PacketLoop(state, stream, this);
    this.#writer = new PacketWriter(state, stream, () => this.#drained());
    stream.on('data', (chunk: Buffer) => this.#received(chunk));
    stream.on('end', () => this.#loop.end());
    stream.on('close', () => {
      this.#loop.end();
      // No answer can be sent any more.
      if (this.#closing !== undefined) this.close(this.#closing.reason);
    });
    stream.on('error', error => {
      this.reason ??= error.message;
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  get session(): MqttSession | undefined {
    return this.client?.session;
  }

  /** When the packets in work were received: wall-clock milliseconds since 1970. */
  get receivedAt(): number {
    return this.#loop.receivedAt;
  }

  /** When the packets in work were received, by the clock of ages. */
  get age(): number {
    return this.#loop.age;
  }

  get writable(): boolean {
    return this.#isWelcomed && this.#writer.backlog < HIGH_WATER;
  }

  /** Handles no more packets until `proceed` is called with the same reason. */
  hold(reason: Hold): void {
    this.#loop.hold(reason);
  }

  proceed(reason: Hold): void {
    this.#loop.proceed(reason);
  }

  send(packet: Buffer): void {
    if (this.#closed) return;
    this.#state.traffic.messagesSent += 1;
    this.#writer.add(packet);
  }

  /** Sends CONNACK, which is the first packet and lets others follow. */
  sendConnack(packet: Buffer): void {
    this.send(packet);
    this.#isWelcomed = true;
  }

  sendPublish(packet: Buffer, bytes: number): void {
    const { traffic } = this.#state;
    traffic.publishSent += 1;
    traffic.publishBytesSent += bytes;
    this.send(packet);
  }

  sendAtMostOnce(packet: Buffer, bytes: number, topic: string): void {
    if (!this.#isWelcomed) return;
    if (this.#writer.backlog + packet.length <= this.#state.config.maxQueuedBytes) this.sendPublish(packet, bytes);
    else this.#state.drops.add('the send buffer of a subscriber is full', { topic, clientId: this.clientId });
  }

  /** Notes that an answer is pending. Call the returned function when it is sent. */
  expectAnswer(): () => void {
    this.#pendingAnswers += 1;
    return () => {
      this.#pendingAnswers -= 1;
      this.closeIfAnswered();
    };
  }

  /** The client has ended its side: the connection closes when the pending answers are sent. */
  closeWhenAnswered(reason: string | undefined): void {
    if (this.#closed || this.#closing !== undefined) return;
    this.#closing = { reason };
    this.hold(Hold.Closing);
    if (this.#hasPendingAnswers) this.#state.clock.after(ANSWER_TIMEOUT, () => this.close(reason));
    this.closeIfAnswered();
  }

  /** Closes the connection if it only waited for the answer that was just sent. */
  closeIfAnswered(): void {
    if (this.#closing === undefined || this.#hasPendingAnswers) return;
    this.close(this.#closing.reason);
  }

  /** Closes the connection after the packets that were sent. [MqttPeer] */
  disconnect(reason: string): void {
    this.close(reason);
  }

  /** Closes the connection after the packets that were sent. `reason` is undefined if the client has asked for it. */
  close(reason: string | undefined): void {
    if (this.#closed) return;
    this.reason ??= reason;
    this.#writer.flush();
    this.#closed = true;
    const stream = this.#stream;
    if (!stream.destroyed) {
      stream.end(() => stream.destroy());
      this.#state.clock.after(CLOSE_TIMEOUT, () => stream.destroy());
      // Keep reading and discard, otherwise `end` is never emitted.
      stream.resume();
    }
    this.#host.closed(this);
  }

  /** Closes the connection at once and drops the packets that wait. */
  destroy(reason: string): void {
    this.reason ??= reason;
    this.#writer.discard();
    this.#stream.destroy();
    this.close(reason);
  }

  /** Closes the connection if it was silent, or has accepted no bytes, for too long. `now` is awake time. */
  check(now: number): void {
    if (this.#closed) return;
    const { connectTimeout, stallTimeout } = this.#state.config;
    const silence = this.#loop.silence(now);
    if (this.#writer.isStalled(now, stallTimeout)) this.destroy('send timeout: the client accepts no data');
    else if (this.#loop.isHeld) return;
    else if (this.client === undefined && silence > connectTimeout) this.destroy('CONNECT timeout');
    // [MQTT-3.1.2-24]
    else if (this.keepAlive > 0 && silence > this.keepAlive * 1_500) this.destroy('keep-alive timeout');
  }

  /** [PacketConsumer] */
  handle(packet: ClientPacket): void {
    if (this.client !== undefined) this.client.handle(packet);
    else if (packet.type === PacketType.Connect) this.#host.connect(this, packet);
    else throw new MalformedPacket('a packet was sent before CONNECT was answered');
  }

  /** [PacketConsumer] */
  failed(error: unknown): void {
    if (error instanceof MalformedPacket) this.close(error.message);
    else {
      this.#state.clientFailed(this, error);
      this.close('internal error of the gateway');
    }
  }

  /** [PacketConsumer] */
  ended(): void {
    this.closeWhenAnswered('the connection was lost');
  }

  get #hasPendingAnswers(): boolean {
    return this.#pendingAnswers > 0 || (this.client?.pendingMessages ?? 0) > 0;
  }

  #received(chunk: Buffer): void {
    if (this.#closed) return;
    this.#state.traffic.bytesReceived += chunk.length;
    this.#loop.received(chunk, this.client !== undefined);
  }

  #drained(): void {
    if (this.#closed || !this.writable) return;
    const { session } = this;
    if (session === undefined) return;
    session.pump();
    this.#state.replays.resume(session);
  }
}
