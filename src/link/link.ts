import type { Message } from '../wamp/messages/messages.ts';
import type { Uri } from '../wamp/uri.ts';
import type { OutgoingPolicy } from './outgoing-policy.ts';
import type { Meters } from './read-throttle.ts';

export type ChannelBinding = 'tls-unique' | 'tls-exporter';

/** A certificate whose private key the peer has. */
export interface PeerCertificate {
  /** SHA-256 of it, in lower-case hex. */
  readonly fingerprint: string;
  /** `CN=pump,O=Home`: as it says itself, the most special part first. */
  readonly subject: string;
  /** Whether an authority that the listener trusts has signed it. Without that, the subject is anybody's claim. */
  readonly trusted: boolean;
}

/** On what terms a bridge takes devices that speak WAMP themselves. */
export interface DeviceTerms {
  /** The bridge's name in the configuration. */
  readonly bridge: string;
  /** The realm that devices join which prove nothing, and no other. */
  readonly realm: string;
  /** From where devices are admitted that prove nothing, by the name in HELLO. */
  readonly anonymous: 'loopback' | 'any' | 'none';
  /** The authrole of such a device. */
  readonly role: string;
  /** The bridge's last word on a device that would be admitted as `principal`: why it is not, after all. */
  readonly refuse?: (
    principal: Principal,
    realm: string,
  ) => { readonly reason: Uri; readonly text: string } | undefined;
}

/** What is known of the far end of a link before it has said anything. */
export interface LinkInfo {
  /** `local` is a pipe within this process, whose far end is trusted to say who it is. */
  readonly transport: 'local' | 'websocket' | 'rawsocket' | 'longpoll';
  /** Serializer's name; `none` for a local link. */
  readonly serializer: 'json' | 'msgpack' | 'cbor' | 'none';
  /** Where the peer is, for people: `127.0.0.1:40312`, `unix:/run/wampway.sock`, `bridge:mqtt`. */
  readonly peer: string;
  /** Its IP address alone; absent where it has none: a Unix socket, a pipe within this process. */
  readonly address?: string;
  /** Whether the peer can only be on this machine. */
  readonly loopback: boolean;
  /** Why the peer's address is not known, and which setting changes that: for refusals that depend on the address. */
  readonly addressHint?: string;
  /** Who listened: the configured listener's or bridge's name. */
  readonly listener: string;
  readonly tls: boolean;
  /** The certificate that the peer has shown, where it was asked for one. */
  readonly certificate?: PeerCertificate;
  /** What the two ends of this TLS connection know and nobody else, where it can be had. [RFC5929], [RFC9266] */
  readonly channelBinding?: (type: ChannelBinding) => Uint8Array | undefined;
  /** By which this gateway knows the browser again on its next connection; the browser has it, or has just been given it. */
  readonly cookie?: string;
  /** Whether the listener insists on every rule of the protocol, or bears with clients in the wild. Default false. */
  readonly strict?: boolean;
  /** Milliseconds that the peer has to say HELLO and to authenticate. Default: as the router has it. */
  readonly helloTimeout?: number;
  /** Headers of the HTTP request that became this WebSocket or opened this long-poll transport, lower-case names. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /**
   * The prefix, ending in a dot, of everything that sessions on this link publish, register, retain and leave as testaments.
   * The router refuses everything else. `{authid}` stands for the authid in WELCOME: `dev.{authid}.`, or `dev.p1.` as it is.
   */
  readonly confinedTo?: string;
  /**
   * The far end is a device of a bridge: it is admitted by what it proves or on these terms, never by the rule that the realm
   * has for clients without credentials. A link that a bridge hands to the router unvouched always has them.
   */
  readonly device?: DeviceTerms;
  /** Who the far end is, where whoever made the link vouches for it: the router admits it as this, unasked. */
  readonly principal?: Principal;
  /**
   * Where the far end is a part of this program and nobody's client: `router` speaks for the router itself, `service`
   * does a bridge's own work, `replay` publishes again what a client left in an earlier run, within the rules and limits of
   * that client. Their sessions are not counted, listed, killed or announced. A device's is not one of them.
   */
  readonly internal?: 'router' | 'service' | 'replay';
}

/** What has passed through a link; plain numbers, read on demand. */
export interface LinkCounters {
  messagesIn: number;
  messagesOut: number;
  /** 0 for local links, as `bytesOut`: payloads are shared there. */
  bytesIn: number;
  bytesOut: number;
  /** Messages meant for this peer that it never got: too large for it, or impossible to encode, or it was too slow. */
  dropped: number;
  /** How often the peer was not read for a while, because it sent more than its rate. */
  slowed: number;
}

/** Who a session is. */
export interface Principal {
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  readonly authprovider: string;
  /** The MQTT client id, where it came by MQTT. */
  readonly clientId?: string;
  /** A digest of what it can prove itself by. When it changes, as a new password changes it, the session ends. */
  readonly credentials?: string;
}

/** The near end's ears. A link calls neither before `open` nor anything after `closed`. */
export interface LinkReceiver {
  /** Throwing `ProtocolViolation` makes the link ABORT and close; throwing anything else does too, and is logged. */
  message(message: Message): void;
  /** The link is gone, for whatever reason; said exactly once. */
  closed(reason: string): void;
  /** `message`, sent before, can never reach the peer: too large for it, or impossible to encode. Counted by the link. */
  unsendable?(message: Message): void;
  /**
   * So many messages to the peer were lost since this was said last; said at most once a second, and not of what is lost
   * with the link itself. `Link.counters` has the total.
   */
  dropped?(count: number): void;
}

/** A two-way pipe of WAMP messages. */
export interface Link {
  readonly info: LinkInfo;
  /** Starts delivery to `receiver`. Called once; messages that arrived before are kept until then. */
  open(receiver: LinkReceiver): void;
  /** Replaces the receiver of an open link: the next message goes to `receiver`, also one of the same read. */
  setReceiver?(receiver: LinkReceiver): void;
  /** Queues a message. Never throws; after the link has closed it does nothing. */
  send(message: Message): void;
  /** Sends what is queued, then closes. `reason` is for the log and, where the transport has a place, the peer. */
  close(reason: string): void;
  /** What waits to be sent, in bytes (local links: an estimate). */
  readonly queuedBytes: number;
  /** The same in messages: those that are no bytes yet, as what is in the socket cannot give way any more. */
  readonly queuedMessages?: number;
  /** Where the link counts what passes. */
  readonly counters?: Readonly<LinkCounters> | undefined;
  /**
   * What the peer has said has made so many messages for others. From time to time, the rest of what it has said waits for
   * another turn then, where the link can let it wait.
   */
  spread?(messages: number): void;
  /** Stops reading the peer until `resume`, where the link can; what has been read already may still arrive. */
  pause?(): void;
  resume?(): void;
  /** Sets, in part or whole, what may wait for the peer from now on; what is left out is as the link was made. */
  setOutgoing?(outgoing: Partial<OutgoingPolicy> | undefined): void;
  /** Holds the peer to a rate from now on, by reading it more slowly; undefined is any. Absent where it cannot be slowed. */
  setMeters?(meters: Meters | undefined): void;
}
