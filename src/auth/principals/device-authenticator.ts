import type { Clock } from '../../base/clock.ts';
import { networkOfPeer } from '../../base/network/network-of.ts';
import type { PeerCertificate, Principal } from '../../link/link.ts';
import type { AttemptLimiter } from '../attempts/attempt-limiter.ts';
import { Ticket } from '../methods/ticket.ts';
import type { PrincipalDirectory } from './principal-directory.ts';
import { isAuthid } from './principal-names.ts';
import { mayComeFrom, type PrincipalRecord, principalOf } from './principal-record.ts';

/** What a device that does not speak WAMP has shown, in whatever protocol. */
export interface DeviceCredentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Of MQTT. */
  readonly clientId?: string | undefined;
  readonly certificate?: PeerCertificate | undefined;
  /** The configured port that it is at: whoever wrote the configuration vouches for that name. */
  readonly port?: string | undefined;
  /** Its IP address alone. */
  readonly address?: string | undefined;
  readonly loopback: boolean;
  /** Why its address is not known. */
  readonly addressHint?: string | undefined;
}

/**
 * The principal that a device is; why it is refused, for the log and the device; or `stranger`, if it has shown nothing that
 * a principal is known by: then the terms of its bridge decide (`DeviceAdmission`).
 */
export type KnownIdentity = { readonly principal: Principal } | { readonly refused: string } | 'stranger';

const MAX_WAIT = 5_000;
const DENIED = { refused: 'these credentials are not valid here' } as const;

/** Knows the devices of bridges by the same principals as WAMP clients: a password is the principal's ticket. */
export class DeviceAuthenticator {
  readonly #directory: PrincipalDirectory;
  readonly #limiter: AttemptLimiter;
  readonly #clock: Clock;

  constructor(directory: PrincipalDirectory, limiter: AttemptLimiter, clock: Clock) {
    this.#directory = directory;
    this.#limiter = limiter;
    this.#clock = clock;
  }

  async identify(realm: string, credentials: DeviceCredentials): Promise<KnownIdentity> {
    const { username, password, certificate, clientId } = credentials;
    const shown = certificate === undefined ? undefined : this.#directory.findByCertificate(realm, certificate);
    if (shown !== undefined && (username === undefined || username === shown.authid)) {
      return this.#mayUse(realm, shown, credentials) ? identityOf(shown, 'tls', clientId) : DENIED;
    }
    if (username === undefined || password === undefined || !this.#directory.uses(realm, 'ticket')) {
      return this.#stranger(realm, credentials);
    }
    if (!isAuthid(username)) return DENIED;
    return this.#byTicket(realm, username, password, credentials);
  }

  /** Nobody proves to be who it says by its name alone: a name that belongs to somebody is not a stranger's. */
  #stranger(realm: string, { username, clientId }: DeviceCredentials): KnownIdentity {
    const taken = [username, clientId].find(name => name !== undefined && this.#directory.isTaken(realm, name));
    return taken === undefined ? 'stranger' : { refused: `${taken} is a principal, and has to prove that it is` };
  }

  async #byTicket(
    realm: string,
    username: string,
    password: string,
    credentials: DeviceCredentials,
  ): Promise<KnownIdentity> {
    const { loopback, clientId } = credentials;
    const from = loopback ? undefined : networkOfPeer(credentials);
    const wait = this.#limiter.reserve(from, username, MAX_WAIT);
    if (wait > MAX_WAIT) return { refused: `too many wrong passwords; try again in ${Math.ceil(wait / 1000)} s` };
    if (wait > 0) await new Promise<void>(resolve => this.#clock.after(wait, resolve));
    const record = this.#directory.find(realm, username);
    const known = record !== undefined && this.#mayUse(realm, record, credentials) ? record : undefined;
    // For those who exist too: the time until the answer tells nobody apart.
    const decoy = this.#directory.decoy(realm, username, ['ticket'])?.credential;
    const ticket = known?.credentials.find(one => one instanceof Ticket) ?? decoy;
    const heard = wait === 0 ? () => this.#limiter.hears(from, username) : undefined;
    const right = ticket instanceof Ticket && (await ticket.matches(password, heard));
    if (right === 'unheard') return this.#byTicket(realm, username, password, credentials);
    const identity = right && known !== undefined ? identityOf(known, 'ticket', clientId) : undefined;
    // The file of principals may have changed while the hash was computed.
    if (identity === undefined || this.#directory.stillKnows(realm, identity.principal) === false) {
      this.#limiter.failed(from, username);
      return DENIED;
    }
    this.#limiter.succeeded(from, username);
    return identity;
  }

  /** Whether the principal may come from there, and by that client id. */
  #mayUse(realm: string, record: PrincipalRecord, { address, loopback, clientId }: DeviceCredentials): boolean {
    if (clientId !== undefined && !this.#directory.mayUseClientId(realm, record, clientId)) return false;
    return mayComeFrom(record, { address, loopback });
  }
}

function identityOf(
  record: PrincipalRecord,
  authmethod: string,
  clientId: string | undefined,
): { readonly principal: Principal } {
  const principal = principalOf(record, authmethod);
  return { principal: clientId === undefined ? principal : { ...principal, clientId } };
}
