import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ChannelBinding, LinkInfo, PeerCertificate } from '../../link/link.ts';

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
