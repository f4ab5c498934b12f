import type { Clock } from '../../base/clock.ts';
import { networkOfPeer } from '../../base/network/network-of.ts';
import type { PeerCertificate, Principal } from '../../link/link.ts';
import type { AttemptLimiter } from '../attempts/attempt-limiter.ts';
import { Ticket } from '../methods/ticket.ts';
import type { PrincipalDirectory } from './principal-directory.ts';
import { isAuthid } from './principal-names.ts';
import { mayComeFrom, type PrincipalRecord, principalOf } from './principal-record.ts';

/** The credentials of a device that does not speak WAMP. */
export interface DeviceCredentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The MQTT client id. */
  readonly clientId?: string | undefined;
  readonly certificate?: PeerCertificate | undefined;
  /** The name of the configured port that the device is attached to. The configuration vouches for that name. */
  readonly port?: string | undefined;
  /** IP address without port. */
  readonly address?: string | undefined;
  readonly loopback: boolean;
  /** The reason why the address is not known. */
  readonly addressHint?: string | undefined;
}

/**
 * The principal of a device, or the reason of a refusal for the log and the device. `unknown`: the device showed no
 * credential of a principal, so the settings of its bridge decide (`DeviceAdmission`).
 */
export type KnownIdentity = { readonly principal: Principal } | { readonly refused: string } | 'unknown';

/** Milliseconds that a password may wait to be checked. One that would wait longer is rejected. */
const MAX_WAIT = 5_000;
const DENIED = { refused: 'these credentials are not valid here' } as const;

/** Authenticates devices of bridges by the principals of WAMP clients. A password is the ticket of the principal. */
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
      return this.#unproved(realm, credentials);
    }
    if (!isAuthid(username)) return DENIED;
    return this.#byTicket(realm, username, password, credentials);
  }

  /** A name alone proves nothing, so a device without credentials must not use the name of a principal. */
  #unproved(realm: string, { username, clientId }: DeviceCredentials): KnownIdentity {
    const taken = [username, clientId].find(name => name !== undefined && this.#directory.isTaken(realm, name));
    return taken === undefined ? 'unknown' : { refused: `${taken} is a principal: the device must prove its identity` };
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
    // A decoy is computed for existing principals too, so the time until the answer does not show which ones exist.
    const decoy = this.#directory.decoy(realm, username, ['ticket'])?.credential;
    const ticket = known?.credentials.find(one => one instanceof Ticket) ?? decoy;
    const stillAllowed = wait === 0 ? () => this.#limiter.admitsNow(from, username) : undefined;
    const right = ticket instanceof Ticket && (await ticket.matches(password, stillAllowed));
    if (right === 'unchecked') return this.#byTicket(realm, username, password, credentials);
    const identity = right && known !== undefined ? identityOf(known, 'ticket', clientId) : undefined;
    // The principals may have changed while the hash was computed.
    if (identity === undefined || this.#directory.stillKnows(realm, identity.principal) === false) {
      this.#limiter.failed(from, username);
      return DENIED;
    }
    this.#limiter.succeeded(from, username);
    return identity;
  }

  /** Whether the principal may connect from the address and with the client id. */
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
