import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { hostAndPort, isLoopback, plainAddress } from '../../base/network/address.ts';
import type { ChannelBinding, LinkInfo, PeerCertificate } from '../../link/link.ts';

/** The address of the peer of a socket. */
export interface PeerAddress {
  /** For logs and texts: `127.0.0.1:40312`, `[fe80::1]:40312`, `unix:/run/wampway.sock`. */
  readonly peer: string;
  /** The IP address alone. Absent if the peer has none, or if it is not known. */
  readonly address?: string;
  /** Whether the peer is certainly on this machine. */
  readonly loopback: boolean;
  /**
   * Why the address is not known, and which setting changes that. For the text of refusals that depend on the address.
   */
  readonly addressHint?: string;
}

/**
 * The address of the peer of a connected socket. `unixPath`: the path of a Unix socket, whose peers have no address.
 */
export function peerAddress(socket: Socket, unixPath?: string): PeerAddress {
  if (unixPath !== undefined) return { peer: `unix:${unixPath}`, loopback: true };
  const { remoteAddress, remotePort } = socket;
  // The socket is closed, and its address is not known any more. The peer gets no right that depends on the address.
  if (remoteAddress === undefined) return { peer: 'unknown', loopback: false };
  const address = plainAddress(remoteAddress);
  return { peer: hostAndPort(address, remotePort ?? 0), address, loopback: isLoopback(remoteAddress) };
}

/** The TLS properties of a socket's peer. Empty without TLS. `server`: whether this side is the server. */
export function tlsPeer(socket: Socket, server: boolean): Pick<LinkInfo, 'certificate' | 'channelBinding'> {
  if (!(socket instanceof TLSSocket)) return {};
  const certificate = server ? shownCertificate(socket) : undefined;
  return {
    ...(certificate !== undefined && { certificate }),
    channelBinding: type => channelData(socket, type, server),
  };
}

/** The certificate of a client, if the server requested one and the client sent it. */
export function shownCertificate(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    // The subject has one line for each part, the most general first.
    subject: certificate.subject.split('\n').reverse().join(','),
    trusted: socket.authorized,
  };
}

function channelData(socket: TLSSocket, type: ChannelBinding, server: boolean): Uint8Array | undefined {
  if (socket.destroyed) return undefined;
  const version = socket.getProtocol();
  if (type === 'tls-exporter') {
    // TLS 1.2 would need an extended master secret, which Node does not report. [RFC9266: 4.2]
    return version === 'TLSv1.3'
      ? socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
      : undefined;
  }
  // The first Finished message, which is the client's unless the session was resumed. In TLS 1.3 it is not unique.
  // [RFC5929: 3], [RFC7627]
  if (version !== 'TLSv1.2' || socket.isSessionReused()) return undefined;
  return server ? socket.getPeerFinished() : socket.getFinished();
}
