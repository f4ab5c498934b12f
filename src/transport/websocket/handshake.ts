import { createHash } from 'node:crypto';

const VERSION = '13';

/** Appended to the key before hashing. [RFC6455-1.3] */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Base64 of sixteen bytes. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** The `Sec-WebSocket-Accept` value for a key. [RFC6455-4.2.2] */
export function acceptOf(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/** A refusal: the HTTP status, a text, and further header lines. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly text: string;
  readonly headers?: readonly string[];
}

/** Why a request to upgrade is not valid, or undefined. [RFC6455-4.2.1] */
export function refusalOfHandshake(
  method: string | undefined,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): UpgradeRefusal | undefined {
  if (method !== 'GET') return { status: 405, text: 'A WebSocket request has to use GET', headers: ['Allow: GET'] };
  if (headers['sec-websocket-version'] !== VERSION) {
    const text = `The only supported WebSocket version is ${VERSION}`;
    return { status: 426, text, headers: [`Sec-WebSocket-Version: ${VERSION}`, 'Upgrade: websocket'] };
  }
  const key = headers['sec-websocket-key'];
  if (typeof key !== 'string' || !KEY.test(key)) {
    return { status: 400, text: 'Sec-WebSocket-Key is missing or is not 16 bytes in Base64' };
  }
  return undefined;
}

/** The answer that completes the upgrade, without extensions. `setCookie`: a header value for the browser. */
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
