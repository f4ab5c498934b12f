import { createHash } from 'node:crypto';

const VERSION = '13';

/** What turns a key into the proof that it was understood. [RFC6455-1.3] */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Base64 of sixteen bytes. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** What a server answers a key with, and a client expects. [RFC6455-4.2.2] */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/** A refusal: status, text, and what else the peer has to know. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly text: string;
  readonly headers?: readonly string[];
}

/** What is wrong with a request to upgrade; undefined where nothing is. [RFC6455-4.2.1] */
export function judgeUpgrade(
  method: string | undefined,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): UpgradeRefusal | undefined {
  if (method !== 'GET') return { status: 405, text: 'A WebSocket is asked for with GET', headers: ['Allow: GET'] };
  if (headers['sec-websocket-version'] !== VERSION) {
    const text = `The only version of WebSocket here is ${VERSION}`;
    return { status: 426, text, headers: [`Sec-WebSocket-Version: ${VERSION}`, 'Upgrade: websocket'] };
  }
  const key = headers['sec-websocket-key'];
  if (typeof key !== 'string' || !KEY.test(key)) {
    return { status: 400, text: 'Sec-WebSocket-Key is missing, or not 16 bytes in Base64' };
  }
  return undefined;
}

/** The answer that makes a WebSocket of the connection, and gives it a cookie. No extension is agreed on. */
export function upgradeAnswer(key: string, subprotocol: string, setCookie?: string): string {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    `Sec-WebSocket-Protocol: ${subprotocol}`,
    ...(setCookie === undefined ? [] : [`Set-Cookie: ${setCookie}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
