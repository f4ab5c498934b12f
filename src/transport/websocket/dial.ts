import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Link } from '../../link/link.ts';
import { BATCH_OVERHEAD } from '../channel/batch.ts';
import { BatchedChannel } from '../channel/batched-channel.ts';
import { DialError } from '../endpoint/dial-error.ts';
import type { ResolvedDialOptions } from '../endpoint/dial-options.ts';
import { dialedLink } from '../endpoint/dialed-link.ts';
import { peerAddress, tlsPeer } from '../endpoint/peer-address.ts';
import { subprotocolOf } from '../endpoint/subprotocol.ts';
import { WebSocketChannel } from './channel.ts';
import { acceptOf } from './handshake.ts';

/** Characters of a server's refusal that an error message quotes. */
const MAX_REFUSAL = 300;

interface Upgraded {
  readonly socket: Socket;
  readonly subprotocol: string | undefined;
  /** Bytes that arrived together with the server's answer. */
  readonly head: Buffer;
}

/** The client's side of WebSocket. */
export async function dialWebSocket(options: ResolvedDialOptions): Promise<Link> {
  const { url, codec, signal, clock } = options;
  const batched = subprotocolOf(codec, true).name;
  const offered = options.batched ? [batched, codec.subprotocol] : [codec.subprotocol];
  const { socket, subprotocol, head } = await upgraded(options, offered);
  try {
    signal.throwIfAborted();
    const isBatched = subprotocol === batched;
    const channel = new WebSocketChannel({
      socket,
      binary: codec.binary,
      client: true,
      maxMessage: options.maxMessageSize + (isBatched ? BATCH_OVERHEAD : 0),
      heartbeat: options.heartbeat,
      closeGrace: options.closeGrace,
      clock,
    });
    const link = dialedLink(
      options,
      { transport: 'websocket', ...peerAddress(socket), tls: url.startsWith('wss:'), ...tlsPeer(socket, false) },
      isBatched ? new BatchedChannel(channel, codec.binary, clock) : channel,
    );
    if (head.length > 0) channel.feed(head);
    return link;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Requests the upgrade and checks the answer. [RFC6455-4.1] */
function upgraded({ url, signal, tls }: ResolvedDialOptions, offered: readonly string[]): Promise<Upgraded> {
  const key = randomBytes(16).toString('base64');
  const secure = url.startsWith('wss:');
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': key,
    'Sec-WebSocket-Protocol': offered.join(','),
  };
  const target = url.replace(/^ws/, 'http');
  return new Promise((resolve, reject) => {
    // A connection of its own, which is not reused.
    const options = { headers, agent: false as const };
    const request = secure ? requestHttps(target, { ...options, ...tls }) : requestHttp(target, options);
    const giveUp = (): void => void request.destroy(signal.reason instanceof Error ? signal.reason : undefined);
    signal.addEventListener('abort', giveUp, { once: true });
    request.once('close', () => signal.removeEventListener('abort', giveUp));
    request.on('socket', socket => {
      socket.setNoDelay(true);
      // Never removed: an error before the link exists must not end the process. A link gets `close` as well.
      socket.on('error', () => {});
    });
    request.on('error', reject);
    request.on('response', response => {
      refusal(response)
        .then(why => reject(new DialError(url, why)), reject)
        .finally(() => request.destroy());
    });
    request.on('upgrade', (response, socket, head) => {
      const problem = problemOf(response, key, offered);
      if (problem === undefined) {
        resolve({ socket, subprotocol: response.headers['sec-websocket-protocol'], head });
        return;
      }
      socket.destroy();
      reject(new DialError(url, `the server's answer to the upgrade is not valid: ${problem}`));
    });
    request.end();
  });
}

function problemOf({ headers }: IncomingMessage, key: string, offered: readonly string[]): string | undefined {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'it does not upgrade to WebSocket';
  if (headers['sec-websocket-accept'] !== acceptOf(key)) return 'Sec-WebSocket-Accept does not match the key';
  if (headers['sec-websocket-extensions'] !== undefined) return 'it selects an extension that was not offered';
  const subprotocol = headers['sec-websocket-protocol'];
  if (subprotocol === undefined) return 'it selects none of the offered subprotocols';
  return offered.includes(subprotocol) ? undefined : `it selects subprotocol ${subprotocol}, which was not offered`;
}

async function refusal(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MAX_REFUSAL) break;
  }
  const status = `the server answered ${response.statusCode ?? 0} ${response.statusMessage ?? ''}`.trim();
  const detail = text.slice(0, MAX_REFUSAL).replace(/\s+/g, ' ').trim();
  return detail === '' ? status : `${status}: ${detail}`;
}
