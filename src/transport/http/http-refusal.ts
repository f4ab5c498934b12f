import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** Answers a request that is not to become a WebSocket, and closes. The text is for people. */
export function refuseUpgrade(socket: Socket, status: number, text: string, headers: readonly string[] = []): void {
  const body = `${text}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  socket.resume();
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
