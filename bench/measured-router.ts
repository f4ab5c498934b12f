export type TransportName = 'ws' | 'raw';

/** What is listened for: the transports of WAMP, and MQTT, which the bridges speak. */
export type Entrance = TransportName | 'mqtt';

/** Where a router listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Of the WebSocket. */
  readonly path: string;
}

/** What a router's process has used so far. */
export interface Usage {
  /** User and system time, in microseconds; NaN where nobody knows. */
  readonly cpu: number;
  /** Resident set, in bytes. */
  readonly rss: number;
  /** What JavaScript holds, buffers included, in bytes; NaN where it is another language's. */
  readonly heap: number;
}

/** A router that is being measured, ours or another. */
export interface MeasuredRouter {
  readonly realm: string;
  speaks(entrance: Entrance): boolean;
  /** Throws where nobody listens for that. */
  endpoint(entrance: Entrance): Endpoint;
  usage(): Promise<Usage>;
  /** As `usage`, after a garbage collection where that can be asked for. */
  collect(): Promise<Usage>;
  stop(): Promise<void>;
}

/** A router that can be measured: each scenario starts one of its own. */
export interface Candidate {
  readonly name: string;
  /** Whether it is this project's, of whatever revision. */
  readonly own: boolean;
  start(): Promise<MeasuredRouter>;
}
