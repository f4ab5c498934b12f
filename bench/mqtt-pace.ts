import type { LatencyFigures } from './latencies.ts';
import type { Endpoint } from './measured-router.ts';
import type { Qos } from './mqtt-load.ts';

/** The request to the process that publishes at a steady rate. */
export interface MqttPace {
  readonly port: number;
  readonly endpoint: Endpoint;
  readonly from: 'MQTT' | 'WAMP';
  readonly to: 'MQTT' | 'WAMP';
  readonly qos: Qos;
  readonly publishers: number;
  /** Messages per second of all publishers together. */
  readonly rate: number;
  readonly seconds: number;
  /** Another subscriber, which does not read. */
  readonly stalled?: 'MQTT' | 'WebSocket';
}

export interface Paced {
  readonly latency: LatencyFigures;
  readonly sent: number;
  readonly received: number;
}
