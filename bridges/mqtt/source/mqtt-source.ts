import type { Owner } from '../../../src/gateway/bridge/bridge.ts';
import type { PeerCertificate } from '../../../src/link/link.ts';

export type Qos = 0 | 1 | 2;

/** The properties of an MQTT 5 message. [MQTT 5: 3.3.2.3] */
export interface MqttProperties {
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  /** Seconds. */
  readonly messageExpiryInterval?: number;
  readonly userProperties?: Readonly<Record<string, string | readonly string[]>>;
}

/** A message that is sent to MQTT. */
export interface MqttPublication {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties?: MqttProperties;
  /** Of a retained message that comes from the realm: its publisher. */
  readonly owner?: Owner | undefined;
}

/** A message that was received from MQTT. */
export interface MqttMessage extends MqttPublication {
  readonly dup: boolean;
  /** Wall-clock milliseconds since 1970. */
  readonly receivedAt: number;
}

/** An MQTT client, as its connection shows it. Each connection is another object, even of the same client. */
export interface MqttPeer {
  readonly clientId: string;
  readonly username: string | undefined;
  /** Set until the client is admitted. It must not be kept. */
  readonly password?: string | undefined;
  /** Its TLS client certificate. */
  readonly certificate?: PeerCertificate | undefined;
  /** For people: `192.168.1.20:51234`. */
  readonly address: string;
  /** Its IP address without port, if it is known. */
  readonly host?: string | undefined;
  /** Why the IP address is unknown, and which setting changes that. */
  readonly addressHint?: string | undefined;
  /** Whether the client runs on this machine. */
  readonly loopback: boolean;
  /** 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5. */
  readonly protocolVersion: number;
  /** Closes the connection. */
  disconnect(reason: string): void;
}

/** The CONNACK return codes of a refusal. [MQTT-3.2.2-3] */
export const Refused = { Version: 1, Identifier: 2, Unavailable: 3, Credentials: 4, NotAuthorized: 5 } as const;
export type Refused = (typeof Refused)[keyof typeof Refused];

/** A client is refused. */
export class MqttRefusal extends Error {
  override readonly name = 'MqttRefusal';
  readonly code: Refused;
  /**
   * The reason by which refusals are counted and summed up in the log: the message, unless it contains texts of the
   * client.
   */
  readonly kind: string;

  constructor(code: Refused, reason: string, kind = reason) {
    super(reason);
    this.code = code;
    this.kind = kind;
  }
}

/**
 * The verdict on an authorized message. `pass`: other MQTT clients receive it. `withhold`: it is acknowledged and not
 * delivered.
 */
export type MessageVerdict = 'pass' | 'withhold';

/** The WAMP side, as a source uses it. The source reports the messages of one client in their order. */
export interface MqttSink {
  /**
   * A client has sent CONNECT. It is accepted when this resolves, and refused when it rejects, preferably with
   * `MqttRefusal`. Resolves with the name of the user who owns its session: no other user may open that session.
   * Undefined: any client may.
   */
  connecting(peer: MqttPeer): Promise<string | undefined>;
  /**
   * A client has published a message, or its will is published. `peer` is undefined if the publisher is unknown. The
   * source acknowledges, retains and delivers the message only after the verdict. If the verdict rejects, the message
   * is dropped and the client is disconnected.
   */
  message(message: MqttMessage, peer: MqttPeer | undefined): MessageVerdict | Promise<MessageVerdict>;
  /** The principal of an admitted client, which is stored with its retained messages and its will. */
  ownerOf?(peer: MqttPeer): Owner | undefined;
  /**
   * A will or a retained message of an earlier run, and its owner. `forget`: it must not be delivered. The owner is
   * undefined if the record does not contain one.
   */
  replay?(message: MqttMessage, owner: Owner | undefined): Promise<'pass' | 'forget'>;
  /** The retained message of a topic was evicted for one of another client. */
  evicted?(topic: string): void;
  /** The replay is finished. */
  replayed?(): void;
  /** Whether the owner of a session, as `connecting` named it, is a principal that does not exist any more. */
  isGone?(owner: string): boolean;
  /** Whether an owner is a principal that does not exist any more. */
  isRemoved?(owner: Owner): boolean;
  /** Whether a client may subscribe a filter. Absent: it may subscribe any. */
  maySubscribe?(peer: MqttPeer, filter: string): boolean;
  /** CONNACK was sent to an admitted client: from now on it receives messages. */
  connected?(peer: MqttPeer): void;
  /** A client has subscribed a filter with the granted QoS. A continued session reports all its subscriptions again. */
  subscribed?(peer: MqttPeer, filter: string, qos: Qos): void;
  unsubscribed?(peer: MqttPeer, filter: string): void;
  /** Follows each accepted `connecting`, after the last message of that client and its will. */
  disconnected(peer: MqttPeer): void;
  /** The source has failed and cannot go on. */
  failed(error: unknown): void;
}

/** A broker, embedded or elsewhere, as the WAMP side uses it. Publications do not come back as messages. */
export interface MqttSource extends AsyncDisposable {
  /** Its address, for people: `127.0.0.1:1883`. */
  readonly address: string;
  /** Whether publications reach it now. An embedded broker is always connected. */
  readonly isConnected: boolean;
  /** Publishes to all subscribers, in order. Never throws: a publication that cannot be sent is dropped and counted. */
  publish(publication: MqttPublication): void;
  /** Publishes to one client, whatever it has subscribed. Returns false if it is not connected any more. */
  publishTo(peer: MqttPeer, publication: MqttPublication): boolean;
  /** The retained messages that a filter matches. */
  retained(filter: string): Promise<readonly MqttPublication[]>;
}
