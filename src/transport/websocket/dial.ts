import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Link } from '../../link/link.ts';
import { WireLink } from '../../link/wire-link.ts';
import { BATCH_OVERHEAD } from '../channel/batch.ts';
import { BatchedChannel } from '../channel/batched-channel.ts';
import type { DialTerms } from '../dial.ts';
import { DialError } from '../endpoint/dial-error.ts';
import { peerAddress } from '../endpoint/peer-address.ts';
import { subprotocolOf } from '../endpoint/subprotocol.ts';
import { tlsPeer } from '../endpoint/tls-peer.ts';
import { WebSocketChannel } from './channel.ts';
import { acceptOf } from './handshake.ts';

/** What is shown of a server's text that says why it refuses, in characters. */
const MAX_REFUSAL = 300;

interface Upgraded {
  readonly socket: Socket;
  readonly subprotocol: string | undefined;
  /** What came in one piece with the server's answer. */
  readonly head: Buffer;
}

/** The client's side of WebSocket. */
export async function dialWebSocket(terms: DialTerms): Promise<Link> {
  const { url, codec, signal, clock, log, closeGrace } = terms;
  const batched = subprotocolOf(codec, true).name;
  const offered = terms.batched ? [batched, codec.subprotocol] : [codec.subprotocol];
  const { socket, subprotocol, head } = await upgraded(terms, offered);
  try {
    signal.throwIfAborted();
    const isBatched = subprotocol === batched;
    const channel = new WebSocketChannel({
      socket,
      binary: codec.binary,
      client: true,
      maxMessage: terms.maxMessageSize + (isBatched ? BATCH_OVERHEAD : 0),
      heartbeat: terms.heartbeat,
      closeGrace,
      clock,
    });
    const link = new WireLink({
      info: {
        transport: 'websocket',
        serializer: codec.name,
        ...peerAddress(socket),
        listener: 'dialled',
        tls: url.startsWith('wss:'),
        ...tlsPeer(socket, false),
      },
      codec,
      channel: isBatched ? new BatchedChannel(channel, codec.binary, clock) : channel,
      log,
      clock,
      outgoing: { maxBytes: terms.maxQueuedBytes },
      closeGrace,
    });
    if (head.length > 0) channel.feed(head);
    return link;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Asks for the upgrade, and judges the answer. [RFC6455-4.1] */
function upgraded({ url, signal, tls }: DialTerms, offered: readonly string[]): Promise<Upgraded> {
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
    // Of its own: no connection is kept for others.
    const options = { headers, agent: false as const };
    const request = secure ? requestHttps(target, { ...options, ...tls }) : requestHttp(target, options);
    const giveUp = (): void => void request.destroy(signal.reason instanceof Error ? signal.reason : undefined);
    signal.addEventListener('abort', giveUp, { once: true });
    request.once('close', () => signal.removeEventListener('abort', giveUp));
    request.on('socket', socket => {
      socket.setNoDelay(true);
      // Stays: an error in between must not end the process; `close` follows where there is a link by then.
      socket.on('error', () => {});
    });
    request.on('error', reject);
    request.on('response', response => {
      refusal(response)
        .then(why => reject(new DialError(url, why)), reject)
        .finally(() => request.destroy());
    });
    request.on('upgrade', (response, socket, head) => {
      const wrong = wrongAnswer(response, key, offered);
      if (wrong === undefined) {
        resolve({ socket, subprotocol: response.headers['sec-websocket-protocol'], head });
        return;
      }
      socket.destroy();
      reject(new DialError(url, `the server's answer to the upgrade is wrong: ${wrong}`));
    });
    request.end();
  });
}

function wrongAnswer({ headers }: IncomingMessage, key: string, offered: readonly string[]): string | undefined {
  if (headers.upgrade?.toLowerCase() !== 'websocket') return 'it is no upgrade to WebSocket';
  if (headers['sec-websocket-accept'] !== acceptOf(key)) return 'Sec-WebSocket-Accept does not fit';
  if (headers['sec-websocket-extensions'] !== undefined) return 'an extension that was not offered';
  const subprotocol = headers['sec-websocket-protocol'];
  if (subprotocol === undefined) return 'it speaks none of the subprotocols that were offered';
  return offered.includes(subprotocol) ? undefined : `subprotocol ${subprotocol} was not offered`;
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
