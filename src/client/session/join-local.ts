import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Link, LinkInfo, Principal } from '../../link/link.ts';
import { localLinkPair } from '../../link/local-link.ts';
import { ClientSession } from './client-session.ts';

/** A session of this program itself: over a local link, admitted as `principal` without authentication. */
export interface LocalSessionOptions {
  /** Hands the router its end of the link. */
  readonly attach: (link: Link) => void;
  readonly realm: string;
  readonly principal: Principal;
  /** Shown by the meta API in place of a listener, e.g. `bridge:mqtt`. */
  readonly listener: string;
  /** Shown by the meta API in place of a peer address. Default: `listener`. */
  readonly peer?: string | undefined;
  /** The IP address of the device that the session acts for: the router counts an unproved device by it. */
  readonly address?: string | undefined;
  readonly internal?: LinkInfo['internal'];
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxPending?: number;
  readonly maxInvocations?: number;
  /** Receives the session's end of the link before the session has joined, so that its owner can close it early. */
  readonly opened?: (link: Link) => void;
}

/** Joins a realm of a router in this process. Rejects with the router's `WampError`. */
export function joinLocal(options: LocalSessionOptions): Promise<ClientSession> {
  const { attach, realm, principal, listener, peer = listener, address, internal, clock, log } = options;
  const local = { transport: 'local', serializer: 'none', loopback: true, listener, tls: false } as const;
  const [near, far] = localLinkPair(
    { ...local, peer: 'router' },
    {
      ...{ ...local, peer, principal },
      ...(address !== undefined && { address }),
      ...(internal !== undefined && { internal }),
    },
    log,
    clock,
  );
  options.opened?.(near);
  attach(far);
  const { maxPending, maxInvocations } = options;
  return ClientSession.join(near, {
    ...{ realm, authid: principal.authid, clock, log },
    ...(maxPending !== undefined && { maxPending }),
    ...(maxInvocations !== undefined && { maxInvocations }),
  });
}
