import type { Endpoint } from './measured-router.ts';

export const PUBLISHERS = 4;
/** The number of unacknowledged QoS 1 messages of a publisher. */
export const WINDOW = 64;
export const TOPIC = 'plant/line4/press2/temperature';
export const PAYLOAD =
  '{"value":21.53,"unit":"C","quality":"good","ts":"2026-01-01T12:00:00.000Z","seq":123456,"ok":true}';

export type Qos = 0 | 1;

/** The request to the load process. */
export interface MqttLoad {
  readonly port: number;
  readonly qos: Qos;
  readonly messages: number;
  /** The subscribers, over sockets: an MQTT client, a WAMP client at that address, or both. */
  readonly mqtt: boolean;
  readonly wamp?: Endpoint;
}
