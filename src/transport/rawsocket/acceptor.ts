import { networkOfPeer } from '../../base/network/network-of.ts';
import type { Codec } from '../../codec/message/codec.ts';
import type { Link } from '../../link/link.ts';
import { peerAddress, tlsPeer } from '../endpoint/peer-address.ts';
import {
  type AcceptedPeer,
  type AcceptorDependencies,
  acceptedLink,
  reserveLinkSlot,
} from '../server/accepted-link.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { RawSocketChannel } from './channel.ts';
import {
  checkHandshake,
  encodeHandshake,
  encodeRefusal,
  HANDSHAKE_BYTES,
  handshakeErrorText,
  lengthCode,
  lengthLimit,
  MAGIC,
} from './handshake.ts';

export interface RawSocketAcceptorOptions extends AcceptorDependencies {
  /** Refuses a peer that accepts only messages of fewer bytes than this. Default: no peer is refused. */
  readonly minPeerMessageSize?: number;
  readonly unixPath?: string;
}

/** Answers the handshake of RawSocket clients and makes a link for each. [advanced/transport_rawsocket] */
export class RawSocketAcceptor {
  readonly #options: RawSocketAcceptorOptions;
  readonly #accept: (link: Link) => void;
  readonly #length: number;

  constructor(options: RawSocketAcceptorOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.#accept = accept;
    this.#length = lengthCode(options.limits.maxMessageSize);
  }

  /** Reads the handshake of a connection. `first`: the bytes that have been read from it. */
  handle(connection: PendingConnection, first: Uint8Array): void {
    const { socket } = connection;
    let request = first;
    const settled = (): boolean => {
      // The wrong magic octet: not RawSocket. Close without an error reply, which the peer could not parse.
      if (request.length > 0 && request[0] !== MAGIC) socket.destroy();
      else if (request.length >= HANDSHAKE_BYTES) this.#answer(connection, request);
      else return false;
      return true;
    };
    if (settled()) return;
    const more = (chunk: Uint8Array): void => {
      request = Buffer.concat([request, chunk]);
      if (settled()) socket.off('data', more);
    };
    socket.on('data', more);
  }

  #answer(connection: PendingConnection, request: Uint8Array): void {
    const { codecs, minPeerMessageSize = 0, linkSlots, log, name, unixPath, refusals } = this.#options;
    const { socket } = connection;
    const full = connection.surplus || !linkSlots.ensureFree();
    const result = checkHandshake(request, { codecs, minPeerLimit: minPeerMessageSize, full });
    if (result.error !== undefined) {
      const from = peerAddress(socket, unixPath);
      const refused = handshakeErrorText(result.error);
      const fields = { peer: from.peer, listener: name, refused };
      const text = 'RawSocket handshake refused';
      refusals.refused({ log, text, reason: refused, from: networkOfPeer(from), fields });
      // Keep reading: closing with unread data would reset the connection and lose the reply. The deadline still runs.
      socket.resume();
      socket.end(encodeRefusal(result.error));
      return;
    }
    socket.write(encodeHandshake(this.#length, result.codec.rawSocketId));
    this.#open(connection, result.codec, result.peerLimit, request.subarray(HANDSHAKE_BYTES));
  }

  #open(connection: PendingConnection, codec: Codec, peerLimit: number, rest: Uint8Array): void {
    const { limits, linkSlots, clock, unixPath } = this.#options;
    const { socket, tls } = connection;
    const channel = new RawSocketChannel({
      socket,
      ownLimit: lengthLimit(this.#length),
      peerLimit,
      heartbeat: limits.heartbeat,
      pings: limits.rawSocketPings,
      clock,
    });
    const peer: AcceptedPeer = {
      ...{ transport: 'rawsocket', tls },
      ...peerAddress(socket, unixPath),
      ...tlsPeer(socket, true),
    };
    const onSession = reserveLinkSlot(connection, linkSlots);
    const link = acceptedLink(this.#options, peer, codec, channel, onSession);
    connection.admit();
    this.#accept(link);
    if (rest.length > 0) channel.feed(rest);
  }
}
