import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { hostAndPort, isLoopback, plainAddress } from '../../base/network/address.ts';
import type { ChannelBinding, LinkInfo, PeerCertificate } from '../../link/link.ts';

/** Where the far end of a socket is. */
export interface PeerAddress {
  /** For people: `127.0.0.1:40312`, `[fe80::1]:40312`, `unix:/run/wampway.sock`. */
  readonly peer: string;
  /** The IP address alone; absent if there is none, or if it is not known. */
  readonly address?: string;
  /** Whether it can only be on this machine. */
  readonly loopback: boolean;
  /** Why the address is not known, and which setting changes that: for refusals that depend on the address. */
  readonly addressHint?: string;
}

/** The far end of a connected socket; `unixPath` where it is a Unix socket, which has no address. */
export function peerAddress(socket: Socket, unixPath?: string): PeerAddress {
  if (unixPath !== undefined) return { peer: `unix:${unixPath}`, loopback: true };
  const { remoteAddress, remotePort } = socket;
  // Gone already: nothing is known of it, so nothing is granted to it.
  if (remoteAddress === undefined) return { peer: 'unknown', loopback: false };
  const address = plainAddress(remoteAddress);
  return { peer: hostAndPort(address, remotePort ?? 0), address, loopback: isLoopback(remoteAddress) };
}

/** What TLS knows of the far end of a socket; nothing where it is plain. `server`: which end this one is. */
export function tlsPeer(socket: Socket, server: boolean): Pick<LinkInfo, 'certificate' | 'channelBinding'> {
  if (!(socket instanceof TLSSocket)) return {};
  const certificate = server ? shownCertificate(socket) : undefined;
  return {
    ...(certificate !== undefined && { certificate }),
    channelBinding: type => channelData(socket, type, server),
  };
}

/** The certificate that a client has shown, where it was asked for one. */
export function shownCertificate(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    // A line each, the most general first.
    subject: certificate.subject.split('\n').reverse().join(','),
    trusted: socket.authorized,
  };
}

function channelData(socket: TLSSocket, type: ChannelBinding, server: boolean): Uint8Array | undefined {
  if (socket.destroyed) return undefined;
  const version = socket.getProtocol();
  if (type === 'tls-exporter') {
    // Of TLS 1.2 only with a master secret that is bound to the handshake, which Node does not tell. [RFC9266: 4.2]
    return version === 'TLSv1.3'
      ? socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
      : undefined;
  }
  // The first Finished message: the client's, where the session is no resumed one. TLS 1.3 has none that is unique.
  // [RFC5929: 3], [RFC7627]
  if (version !== 'TLSv1.2' || socket.isSessionReused()) return undefined;
  return server ? socket.getPeerFinished() : socket.getFinished();
}
