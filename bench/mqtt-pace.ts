import type { LatencyFigures } from './latencies.ts';
import type { Endpoint } from './measured-router.ts';
import type { Qos } from './mqtt-load.ts';

/** What the process that publishes steadily is asked to do. */
export interface MqttPace {
  readonly port: number;
  readonly endpoint: Endpoint;
  readonly from: 'MQTT' | 'WAMP';
  readonly to: 'MQTT' | 'WAMP';
  readonly qos: Qos;
  readonly publishers: number;
  /** Messages a second of all of them together. */
  readonly rate: number;
  readonly seconds: number;
  /** Who else has subscribed, and reads nothing. */
  readonly stalled?: 'MQTT' | 'WebSocket';
}

export interface Paced {
  readonly latency: LatencyFigures;
  readonly sent: number;
  readonly received: number;
}
