import type { DeviceCredentials, KnownIdentity } from '../../auth/principals/device-authenticator.ts';
import { helloName, isAuthid, isDeviceName } from '../../auth/principals/principal-names.ts';
import type { DevicePolicy, Principal } from '../../link/link.ts';
import type { AdmissionRequest, Authenticator, AuthStep } from '../../router/policy/authenticator.ts';
import { helloMethods } from '../../router/policy/hello-methods.ts';
import { ErrorUri } from '../../wamp/errors.ts';
import type { AuthenticateMessage } from '../../wamp/messages/messages.ts';

/** An admitted device and whether it proved its identity, or the reason of a refusal for the log and the device. */
export type DeviceIdentity =
  | { readonly principal: Principal; readonly proved: boolean }
  | {
      readonly refused: string;
      /** `credentials`: its credentials are not valid. `anonymous`: it has none, and they are required. */
      readonly why: 'credentials' | 'anonymous';
    };

/** The settings of a bridge for devices without credentials. */
export type UnprovedPolicy = Pick<DevicePolicy, 'bridge' | 'anonymous' | 'role'>;

/** Authenticates principals. */
interface PrincipalSource extends Authenticator {
  identify(realm: string, credentials: DeviceCredentials): Promise<KnownIdentity>;
  /** Whether an application knows principals of the realm that are not in the configuration. */
  asksApplication(realm: string): boolean;
}

/** An unknown device that asks to be admitted. */
export interface NewDevice {
  /** MQTT's user name, or HELLO's authid. */
  readonly name: string;
  /** The MQTT client id. */
  readonly clientId?: string | undefined;
  readonly address?: string | undefined;
  readonly loopback: boolean;
}

/** The pairing window: while it is open, unknown devices become principals. */
export interface DevicePairing {
  /** Whether a device, unknown so far, would be recorded now. */
  wouldAccept(device: NewDevice): boolean;
  /** Records a device with its password. Undefined if it is not admitted. */
  pair(device: NewDevice, password: string): Promise<Principal | undefined>;
  /** Called when a device without valid credentials was refused. */
  handleRefused(device: NewDevice): void;
}

export interface DeviceAdmissionOptions {
  /** The realm of the bridges. */
  readonly realm: string;
  readonly known: PrincipalSource;
  readonly pairing: DevicePairing;
  /** Whether a name is the authid or the client id of a principal. */
  readonly isTaken: (realm: string, name: string) => boolean;
}

const NO_NAME = 'HELLO.Details.authid must be a device name: 1 to 64 letters, digits, _ or -';

/**
 * Decides which devices are admitted, for every bridge and for pairing. Bridges pass the credentials of a device and
 * their settings for devices without credentials. Clients of the gateway's own listeners go to `known`.
 */
export class DeviceAdmission implements Authenticator {
  readonly #options: DeviceAdmissionOptions;
  /** Names of configured ports. No other device gets such a name without credentials or by pairing. */
  readonly #ports = new Set<string>();

  constructor(options: DeviceAdmissionOptions) {
    this.#options = options;
  }

  /** Whether a name belongs to a principal or to a configured port. */
  isTaken(realm: string, name: string): boolean {
    return this.#options.isTaken(realm, name) || (realm === this.#options.realm && this.#ports.has(name));
  }

  /** Authenticates a device that does not speak WAMP. */
  async identify(credentials: DeviceCredentials, policy: UnprovedPolicy): Promise<DeviceIdentity> {
    const { realm, known, pairing } = this.#options;
    if (credentials.port !== undefined) {
      this.#ports.add(credentials.port);
      return { principal: unproved(credentials.port, policy, 'internal'), proved: false };
    }
    const { username, password, clientId } = credentials;
    const device = deviceOf(credentials);
    if (username !== undefined && password !== undefined && pairing.wouldAccept(device)) {
      const principal = await pairing.pair(device, password);
      if (principal !== undefined) return { principal, proved: true };
    }
    const found = await known.identify(realm, credentials);
    if (found === 'unknown') {
      const refused = refusalByRule(credentials, policy);
      if (refused === undefined) {
        const principal = unproved(clientId ?? device.name, policy, 'internal');
        return { principal: clientId === undefined ? principal : { ...principal, clientId }, proved: false };
      }
      pairing.handleRefused(device);
      return { refused, why: 'anonymous' };
    }
    if ('principal' in found) return { ...found, proved: true };
    if (!this.isTaken(realm, device.name)) pairing.handleRefused(device);
    return { ...found, why: 'credentials' };
  }

  /** Authenticates a client that speaks WAMP. It is a device of a bridge if its link says so. */
  begin(request: AdmissionRequest): AuthStep | Promise<AuthStep> {
    const policy = request.link.device;
    if (policy === undefined) return this.#options.known.begin(request);
    return checked(this.#begin(request, policy), request, policy);
  }

  #begin(request: AdmissionRequest, policy: DevicePolicy): AuthStep | Promise<AuthStep> {
    const { realm, details, link } = request;
    const { pairing, known } = this.#options;
    const name = helloName(details);
    if (name !== undefined && !isAuthid(name)) return noName;
    const listed = helloMethods(details);
    const proofs = listed.filter(method => method !== 'anonymous');
    const device = { name: name ?? '', address: link.address, loopback: link.loopback };
    const isNew = name !== undefined && realm === this.#options.realm && !this.isTaken(realm, name);
    if (isNew && proofs.includes('ticket') && pairing.wouldAccept(device)) {
      const answer = (message: AuthenticateMessage) => this.#paired(request, device, message);
      return { challenge: { method: 'ticket', extra: {} }, answer };
    }
    const byName = proofs.length === listed.length && listed.length > 0 ? undefined : this.#byName(request, policy);
    if (byName !== undefined && 'welcome' in byName) return byName;
    // `AnonymousAuthenticator` rejects such a link: the setting of the bridge applies, not that of the realm.
    const step = proofs.length === 0 && byName !== undefined ? byName : known.begin(request);
    if (!isNew || !isDeviceName(name)) return step;
    return refusing(step, () => pairing.handleRefused(device));
  }

  /** Admits or refuses a device without credentials, by the settings of its bridge. */
  #byName({ realm, details, link }: AdmissionRequest, policy: DevicePolicy): AuthStep {
    const name = helloName(details);
    if (realm !== policy.realm)
      return { abort: ErrorUri.NoSuchRealm, message: `devices of this bridge must join the realm ${policy.realm}` };
    if (!isDeviceName(name)) return noName;
    if (this.isTaken(realm, name)) {
      const message = `${name} is a principal: HELLO.Details.authmethods must list a method to prove its identity`;
      return { abort: ErrorUri.AuthenticationRequired, message };
    }
    const refused = refusalByRule(link, policy);
    if (refused !== undefined) return { abort: ErrorUri.AuthenticationRequired, message: refused };
    return { welcome: unproved(name, policy, 'anonymous') };
  }

  async #paired(request: AdmissionRequest, device: NewDevice, message: AuthenticateMessage): Promise<AuthStep> {
    const { known, pairing } = this.#options;
    if (known.asksApplication(request.realm)) {
      // The ticket decides whether the device is a principal of the application or a new device.
      const step = await known.begin({ ...request, details: { ...request.details, authmethods: ['ticket'] } });
      const answered = 'challenge' in step ? await step.answer(message) : step;
      if ('welcome' in answered) return answered;
    }
    const principal = await pairing.pair(device, message.signature);
    if (principal !== undefined) return { welcome: principal };
    return { abort: ErrorUri.AuthenticationDenied, message: 'these credentials are not valid here' };
  }
}

const noName: AuthStep = { abort: ErrorUri.InvalidArgument, message: NO_NAME };

/** The reason why a bridge refuses a device without credentials. Undefined if it admits the device. */
export function refusalByRule(
  { loopback, addressHint }: { readonly loopback: boolean; readonly addressHint?: string | undefined },
  { bridge, anonymous }: UnprovedPolicy,
): string | undefined {
  if (anonymous === 'any' || (anonymous === 'loopback' && loopback)) return undefined;
  const setting = `bridges.${bridge}.anonymous`;
  const hint = addressHint === undefined ? '' : `; ${addressHint}`;
  return anonymous === 'loopback'
    ? `devices without credentials are admitted from this machine only ("${setting}: any" admits them from everywhere)${hint}`
    : `devices without credentials are not admitted ("${setting}: none")`;
}

function unproved(authid: string, { bridge, role }: UnprovedPolicy, authmethod: 'internal' | 'anonymous'): Principal {
  // For a device that speaks WAMP, WELCOME.Details.authprovider is the plain name of the bridge.
  const authprovider = authmethod === 'anonymous' ? bridge : `bridge:${bridge}`;
  return { authid, authrole: role, authmethod, authprovider };
}

function deviceOf({ username, clientId, address, loopback }: DeviceCredentials): NewDevice {
  return { name: username ?? clientId ?? '', clientId, address, loopback };
}

/** Adds a check to `step`: each WELCOME must have a device name, and the bridge must not refuse it. */
function checked(
  step: AuthStep | Promise<AuthStep>,
  request: AdmissionRequest,
  policy: DevicePolicy,
): AuthStep | Promise<AuthStep> {
  if (step instanceof Promise) return step.then(settled => checked(settled, request, policy));
  if ('challenge' in step) {
    return { challenge: step.challenge, answer: message => checked(step.answer(message), request, policy) };
  }
  if ('abort' in step) return step;
  if (!isDeviceName(step.welcome.authid)) return noName;
  const refusal = policy.refuse?.(step.welcome, request.realm);
  return refusal === undefined ? step : { abort: refusal.reason, message: refusal.text };
}

/** Calls `refused` if `step` ends in a refusal. */
function refusing(step: AuthStep | Promise<AuthStep>, refused: () => void): AuthStep | Promise<AuthStep> {
  if (step instanceof Promise) return step.then(settled => refusing(settled, refused));
  if ('challenge' in step) {
    return { challenge: step.challenge, answer: message => refusing(step.answer(message), refused) };
  }
  if ('abort' in step) refused();
  return step;
}
