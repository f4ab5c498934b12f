import { createConnection, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Link } from '../../link/link.ts';
import { DialError } from '../endpoint/dial-error.ts';
import type { ResolvedDialOptions } from '../endpoint/dial-options.ts';
import { dialedLink } from '../endpoint/dialed-link.ts';
import { peerAddress, tlsPeer } from '../endpoint/peer-address.ts';
import { RawSocketChannel } from './channel.ts';
import { encodeHandshake, HANDSHAKE_BYTES, lengthCode, lengthLimit, readReply } from './handshake.ts';

/** The address of a RawSocket router. */
export type RawSocketTarget =
  | { readonly host: string; readonly port: number; readonly secure: boolean }
  | { readonly unixPath: string };

/** Connects to a RawSocket router. [advanced/transport_rawsocket] */
export async function dialRawSocket(target: RawSocketTarget, options: ResolvedDialOptions): Promise<Link> {
  const socket = open(target, options);
  // Errors end the handshake, or later the channel. An error in between must not end the process.
  socket.on('error', () => {});
  const giveUp = (): void => {
    socket.destroy();
  };
  options.signal.addEventListener('abort', giveUp, { once: true });
  try {
    const length = lengthCode(options.maxMessageSize);
    const { peerLimit, rest } = await handshake(socket, length, options);
    options.signal.throwIfAborted();
    return makeLink(socket, target, options, { ownLimit: lengthLimit(length), peerLimit, rest });
  } catch (error) {
    socket.destroy();
    options.signal.throwIfAborted();
    throw error;
  } finally {
    options.signal.removeEventListener('abort', giveUp);
  }
}

function open(target: RawSocketTarget, options: ResolvedDialOptions): Socket {
  if ('unixPath' in target) return createConnection({ path: target.unixPath });
  const { host, port, secure } = target;
  const socket = secure
    ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...options.tls })
    : createConnection({ host, port });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
  return socket;
}

interface Handshake {
  readonly peerLimit: number;
  /** Bytes that the router sent after its reply. */
  readonly rest: Uint8Array;
}

function handshake(socket: Socket, length: number, { url, codec }: ResolvedDialOptions): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let reply: Uint8Array = new Uint8Array(0);
    // Node sends this when the connection is established.
    socket.write(encodeHandshake(length, codec.rawSocketId));
    const removeListeners = (): void => {
      socket.off('data', arrived);
      socket.off('error', reject);
      socket.off('close', closed);
    };
    const arrived = (chunk: Uint8Array): void => {
      reply = Buffer.concat([reply, chunk]);
      if (reply.length < HANDSHAKE_BYTES) return;
      removeListeners();
      // Until the link reads, which is after a promise resolves.
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
  options: ResolvedDialOptions,
  { ownLimit, peerLimit, rest }: Handshake & { readonly ownLimit: number },
): Link {
  const { clock, heartbeat } = options;
  const channel = new RawSocketChannel({ socket, ownLimit, peerLimit, heartbeat, clock });
  const unixPath = 'unixPath' in target ? target.unixPath : undefined;
  const tls = 'secure' in target && target.secure;
  const peer = { transport: 'rawsocket', ...peerAddress(socket, unixPath), tls, ...tlsPeer(socket, false) } as const;
  const link = dialedLink(options, peer, channel);
  if (rest.length > 0) channel.feed(rest);
  socket.resume();
  return link;
}
