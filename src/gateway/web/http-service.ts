import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StoreStatus } from '../../store/contract/store-status.ts';
import { pathOf } from '../../transport/http/incoming.ts';
import { answerText } from '../../transport/http/responses.ts';
import type { BridgeState } from '../hosting/bridge-host.ts';

/** The state of the gateway changes from one request to the next. */
const UNCACHED = { 'Cache-Control': 'no-store' };

/** The health of the gateway. `/healthz` sends it to any client, so it must not contain secrets. */
export interface GatewayStatus {
  /** `degraded`: an enabled bridge does not run, or the store does not accept writes. */
  readonly status: 'starting' | 'ok' | 'degraded' | 'stopping';
  readonly version: string;
  /** Seconds since the start. */
  readonly uptime: number;
  readonly sessions: number;
  /** Requests and events that permissions refused since the start, on all realms. */
  readonly refused: number;
  /** Connections, logins and HTTP requests refused since the start, if any: `{ "WebSocket refused: 403": 12 }`. */
  readonly refusals?: Readonly<Record<string, number>>;
  readonly bridges: Readonly<Record<string, { readonly state: BridgeState; readonly restarts: number }>>;
  /** State of the data folder and statistics since the start. Absent without a data folder. */
  readonly store?: Omit<StoreStatus, 'reason'>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpServiceOptions {
  /** Answers `/healthz`. */
  readonly status: () => GatewayStatus;
  /** Serves the page. Undefined if it was not built. */
  readonly page: Handler | undefined;
  /** Serves the operator's own folders, by the first part of the path. */
  readonly folders: ReadonlyMap<string, Handler>;
}

/** Answers plain HTTP requests of a web listener: `/healthz`, the operator's folders, and the page. */
export function httpService(options: HttpServiceOptions): Handler {
  return (request, response) => {
    const path = pathOf(request);
    if (path === '/healthz') {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        answerText(response, 405, 'GET or HEAD', { ...UNCACHED, Allow: 'GET, HEAD' });
        return;
      }
      const status = options.status();
      answerText(response, status.status === 'stopping' ? 503 : 200, JSON.stringify(status), {
        ...UNCACHED,
        'Content-Type': 'application/json; charset=utf-8',
      });
      return;
    }
    const [, name = '', rest] = path.split('/', 3);
    const folder = options.folders.get(name);
    if (folder !== undefined) {
      // Relative links of a page need the slash. The redirect is relative, because a proxy may have removed a prefix.
      // [RFC9110-10.2.2]
      if (rest === undefined) answerText(response, 301, `${name}/`, { ...UNCACHED, Location: `${name}/` });
      else folder(request, response);
      return;
    }
    if (options.page !== undefined) {
      options.page(request, response);
      return;
    }
    answerText(
      response,
      404,
      'wampway: there is no page. It is switched off, or was not built (npm run build).',
      UNCACHED,
    );
  };
}
