/** What the runner asks of the router's process. */
export type HostRequest = 'usage' | 'collect' | 'stop';

/** Where the router listens, said once it does. */
export interface HostReady {
  readonly kind: 'ready';
  readonly webPort: number;
  readonly rawPort: number;
}

/** What the router's process has used so far; the answer to `usage`, and after a garbage collection to `collect`. */
export interface HostUsage {
  readonly kind: 'usage';
  /** User and system time, in microseconds. */
  readonly cpu: number;
  /** Resident set, in bytes. */
  readonly rss: number;
  /** What JavaScript holds, buffers included, in bytes. */
  readonly heap: number;
  readonly sessions: number;
}

export type HostReply = HostReady | HostUsage;
