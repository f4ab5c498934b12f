import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { JoinedSession } from '../../client/api/session-api.ts';
import { Session } from '../../client/session/session.ts';
import type { Link, LinkInfo, Principal } from '../../link/link.ts';
import { localLinkPair } from '../../link/local-link.ts';
import type { Identity } from '../bridge/bridge.ts';

export interface BridgeSessionsOptions {
  readonly bridge: string;
  readonly realm: string;
  readonly attach: (link: Link) => void;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The sessions and links of one run of one bridge: whatever the bridge forgets to close ends with its run. */
export class BridgeSessions {
  readonly #options: BridgeSessionsOptions;
  readonly #open = new Set<Link>();
  #over = false;

  constructor(options: BridgeSessionsOptions) {
    this.#options = options;
  }

  /** [BridgeContext.join] */
  async join(
    identity: Identity,
    internal: LinkInfo['internal'] = identity.service === true ? 'service' : undefined,
  ): Promise<JoinedSession> {
    const { bridge, realm, attach, log, clock } = this.#options;
    if (this.#over) throw new Error(`the bridge ${bridge} has been stopped`);
    const principal: Principal = identity.principal ?? {
      authid: identity.authid,
      authrole: identity.authrole,
      authmethod: 'internal',
      authprovider: `bridge:${bridge}`,
      ...(identity.clientId !== undefined && { clientId: identity.clientId }),
    };
    const shared = {
      transport: 'local',
      serializer: 'none',
      loopback: true,
      listener: `bridge:${bridge}`,
      tls: false,
    } as const;
    const near: LinkInfo = { ...shared, peer: 'router' };
    const far: LinkInfo = {
      ...{ ...shared, peer: identity.peer ?? `bridge:${bridge}`, principal },
      ...(identity.address !== undefined && { address: identity.address }),
      ...(internal !== undefined && { internal }),
    };
    const [ours, routers] = localLinkPair(near, far, log, clock);
    this.#open.add(ours);
    attach(routers);
    try {
      const session = await Session.join(ours, { realm, authid: identity.authid, clock, log });
      void session.closed.then(() => this.#open.delete(ours));
      return session;
    } catch (error) {
      this.#open.delete(ours);
      throw error;
    }
  }

  /** [BridgeContext.attach] */
  attach(link: Link): void {
    const { bridge, attach } = this.#options;
    if (link.info.device === undefined)
      throw new Error(`the bridge ${bridge} does not say on what terms it takes devices`);
    if (this.#over) link.close('the bridge has been stopped');
    else attach(link);
  }

  /** Ends what is still open; nothing can be opened after. */
  close(reason: string): void {
    this.#over = true;
    for (const link of this.#open) link.close(reason);
    this.#open.clear();
  }
}
