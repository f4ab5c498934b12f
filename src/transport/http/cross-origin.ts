import type { ServerResponse } from 'node:http';

/** Seconds that a browser need not ask again. */
const MAX_AGE = 600;

/** Lets a page read the answer, whose origin has been found allowed; programs have none. */
export function allowOrigin(response: ServerResponse, origin: string | undefined): void {
  if (origin === undefined) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Credentials', 'true');
  response.setHeader('Vary', 'Origin');
}

/** Answers a browser that asks whether the page may POST at all. */
export function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': 'Content-Type',
    'Access-Control-Max-Age': MAX_AGE,
  });
  response.end();
}
