import type { Usage } from './measured-router.ts';

/** A request of the runner to the process of the router. */
export type HostRequest = 'usage' | 'collect' | 'stop';

/** The addresses of the router, sent once it listens. */
export interface HostReady {
  readonly kind: 'ready';
  readonly webPort: number;
  readonly rawPort: number;
}

/** The answer to `usage` and, after a garbage collection, to `collect`. */
export interface HostUsage extends Usage {
  readonly kind: 'usage';
  readonly sessions: number;
}

export type HostReply = HostReady | HostUsage;
