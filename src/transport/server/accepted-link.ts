import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { ConnectionSlots } from '../../base/network/connection-slots.ts';
import type { RefusalSummary } from '../../base/refusal-summary.ts';
import type { Codec } from '../../codec/message/codec.ts';
import type { FrameChannel } from '../../link/frame-channel.ts';
import type { LinkInfo } from '../../link/link.ts';
import { WireLink } from '../../link/wire-link.ts';
import { MeteredChannel } from '../channel/metered-channel.ts';
import type { TransportLimits } from '../endpoint/limits.ts';
import type { PendingConnection } from './pending-connection.ts';

/** Options of every acceptor of one listener. */
export interface AcceptorOptions {
  /** The listener's name, for `LinkInfo` and the log. */
  readonly name: string;
  /** Whether the router enforces every rule of the protocol for its peers, a property of `LinkInfo`. Default false. */
  readonly strict?: boolean;
  readonly codecs: readonly Codec[];
  readonly limits: TransportLimits;
  readonly log: Logger;
  readonly clock: Clock;
  /** Counts and logs refusals, of all listeners together. Default: one of this listener alone. */
  readonly refusals?: RefusalSummary;
}

/** `AcceptorOptions` with the counters of the listener. */
export interface AcceptorDependencies extends AcceptorOptions {
  /** A slot for each link, against `limits.maxSessions`. */
  readonly linkSlots: ConnectionSlots;
  readonly refusals: RefusalSummary;
}

/** The properties of a peer after the handshake. */
export type AcceptedPeer = Pick<
  LinkInfo,
  | 'transport'
  | 'peer'
  | 'address'
  | 'loopback'
  | 'addressHint'
  | 'tls'
  | 'certificate'
  | 'channelBinding'
  | 'cookie'
  | 'headers'
>;

/** Makes the link of an accepted peer, with the limits of its listener. */
export function acceptedLink(
  options: AcceptorDependencies,
  peer: AcceptedPeer,
  codec: Codec,
  channel: FrameChannel,
  onSession: (open: boolean) => void,
): WireLink {
  const { name: listener, strict = false, limits, log, clock } = options;
  const { messageRate: messages, byteRate: bytes, helloTimeout, maxQueuedBytes, outgoing, closeGrace } = limits;
  const metered = messages !== undefined || bytes !== undefined;
  return new WireLink({
    info: {
      ...peer,
      serializer: codec.name,
      listener,
      ...(strict && { strict }),
      ...(helloTimeout !== undefined && { helloTimeout }),
    },
    codec,
    channel: metered ? new MeteredChannel(channel, { messages, bytes }, clock) : channel,
    log,
    clock,
    outgoing: { maxBytes: maxQueuedBytes, ...outgoing },
    closeGrace,
    onSession,
    refusals: options.refusals,
  });
}

/**
 * Reserves a link slot for a connection that has become a link. Returns a function that is called when a session opens
 * on the link or ends. While a session is open, neither the connection nor the link is evicted.
 */
export function reserveLinkSlot(connection: PendingConnection, linkSlots: ConnectionSlots): (open: boolean) => void {
  const { socket } = connection;
  const slot = linkSlots.reserve(() => socket.destroy());
  socket.once('close', () => slot.release());
  let isOpen = false;
  return open => {
    if (open === isOpen) return;
    isOpen = open;
    slot.setInUse(open);
    connection.addSession(open);
  };
}
