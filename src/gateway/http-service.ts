import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayStatus } from './gateway-status.ts';

export interface HttpServiceOptions {
  /** Answers `/healthz`. */
  readonly status: () => GatewayStatus;
  /** Serves the page's files; undefined where they were not built. */
  readonly page: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
}

/** What the web listener answers to plain HTTP: `/healthz`, and the page. */
export function httpService(options: HttpServiceOptions): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0];
    if (path === '/healthz') {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        answer(response, 405, 'text/plain', 'GET or HEAD\n', { Allow: 'GET, HEAD' });
        return;
      }
      const status = options.status();
      answer(response, status.status === 'stopping' ? 503 : 200, 'application/json', `${JSON.stringify(status)}\n`);
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
