import type { Message } from '../wamp/messages/messages.ts';
import type { Uri } from '../wamp/uri.ts';
import type { OutgoingPolicy } from './outgoing-policy.ts';
import type { RateBuckets } from './read-throttle.ts';

export type ChannelBinding = 'tls-unique' | 'tls-exporter';

/** A certificate whose private key the peer has. */
export interface PeerCertificate {
  /** SHA-256 of the certificate, in lower-case hex. */
  readonly fingerprint: string;
  /** The subject as the certificate states it, most specific part first: `CN=pump,O=Home`. */
  readonly subject: string;
  /** Whether an authority that the listener trusts has signed it. Otherwise the subject is an unproved claim. */
  readonly trusted: boolean;
}

/** The policy by which a bridge accepts devices that speak WAMP themselves. */
export interface DevicePolicy {
  /** The bridge's name in the configuration. */
  readonly bridge: string;
  /** The only realm that devices without credentials may join. */
  readonly realm: string;
  /** The addresses from which devices without credentials are admitted, under the name in HELLO. */
  readonly anonymous: 'loopback' | 'any' | 'none';
  /** The authrole of a device without credentials. */
  readonly role: string;
  /** Called last, before a device is admitted as `principal`. Returns the reason if the bridge rejects the device. */
  readonly refuse?: (
    principal: Principal,
    realm: string,
  ) => { readonly reason: Uri; readonly text: string } | undefined;
}

/** The properties of a peer that its link knows before the first message. */
export interface LinkInfo {
  /** `local` is a pipe within this process. Its peer is trusted to name its own identity. */
  readonly transport: 'local' | 'websocket' | 'rawsocket' | 'longpoll';
  /** The name of the serializer; `none` for a local link. */
  readonly serializer: 'json' | 'msgpack' | 'cbor' | 'none';
  /** The address of the peer, for people: `127.0.0.1:40312`, `unix:/run/wampway.sock`, `bridge:mqtt`. */
  readonly peer: string;
  /** The IP address alone. Absent if the peer has none: a Unix socket, or a pipe within this process. */
  readonly address?: string;
  /** Whether the peer is certainly on this machine. */
  readonly loopback: boolean;
  /**
   * Why the address of the peer is not known, and which setting changes that. For rejections that depend on the
   * address.
   */
  readonly addressHint?: string;
  /** The name of the configured listener or bridge that accepted the peer. */
  readonly listener: string;
  readonly tls: boolean;
  /** The certificate of the peer, if the listener requested one. */
  readonly certificate?: PeerCertificate;
  /** Data that only the two ends of this TLS connection know, if available. [RFC5929], [RFC9266] */
  readonly channelBinding?: (type: ChannelBinding) => Uint8Array | undefined;
  /**
   * The cookie by which the gateway recognizes this browser on later connections. The browser has it or has just
   * received it.
   */
  readonly cookie?: string;
  /** Whether the listener enforces every rule of the protocol, or accepts common mistakes of clients. Default false. */
  readonly strict?: boolean;
  /** Milliseconds until the peer must have sent HELLO and authenticated. Default: the setting of the router. */
  readonly helloTimeout?: number;
  /** Headers of the HTTP request that opened this WebSocket or long-poll transport, with lower-case names. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /**
   * The prefix, ending in a dot, of all URIs that sessions on this link publish, register, retain and leave as
   * testaments. The router rejects everything else. `{authid}` stands for the authid in WELCOME: `dev.{authid}.`
   * becomes `dev.p1.`.
   */
  readonly confinedTo?: string;
  /**
   * The peer is a device of a bridge. It is admitted by its credentials or on these terms, never by the rule of the
   * realm for clients without credentials. A link from a bridge without `principal` always has them.
   */
  readonly device?: DevicePolicy;
  /**
   * The identity of the peer, if the creator of the link vouches for it. The router admits it without authentication.
   */
  readonly principal?: Principal;
  /**
   * Set if the peer is a part of this program. `router` speaks for the router itself, and `service` does the own work
   * of a bridge. `replay` publishes messages that a client left in an earlier run, within the rules and limits of that
   * client.
   * These sessions are not counted, listed, killed or announced. A session for a device does not have this.
   */
  readonly internal?: 'router' | 'service' | 'replay';
}

/** The traffic of a link: plain numbers, read on demand. */
export interface LinkCounters {
  messagesIn: number;
  messagesOut: number;
  /** 0 for local links, like `bytesOut`: they share payloads and encode nothing. */
  bytesIn: number;
  bytesOut: number;
  /**
   * Messages that this peer did not receive: too large, impossible to encode, or dropped because the peer reads too
   * slowly.
   */
  dropped: number;
  /** How often reading from the peer was paused because it sent more than its rate. */
  slowed: number;
}

/** The identity of a session. */
export interface Principal {
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  readonly authprovider: string;
  /** The MQTT client id, if the client uses MQTT. */
  readonly clientId?: string;
  /** A digest of its credentials. If it changes, for example with a new password, the session ends. */
  readonly credentials?: string;
}

/** Receives the events of a link. The link makes no call before `open` and none after `closed`. */
export interface LinkReceiver {
  /**
   * If it throws, the link sends ABORT and closes. Any error but `ProtocolViolation` is logged as an internal error.
   */
  message(message: Message): void;
  /** The link has ended, for any reason. Called exactly once. */
  closed(reason: string): void;
  /** The sent message cannot reach the peer: it is too large, or cannot be encoded. The link has counted it. */
  unsendable?(message: Message): void;
  /**
   * The number of messages to the peer that were lost since the last call. Called at most once a second. Messages that
   * are lost with the link itself are not included. `Link.counters` has the total.
   */
  dropped?(count: number): void;
}

/** A two-way pipe of WAMP messages. */
export interface Link {
  readonly info: LinkInfo;
  /** Starts delivery to `receiver`. Called once. Messages that arrived earlier are delivered now. */
  open(receiver: LinkReceiver): void;
  /**
   * Replaces the receiver of an open link. The next message goes to `receiver`, even if it was read together with this
   * one.
   */
  setReceiver?(receiver: LinkReceiver): void;
  /** Queues a message. Never throws. After the link has closed, it does nothing. */
  send(message: Message): void;
  /**
   * Sends the queued messages, then closes. `reason` is for the log and, if the transport can carry it, for the peer.
   */
  close(reason: string): void;
  /** The bytes that wait to be sent (local links: an estimate). */
  readonly queuedBytes: number;
  /**
   * The messages that wait unencoded. Messages in the socket are not included, because they can no longer be dropped.
   */
  readonly queuedMessages?: number;
  /** The counters, if the link counts its traffic. */
  readonly counters?: Readonly<LinkCounters> | undefined;
  /**
   * Reports that a message of the peer caused this number of messages to others. From time to time the link then delays
   * the next messages of the peer to another turn, if it can.
   */
  spread?(messages: number): void;
  /** Stops reading from the peer until `resume`, if the link can. Messages that were already read may still arrive. */
  pause?(): void;
  resume?(): void;
  /** Changes the limits of the send queue, in whole or in part. A missing value restores the initial one. */
  setOutgoing?(outgoing: Partial<OutgoingPolicy> | undefined): void;
  /**
   * Limits the rate of the peer from now on, by reading it more slowly. Undefined: no limit. Absent if the link cannot
   * do so.
   */
  setMeters?(buckets: RateBuckets | undefined): void;
}
