import type { Qos } from '../../source/mqtt-source.ts';

/** The QoS of a delivery: the minimum of the published and the granted one. [MQTT-3.8.4-6] */
export function lowerQos(one: Qos, other: Qos): Qos {
  return one < other ? one : other;
}
