import type { Usage } from './measured-router.ts';

/** What the runner asks of the router's process. */
export type HostRequest = 'usage' | 'collect' | 'stop';

/** Where the router listens, said once it does. */
export interface HostReady {
  readonly kind: 'ready';
  readonly webPort: number;
  readonly rawPort: number;
}

/** The answer to `usage`, and after a garbage collection to `collect`. */
export interface HostUsage extends Usage {
  readonly kind: 'usage';
  readonly sessions: number;
}

export type HostReply = HostReady | HostUsage;
