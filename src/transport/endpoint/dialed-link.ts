import type { FrameChannel } from '../../link/frame-channel.ts';
import type { LinkInfo } from '../../link/link.ts';
import { WireLink } from '../../link/wire-link.ts';
import type { ResolvedDialOptions } from './dial-options.ts';

/** The properties of a link that the transport knows. */
export type DialedPeer = Omit<LinkInfo, 'serializer' | 'listener'>;

/** The client's link over `channel`, after the handshake. */
export function dialedLink(options: ResolvedDialOptions, peer: DialedPeer, channel: FrameChannel): WireLink {
  const { codec, log, clock, maxQueuedBytes, closeGrace } = options;
  return new WireLink({
    info: { ...peer, serializer: codec.name, listener: 'dialled' },
    codec,
    channel,
    log,
    clock,
    outgoing: { maxBytes: maxQueuedBytes },
    closeGrace,
  });
}
