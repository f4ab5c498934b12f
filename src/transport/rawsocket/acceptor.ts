import { networkOfPeer } from '../../base/network/network-of.ts';
import type { Codec } from '../../codec/message/codec.ts';
import type { Link } from '../../link/link.ts';
import { peerAddress, tlsPeer } from '../endpoint/peer-address.ts';
import { type AcceptedPeer, type AcceptorTerms, acceptedLink } from '../server/accepted-link.ts';
import type { PendingConnection } from '../server/pending-connection.ts';
import { servingOf } from '../server/serving.ts';
import { RawSocketChannel } from './channel.ts';
import {
  encodeHandshake,
  encodeRefusal,
  HANDSHAKE_BYTES,
  handshakeErrorText,
  judgeHandshake,
  lengthCode,
  lengthLimit,
  MAGIC,
} from './handshake.ts';

export interface RawSocketAcceptorOptions extends AcceptorTerms {
  /** A peer that takes messages of less than this many bytes is refused. Default 512, so nobody is. */
  readonly minPeerMessageSize?: number;
  readonly unixPath?: string;
}

/** Shakes hands with RawSocket clients and makes links of them. [advanced/transport_rawsocket] */
export class RawSocketAcceptor {
  readonly #options: RawSocketAcceptorOptions;
  readonly #accept: (link: Link) => void;
  readonly #length: number;

  constructor(options: RawSocketAcceptorOptions, accept: (link: Link) => void) {
    this.#options = options;
    this.#accept = accept;
    this.#length = lengthCode(options.limits.maxMessageSize);
  }

  /** Takes over a connection, with what has been read of it. */
  visit(visitor: PendingConnection, first: Uint8Array): void {
    const { socket } = visitor;
    let request = first;
    const settled = (): boolean => {
      // Another protocol: told at the first octet, and nothing is said to it that it could not understand.
      if (request.length > 0 && request[0] !== MAGIC) socket.destroy();
      else if (request.length >= HANDSHAKE_BYTES) this.#answer(visitor, request);
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

  #answer(visitor: PendingConnection, request: Uint8Array): void {
    const { codecs, minPeerMessageSize = 0, sessions, log, name, unixPath, refusals } = this.#options;
    const { socket } = visitor;
    const full = visitor.surplus || !sessions.makeRoom();
    const result = judgeHandshake(request, { codecs, minPeerLimit: minPeerMessageSize, full });
    if (result.error !== undefined) {
      const from = peerAddress(socket, unixPath);
      const refused = handshakeErrorText(result.error);
      const fields = { peer: from.peer, listener: name, refused };
      const text = 'RawSocket handshake refused';
      refusals.refused({ log, text, reason: refused, from: networkOfPeer(from), fields });
      // Read on, so that the reply is not lost with what the peer has sent already; the deadline still stands.
      socket.resume();
      socket.end(encodeRefusal(result.error));
      return;
    }
    socket.write(encodeHandshake(this.#length, result.codec.rawSocketId));
    this.#welcome(visitor, result.codec, result.peerLimit, request.subarray(HANDSHAKE_BYTES));
  }

  #welcome(visitor: PendingConnection, codec: Codec, peerLimit: number, rest: Uint8Array): void {
    const { limits, sessions, clock, unixPath } = this.#options;
    const { socket, tls } = visitor;
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
    const serving = servingOf(visitor, sessions);
    const link = acceptedLink(this.#options, peer, codec, channel, serving);
    visitor.admit();
    this.#accept(link);
    if (rest.length > 0) channel.feed(rest);
  }
}
