import type { Qos } from '../../source/mqtt-source.ts';

/** The packet types by number. [MQTT-2.2.1] */
export const PacketType = {
  Connect: 1,
  Connack: 2,
  Publish: 3,
  Puback: 4,
  Pubrec: 5,
  Pubrel: 6,
  Pubcomp: 7,
  Subscribe: 8,
  Suback: 9,
  Unsubscribe: 10,
  Unsuback: 11,
  Pingreq: 12,
  Pingresp: 13,
  Disconnect: 14,
} as const;

/** The message that is published for a client whose connection is lost. */
export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
}

export interface Connect {
  readonly type: typeof PacketType.Connect;
  /** 3 is MQTT 3.1, 4 is 3.1.1. The CONNECT of other levels has another layout, so its other fields are empty. */
  readonly level: number;
  /** Whether the client is the bridge of another broker, and says so in the protocol level. */
  readonly bridge: boolean;
  readonly clientId: string;
  readonly clean: boolean;
  /** Seconds. 0 disables keep-alive. */
  readonly keepAlive: number;
  readonly will: Will | undefined;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
}

export interface Publish {
  readonly type: typeof PacketType.Publish;
  readonly topic: string;
  /** A view of the chunk that was received. It has to be copied to be kept. */
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 at QoS 0. */
  readonly id: number;
}

export type AcknowledgementType =
  | typeof PacketType.Puback
  | typeof PacketType.Pubrec
  | typeof PacketType.Pubrel
  | typeof PacketType.Pubcomp;

export interface Acknowledgement {
  readonly type: AcknowledgementType;
  readonly id: number;
}

export interface Subscribe {
  readonly type: typeof PacketType.Subscribe;
  readonly id: number;
  readonly subscriptions: readonly { readonly filter: string; readonly qos: Qos }[];
  /** Number of filters above the limit, which are refused. */
  readonly surplus: number;
}

export interface Unsubscribe {
  readonly type: typeof PacketType.Unsubscribe;
  readonly id: number;
  readonly filters: readonly string[];
}

export interface Bare {
  readonly type: typeof PacketType.Pingreq | typeof PacketType.Disconnect;
}

/** The packets that a client may send. */
export type ClientPacket = Connect | Publish | Acknowledgement | Subscribe | Unsubscribe | Bare;

/** The client has violated the protocol: its connection is closed. [MQTT-4.8.0-1] */
export class MalformedPacket extends Error {
  override readonly name = 'MalformedPacket';
}
