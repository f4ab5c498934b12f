import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Link } from '../link/link.ts';
import { WireLink } from '../link/wire-link.ts';
import { AnnouncingWebSocket, type ClientOptions } from './announcing-web-socket.ts';
import { BATCH_OVERHEAD } from './batch.ts';
import { BatchedChannel } from './batched-channel.ts';
import type { DialTerms } from './dial.ts';
import { DialError } from './dial-error.ts';
import { peerAddress } from './peer-address.ts';
import { subprotocolOf } from './subprotocol.ts';
import { WebSocketChannel } from './websocket-channel.ts';

/** What is shown of a server's text that says why it refuses, in characters. */
const MAX_REFUSAL = 300;

/** The client's side of WebSocket. */
export async function dialWebSocket(terms: DialTerms): Promise<Link> {
  const { url, codec, signal, clock, log, closeGrace } = terms;
  const settings: ClientOptions & { closeTimeout: number } = {
    perMessageDeflate: false,
    maxPayload: terms.maxMessageSize + (terms.batched ? BATCH_OVERHEAD : 0),
    autoPong: false,
    closeTimeout: closeGrace,
    ...terms.tls,
  };
  const batched = subprotocolOf(codec, true).name;
  const offered = terms.batched ? [batched, codec.subprotocol] : [codec.subprotocol];
  const webSocket = new AnnouncingWebSocket(url, offered, settings);
  const giveUp = (): void => webSocket.terminate();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const socket = await opened(webSocket, url);
    signal.throwIfAborted();
    const channel = new WebSocketChannel({
      webSocket,
      socket,
      binary: codec.binary,
      masked: true,
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
      },
      codec,
      channel: webSocket.protocol === batched ? new BatchedChannel(channel, codec.binary) : channel,
      log,
      clock,
      outgoing: { maxBytes: terms.maxQueuedBytes },
      closeGrace,
    });
    webSocket.resume();
    return link;
  } catch (error) {
    webSocket.terminate();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Resolves with the socket once the WebSocket is open; reading is paused then. */
function opened(webSocket: AnnouncingWebSocket, url: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let socket: Socket | undefined;
    webSocket.on('upgrade', response => {
      socket = response.socket;
    });
    webSocket.on('unexpected-response', (_request, response) => {
      refusal(response).then(why => reject(new DialError(url, why)), reject);
    });
    // Stays: an error after this is the channel's, but one that comes in between must not end the process.
    webSocket.on('error', reject);
    webSocket.on('open', () => {
      webSocket.pause();
      if (socket === undefined) reject(new DialError(url, 'the connection has no socket'));
      else resolve(socket);
    });
  });
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
