import type { ServerResponse } from 'node:http';

/** Answers with a text for people, or what else `type` says. */
export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  const body = Buffer.from(`${text}\n`);
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(body);
}

/** Answers with a status alone. */
export function answerNothing(response: ServerResponse, status: 202 | 204): void {
  response.writeHead(status, status === 202 ? { 'Content-Length': 0 } : {});
  response.end();
}
