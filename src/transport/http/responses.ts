import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** Keeps browsers from guessing another type than `Content-Type`. */
const NO_SNIFFING = { 'X-Content-Type-Options': 'nosniff' };

const TEXT = 'text/plain; charset=utf-8';

/** Seconds for which a browser may cache the answer to a preflight request. */
const PREFLIGHT_MAX_AGE = 600;

/** Answers with `body`. `headers` have to contain its `Content-Type`. Node leaves the body out for HEAD. */
export function answer(
  response: ServerResponse,
  status: number,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { ...NO_SNIFFING, 'Content-Length': body.length, ...headers });
  response.end(body);
}

/** Answers with a text and a newline: plain text, unless `headers` contain another `Content-Type`. */
export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  answer(response, status, Buffer.from(`${text}\n`), { 'Content-Type': TEXT, ...headers });
}

/** Answers without a body. */
export function answerEmpty(
  response: ServerResponse,
  status: 202 | 204 | 304,
  headers: OutgoingHttpHeaders = {},
): void {
  const length = status === 202 ? { 'Content-Length': 0 } : {};
  response.writeHead(status, { ...NO_SNIFFING, ...length, ...headers });
  response.end();
}

/**
 * Lets a page of `origin` read the answer. The caller has checked that this origin is allowed. Programs send no origin.
 */
export function allowOrigin(response: ServerResponse, origin: string | undefined): void {
  if (origin === undefined) return;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Allow-Credentials', 'true');
  response.setHeader('Vary', 'Origin');
}

/** Answers the preflight request with which a browser asks whether a page may POST. */
export function answerPreflight(response: ServerResponse): void {
  answerEmpty(response, 204, {
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': 'Content-Type',
    'Access-Control-Max-Age': PREFLIGHT_MAX_AGE,
  });
}

/** Refuses a request to upgrade and closes the connection. Node gives such a request no `ServerResponse`. */
export function refuseUpgrade(socket: Socket, status: number, text: string, headers: readonly string[] = []): void {
  const body = `${text}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    `Content-Type: ${TEXT}`,
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  socket.resume();
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
