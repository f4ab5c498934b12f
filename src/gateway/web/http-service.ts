import type { IncomingMessage, ServerResponse } from 'node:http';
import { pathOf } from '../../transport/http/incoming.ts';
import { answerText } from '../../transport/http/responses.ts';
import type { GatewayStatus } from './gateway-status.ts';

/** The state of the gateway changes from one request to the next. */
const UNCACHED = { 'Cache-Control': 'no-store' };

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpServiceOptions {
  /** Answers `/healthz`. */
  readonly status: () => GatewayStatus;
  /** Serves the page's files; undefined where they were not built. */
  readonly page: Handler | undefined;
  /** Serves the operator's own folders, by the first part of the path. */
  readonly folders: ReadonlyMap<string, Handler>;
}

/** What the web listener answers to plain HTTP: `/healthz`, the operator's folders, and the page. */
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
      // A page's relative links need the slash. Relative, as a proxy may have cut off a prefix. [RFC9110-10.2.2]
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
      'wampway: the page is not here. It is switched off, or was not built (npm run build).',
      UNCACHED,
    );
  };
}
