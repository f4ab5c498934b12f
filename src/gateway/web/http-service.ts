import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayStatus } from './gateway-status.ts';

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
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path === '/healthz') {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        answer(response, 405, 'text/plain', 'GET or HEAD\n', { Allow: 'GET, HEAD' });
        return;
      }
      const status = options.status();
      answer(response, status.status === 'stopping' ? 503 : 200, 'application/json', `${JSON.stringify(status)}\n`);
      return;
    }
    const [, name = '', rest] = path.split('/', 3);
    const folder = options.folders.get(name);
    if (folder !== undefined) {
      // A page's relative links need the slash. Relative, as a proxy may have cut off a prefix. [RFC9110-10.2.2]
      if (rest === undefined) answer(response, 301, 'text/plain', `${name}/\n`, { Location: `${name}/` });
      else folder(request, response);
      return;
    }
    if (options.page !== undefined) {
      options.page(request, response);
      return;
    }
    answer(
      response,
      404,
      'text/plain',
      'wampway: the page is not here. It is switched off, or was not built (npm run build).\n',
    );
  };
}

function answer(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}
