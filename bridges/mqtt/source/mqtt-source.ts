import type { Owner } from '../../../src/gateway/bridge/bridge.ts';
import type { PeerCertificate } from '../../../src/link/link.ts';

export type Qos = 0 | 1 | 2;

/** What MQTT 5 says beside a message. [MQTT 5: 3.3.2.3] */
export interface MqttProperties {
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  /** Seconds. */
  readonly messageExpiryInterval?: number;
  readonly userProperties?: Readonly<Record<string, string | readonly string[]>>;
}

/** A message for MQTT. */
export interface MqttPublication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties?: MqttProperties;
  /** Of a retained one that comes from the realm: who published it there. */
  readonly owner?: Owner | undefined;
}

/** A message from MQTT. */
export interface MqttMessage extends MqttPublication {
  readonly dup: boolean;
  /** Wall-clock milliseconds since 1970. */
  readonly receivedAt: number;
}

/** An MQTT client, as its connection shows it. One object a connection: a client that comes back is another peer. */
export interface MqttPeer {
  readonly clientId: string;
  readonly username: string | undefined;
  /** Until it is let in; nobody keeps it. */
  readonly password?: string | undefined;
  /** What it has shown as a TLS client. */
  readonly certificate?: PeerCertificate | undefined;
  /** For people: `192.168.1.20:51234`. */
  readonly address: string;
  /** Its IP address alone, if it is known. */
  readonly host?: string | undefined;
  /** Why that is not known, and which setting changes it. */
  readonly addressHint?: string | undefined;
  /** Whether it can only be on this machine. */
  readonly loopback: boolean;
  /** 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5. */
  readonly protocolVersion: number;
  /** Closes the connection. */
  disconnect(reason: string): void;
}

/** CONNACK's return codes that refuse. [MQTT-3.2.2-3] */
export const Refused = { Version: 1, Identifier: 2, Unavailable: 3, Credentials: 4, NotAuthorized: 5 } as const;
export type Refused = (typeof Refused)[keyof typeof Refused];

/** A client that may not come in. */
export class MqttRefusal extends Error {
  override readonly name = 'MqttRefusal';
  readonly code: Refused;
  /** What is counted and summed up in the log: the reason, if it holds nothing that the client has chosen. */
  readonly kind: string;

  constructor(code: Refused, reason: string, kind = reason) {
    super(reason);
    this.code = code;
    this.kind = kind;
  }
}

/** What becomes of an accepted message: other MQTT clients get it, or it is acknowledged and passed on to none of them. */
export type MessageVerdict = 'pass' | 'withhold';

/** The mapping's side: what a source tells. Messages of one client come in their order. */
export interface MqttSink {
  /**
   * A client wants in. It is told yes once this resolves, and no where this rejects, best with `MqttRefusal`. What it
   * resolves with names whose its session is: what waits in a session is for nobody else. Undefined is anybody's.
   */
  connecting(peer: MqttPeer): Promise<string | undefined>;
  /**
   * A client published, or its will is published for it; `peer` is undefined where it is not known who published. The
   * source acknowledges the message, retains it and passes it on as the verdict says, and not before there is one. Where
   * the verdict rejects, the message is refused: nobody gets it, nothing is retained, and the client is disconnected.
   */
  message(message: MqttMessage, peer: MqttPeer | undefined): MessageVerdict | Promise<MessageVerdict>;
  /** Who a client is that was let in, for what it leaves over a restart. */
  ownerOf?(peer: MqttPeer): Owner | undefined;
  /**
   * A will or a retained message of an earlier run, and whose it is. `forget`: nobody may get it. Undefined owner: the record
   * does not say.
   */
  replay?(message: MqttMessage, owner: Owner | undefined): Promise<'pass' | 'forget'>;
  /** A retained message has given way to another client's. */
  evicted?(topic: string): void;
  /** No more is replayed for now. */
  replayed?(): void;
  /** Whether nobody can come back for a session any more that belongs to `owner`, as `connecting` named it. */
  isGone?(owner: string): boolean;
  /** Whether an owner is a principal that does not exist any more. */
  isRemoved?(owner: Owner): boolean;
  /** Whether a client may subscribe a filter. Absent: any. */
  maySubscribe?(peer: MqttPeer, filter: string): boolean;
  /** A client that was let in has been told so: from now on messages reach it. */
  connected?(peer: MqttPeer): void;
  /** What a client has subscribed, as it was granted; a session that goes on says all of it again. */
  subscribed?(peer: MqttPeer, filter: string, qos: Qos): void;
  unsubscribed?(peer: MqttPeer, filter: string): void;
  /** Follows every `connecting` that was let in, after the last message of that client, its will included. */
  disconnected(peer: MqttPeer): void;
  /** The source cannot go on. */
  failed(error: unknown): void;
}

/** A broker, embedded or elsewhere, as the mapping sees it. What is published into it does not come back as a message. */
export interface MqttSource extends AsyncDisposable {
  /** Where it is, for people: `127.0.0.1:1883`. */
  readonly address: string;
  /** Whether what is published now reaches it; an embedded one is always there. */
  readonly isConnected: boolean;
  /** Publishes to whoever has subscribed, in order. Never throws; what cannot be sent is counted and dropped. */
  publish(publication: MqttPublication): void;
  /** Publishes to one connected client, whatever it has subscribed. False where it is not connected any more. */
  publishTo(peer: MqttPeer, publication: MqttPublication): boolean;
  /** The retained messages that a filter matches. */
  retained(filter: string): Promise<readonly MqttPublication[]>;
}
