import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { JoinedSession } from '../../client/api/session-api.ts';
import { joinLocal } from '../../client/session/join-local.ts';
import type { Link, LinkInfo, Principal } from '../../link/link.ts';
import type { Identity } from '../bridge/bridge.ts';

export interface BridgeSessionsOptions {
  readonly bridge: string;
  readonly realm: string;
  readonly attach: (link: Link) => void;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The sessions and links of one run of a bridge. Sessions that the bridge does not close end with the run. */
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
    let link: Link | undefined;
    try {
      const session = await joinLocal({
        ...{ attach, realm, principal, internal, clock, log },
        listener: `bridge:${bridge}`,
        peer: identity.peer,
        address: identity.address,
        opened: opened => {
          link = opened;
          this.#open.add(opened);
        },
      });
      void session.closed.then(() => this.#forget(link));
      return session;
    } catch (error) {
      this.#forget(link);
      throw error;
    }
  }

  #forget(link: Link | undefined): void {
    if (link !== undefined) this.#open.delete(link);
  }

  /** [BridgeContext.attach] */
  attach(link: Link): void {
    const { bridge, attach } = this.#options;
    if (link.info.device === undefined)
      throw new Error(`the bridge ${bridge} attached a link without link.info.device`);
    if (this.#over) link.close('the bridge has been stopped');
    else attach(link);
  }

  /** Ends all open sessions. No session can join afterwards. */
  close(reason: string): void {
    this.#over = true;
    for (const link of this.#open) link.close(reason);
    this.#open.clear();
  }
}
