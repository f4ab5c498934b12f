export type TransportName = 'ws' | 'raw';

/** The ways into a router: the transports of WAMP, and MQTT, which the bridge speaks. */
export type Entrance = TransportName | 'mqtt';

/** The address of a router. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** The path of the WebSocket. */
  readonly path: string;
}

/** The resources that the process of a router has used so far. */
export interface Usage {
  /** User and system time, in microseconds. NaN if it is not known. */
  readonly cpu: number;
  /** Resident set, in bytes. */
  readonly rss: number;
  /** The JavaScript heap with buffers, in bytes. NaN if the router is written in another language. */
  readonly heap: number;
}

/** A router under measurement, ours or another. */
export interface MeasuredRouter {
  readonly realm: string;
  speaks(entrance: Entrance): boolean;
  /** Throws if the router does not listen for that. */
  endpoint(entrance: Entrance): Endpoint;
  usage(): Promise<Usage>;
  /** Like `usage`, after a garbage collection if the router supports it. */
  collect(): Promise<Usage>;
  stop(): Promise<void>;
}

/** A router that can be measured. Each scenario starts its own. */
export interface Candidate {
  readonly name: string;
  /** Whether it is a revision of this project. */
  readonly own: boolean;
  start(): Promise<MeasuredRouter>;
}
