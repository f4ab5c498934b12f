import type { StoreStatus } from '../../store/contract/store-status.ts';
import type { BridgeState } from '../hosting/bridge-host.ts';

/** The gateway's health, as `/healthz` tells it to anybody: nothing in it is secret. */
export interface GatewayStatus {
  /** `degraded`: a bridge that should run does not, or the store does not take what it should. */
  readonly status: 'starting' | 'ok' | 'degraded' | 'stopping';
  readonly version: string;
  /** Seconds since the start. */
  readonly uptime: number;
  readonly sessions: number;
  /** Requests and events that permissions have refused since the start, on all realms. */
  readonly refused: number;
  /** Connections, logins and HTTP requests refused since the start, if any: `{ "WebSocket refused: 403": 12 }`. */
  readonly refusals?: Readonly<Record<string, number>>;
  readonly bridges: Readonly<Record<string, { readonly state: BridgeState; readonly restarts: number }>>;
  /** How the data folder is, and what was written into it since the start; absent where there is none. */
  readonly store?: Omit<StoreStatus, 'reason'>;
}
