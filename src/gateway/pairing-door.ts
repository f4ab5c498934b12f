import type { DeviceCredentials, DeviceIdentity } from '../auth/device-authenticator.ts';
import { isAuthid } from '../auth/principal-record.ts';
import type { AdmissionRequest, Authenticator, AuthStep } from '../router/admission.ts';
import { ErrorUri } from '../wamp/errors.ts';
import type { AuthenticateMessage } from '../wamp/messages.ts';
import type { NewDevice, Pairing } from './pairing.ts';

/** Whose devices are recorded: those of bridges, by whatever they speak. */
const BRIDGE = 'bridge:';

/** Who decides about devices that are known. */
interface Known extends Authenticator {
  identify(realm: string, credentials: DeviceCredentials): Promise<DeviceIdentity>;
}

/** Before those who know everybody: devices that become known while the window is open, and are turned away otherwise. */
export class PairingDoor implements Authenticator {
  readonly #known: Known;
  readonly #pairing: Pairing;
  readonly #isTaken: (realm: string, name: string) => boolean;

  constructor(known: Known, pairing: Pairing, isTaken: (realm: string, name: string) => boolean) {
    this.#known = known;
    this.#pairing = pairing;
    this.#isTaken = isTaken;
  }

  /** A device that does not speak WAMP. */
  async identify(realm: string, credentials: DeviceCredentials): Promise<DeviceIdentity> {
    const { username, password } = credentials;
    const device = deviceOf(credentials);
    if (username !== undefined && password !== undefined && this.#pairing.wouldTake(device)) {
      const principal = await this.#pairing.take(device, password);
      if (principal !== undefined) return { principal };
    }
    const found = await this.#known.identify(realm, credentials);
    const refused = found !== 'stranger' && 'refused' in found;
    if (refused && !this.#isTaken(realm, device.name)) this.#pairing.turnAway(device);
    return found;
  }

  /** A device that has shown nothing, and is not let in for that. */
  turnAway(credentials: DeviceCredentials): void {
    this.#pairing.turnAway(deviceOf(credentials));
  }

  /** A device that speaks WAMP, and offers a ticket; everybody else is not its concern. */
  begin(request: AdmissionRequest): AuthStep | Promise<AuthStep> {
    const { realm, details, link } = request;
    const { authid, authmethods } = details;
    const offers = Array.isArray(authmethods) && authmethods.includes('ticket');
    if (!link.listener.startsWith(BRIDGE) || !offers || !isAuthid(authid)) return this.#known.begin(request);
    const device = { name: authid, address: link.address, loopback: link.loopback };
    if (this.#pairing.wouldTake(device)) {
      const answer = (message: AuthenticateMessage) => this.#answered(device, message);
      return { challenge: { method: 'ticket', extra: {} }, answer };
    }
    if (!this.#isTaken(realm, authid)) this.#pairing.turnAway(device);
    return this.#known.begin(request);
  }

  async #answered(device: NewDevice, { signature }: AuthenticateMessage): Promise<AuthStep> {
    const principal = await this.#pairing.take(device, signature);
    if (principal !== undefined) return { welcome: principal };
    return { abort: ErrorUri.AuthenticationDenied, message: 'these credentials are not valid here' };
  }
}

function deviceOf({ username, clientId, address, loopback }: DeviceCredentials): NewDevice {
  return { name: username ?? clientId ?? '', clientId, address, loopback };
}
