import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { RefusalSummary } from '../../base/refusal-summary.ts';
import type { Codec } from '../../codec/message/codec.ts';
import type { FrameChannel } from '../../link/frame-channel.ts';
import type { LinkInfo } from '../../link/link.ts';
import { WireLink } from '../../link/wire-link.ts';
import { MeteredChannel } from '../channel/metered-channel.ts';
import type { TransportLimits } from '../endpoint/limits.ts';
import type { Places } from './places.ts';

/** What all who accept links on one listener share. */
export interface AcceptorOptions {
  /** The listener's name, for `LinkInfo` and the log. */
  readonly name: string;
  /** Whether its peers are held to every rule of the protocol; for `LinkInfo`. Default false. */
  readonly strict?: boolean;
  readonly codecs: readonly Codec[];
  readonly limits: TransportLimits;
  readonly log: Logger;
  readonly clock: Clock;
  /** Counts and sums up who is refused, of all listeners together. Default: one of this listener alone. */
  readonly refusals?: RefusalSummary;
}

/** The same, with what the listener itself counts. */
export interface AcceptorTerms extends AcceptorOptions {
  readonly sessions: Places;
  readonly refusals: RefusalSummary;
}

/** What is known of a peer that has shaken hands. */
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

/** The link of a peer that was accepted, with the limits of its listener. */
export function acceptedLink(
  options: AcceptorTerms,
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
