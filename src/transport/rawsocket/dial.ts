import { createConnection, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Link } from '../../link/link.ts';
import { WireLink } from '../../link/wire-link.ts';
import type { DialTerms } from '../dial.ts';
import { DialError } from '../endpoint/dial-error.ts';
import { peerAddress } from '../endpoint/peer-address.ts';
import { tlsPeer } from '../endpoint/tls-peer.ts';
import { RawSocketChannel } from './channel.ts';
import { encodeHandshake, HANDSHAKE_BYTES, lengthCode, lengthLimit, readReply } from './handshake.ts';

/** Where a RawSocket router listens. */
export type RawSocketTarget =
  | { readonly host: string; readonly port: number; readonly secure: boolean }
  | { readonly unixPath: string };

/** The client's side of RawSocket. [advanced/transport_rawsocket] */
export async function dialRawSocket(target: RawSocketTarget, terms: DialTerms): Promise<Link> {
  const socket = open(target, terms);
  // Errors end the handshake, or later the channel; one that falls between must not end the process.
  socket.on('error', () => {});
  const giveUp = (): void => {
    socket.destroy();
  };
  terms.signal.addEventListener('abort', giveUp, { once: true });
  try {
    const length = lengthCode(terms.maxMessageSize);
    const { peerLimit, rest } = await shakeHands(socket, length, terms);
    terms.signal.throwIfAborted();
    return makeLink(socket, target, terms, { ownLimit: lengthLimit(length), peerLimit, rest });
  } catch (error) {
    socket.destroy();
    terms.signal.throwIfAborted();
    throw error;
  } finally {
    terms.signal.removeEventListener('abort', giveUp);
  }
}

function open(target: RawSocketTarget, terms: DialTerms): Socket {
  if ('unixPath' in target) return createConnection({ path: target.unixPath });
  const { host, port, secure } = target;
  const socket = secure
    ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...terms.tls })
    : createConnection({ host, port });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
  return socket;
}

interface Handshake {
  readonly peerLimit: number;
  /** What the router sent behind its reply. */
  readonly rest: Uint8Array;
}

function shakeHands(socket: Socket, length: number, { url, codec }: DialTerms): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let reply: Uint8Array = new Uint8Array(0);
    // A request that is written before the connection stands waits for it.
    socket.write(encodeHandshake(length, codec.rawSocketId));
    const settle = (): void => {
      socket.off('data', arrived);
      socket.off('error', reject);
      socket.off('close', closed);
    };
    const arrived = (chunk: Uint8Array): void => {
      reply = Buffer.concat([reply, chunk]);
      if (reply.length < HANDSHAKE_BYTES) return;
      settle();
      // Until the link listens, which is a promise away.
      socket.pause();
      const result = readReply(reply, codec.rawSocketId);
      if ('refused' in result) reject(new DialError(url, result.refused));
      else resolve({ peerLimit: result.limit, rest: reply.subarray(HANDSHAKE_BYTES) });
    };
    const closed = (): void => reject(new DialError(url, 'the connection was closed during the handshake'));
    socket.on('data', arrived);
    socket.on('error', reject);
    socket.on('close', closed);
  });
}

function makeLink(
  socket: Socket,
  target: RawSocketTarget,
  terms: DialTerms,
  { ownLimit, peerLimit, rest }: Handshake & { readonly ownLimit: number },
): Link {
  const { codec, log, clock, heartbeat, maxQueuedBytes, closeGrace } = terms;
  const channel = new RawSocketChannel({ socket, ownLimit, peerLimit, heartbeat, clock });
  const link = new WireLink({
    info: {
      transport: 'rawsocket',
      serializer: codec.name,
      ...peerAddress(socket, 'unixPath' in target ? target.unixPath : undefined),
      listener: 'dialled',
      tls: 'secure' in target && target.secure,
      ...tlsPeer(socket, false),
    },
    codec,
    channel,
    log,
    clock,
    outgoing: { maxBytes: maxQueuedBytes },
    closeGrace,
  });
  if (rest.length > 0) channel.feed(rest);
  socket.resume();
  return link;
}
