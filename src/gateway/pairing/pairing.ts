import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { hashTicket } from '../../auth/methods/ticket-hash.ts';
import { isDeviceName } from '../../auth/principals/principal-names.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { plainAddress } from '../../base/network/address.ts';
import { networkOf } from '../../base/network/network-of.ts';
import { RefusalSummary } from '../../base/refusal-summary.ts';
import type { Principal } from '../../link/link.ts';
import { AddressRanges } from '../../transport/endpoint/address-ranges.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { PrincipalInput } from '../config/principal-schema.ts';
import type { DevicePairing, NewDevice } from '../devices/device-admission.ts';

/** The local network: private and link-local addresses, and this machine. [RFC1918], [RFC3927], [RFC4193] */
const lan = new AddressRanges([
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '127.0.0.0/8'],
  ...['fc00::/7', 'fe80::/10', '::1'],
]);

const GENERATED_BYTES = 12;

/** Maximum of devices of one network with log lines of their own, and of networks with such devices. */
const MAX_NAMED = 8;
const MAX_ADDRESSES = 100;

/** Records principals in their file. Rejects if the file cannot be changed. */
export interface PrincipalKeeper {
  add(principal: PrincipalInput): Promise<void>;
  allow(authid: string, clientIds: readonly string[]): Promise<void>;
}

export interface PairingOptions {
  /** The realm of the bridges. New devices may join only this one. */
  readonly realm: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Counts and summarizes refused devices. Default: a new one. */
  readonly refusals?: RefusalSummary;
  /** Undefined if the principals are in the configuration, which the gateway does not change. */
  readonly keeper: PrincipalKeeper | undefined;
  /** Whether a name belongs to a principal or a configured port. */
  readonly isTaken: (name: string) => boolean;
  /** The digest of the credentials of a principal that was just recorded, for `Principal.credentials`. */
  readonly digestOf?: (authid: string) => string | undefined;
}

/** A device that was recorded while the window was open. */
export interface PairedDevice {
  readonly authid: string;
  clientIds: readonly string[];
  readonly address: string;
  /** The generated password of a device that sent none. Shown while the window is open. */
  readonly password?: string;
  readonly digest: Buffer;
}

interface Window {
  readonly role: string;
  readonly until: number;
  readonly timer: Timer;
  left: number;
  readonly devices: Map<string, PairedDevice>;
}

/**
 * A window in which unknown devices become principals. The password that a device sends is recorded for it. If it sends
 * none, a password is generated. The window closes after a time and admits a limited number of devices.
 */
export class Pairing implements DevicePairing {
  readonly #options: PairingOptions;
  #window: Window | undefined;
  readonly #refusals: RefusalSummary;
  /** By network: the devices that were turned away from there and have lines of their own. */
  readonly #named = new Map<string, Set<string>>();

  constructor(options: PairingOptions) {
    this.#options = options;
    this.#refusals = options.refusals ?? new RefusalSummary(options.clock);
  }

  get isOpen(): boolean {
    return this.#window !== undefined;
  }

  /** Remaining milliseconds, number of devices that it still admits, and the admitted devices. */
  get state(): { readonly remaining: number; readonly left: number; readonly devices: readonly PairedDevice[] } {
    const { clock } = this.#options;
    if (this.#window === undefined) return { remaining: 0, left: 0, devices: [] };
    const { until, left, devices } = this.#window;
    return { remaining: Math.max(0, until - clock.monotonic()), left, devices: [...devices.values()] };
  }

  /** Opens the window. An open one is closed first. Throws `WampError` if principals cannot be recorded. */
  open({ milliseconds, devices, role }: { milliseconds: number; devices: number; role: string }): void {
    const { clock, log, keeper } = this.#options;
    if (keeper === undefined) {
      const text = 'principals are in the configuration: move them to a file with "principals: principals.yaml"';
      throw new WampError(ErrorUri.Unavailable, [text]);
    }
    this.close();
    const timer = clock.after(milliseconds, () => this.close());
    const until = clock.monotonic() + milliseconds;
    this.#window = { role, until, timer, left: devices, devices: new Map() };
    log.warn(
      { seconds: Math.round(milliseconds / 1000), devices, role },
      'pairing opened: unknown devices of the local network are admitted',
    );
  }

  close(): void {
    if (this.#window === undefined) return;
    this.#window.timer.cancel();
    const devices = [...this.#window.devices.keys()];
    this.#window = undefined;
    this.#options.log.info({ devices }, 'pairing closed');
  }

  /** Whether a device, unknown so far, would be recorded now. */
  wouldAccept(device: NewDevice): boolean {
    const window = this.#window;
    if (window === undefined || !isDeviceName(device.name) || !isNear(device)) return false;
    if (window.devices.has(device.name)) return true;
    return window.left > 0 && !this.#isTaken(device);
  }

  /** Records a device with its password. Undefined if `wouldAccept` is false, or if it sent another password before. */
  async pair(device: NewDevice, password: string): Promise<Principal | undefined> {
    const window = this.#window;
    if (window === undefined || password === '' || !this.wouldAccept(device)) return undefined;
    const known = window.devices.get(device.name);
    const digest = digestOf(password);
    if (known !== undefined) return this.#another(known, device, digest, window.role);
    return this.#record(device, { password, digest, generated: false }, window);
  }

  /**
   * Handles a device that was refused for lack of valid credentials. While the window is open, the device is recorded
   * with a generated password, which `state` shows. Otherwise the log names the commands that admit it.
   */
  handleRefused(device: NewDevice): void {
    const window = this.#window;
    if (window === undefined || !this.wouldAccept(device)) {
      this.#logRefusal(device);
    } else if (!window.devices.has(device.name)) {
      const password = randomBytes(GENERATED_BYTES).toString('base64url');
      this.#record(device, { password, digest: digestOf(password), generated: true }, window).catch((error: unknown) =>
        this.#options.log.error({ device: device.name, err: error }, 'pairing: device could not be recorded'),
      );
    }
  }

  async #record(
    device: NewDevice,
    secret: { readonly password: string; readonly digest: Buffer; readonly generated: boolean },
    window: Window,
  ): Promise<Principal> {
    const { keeper, realm, log } = this.#options;
    const { name, clientId, address } = device;
    const clientIds = clientId === undefined ? [] : [clientId];
    const shown = secret.generated ? { password: secret.password } : {};
    // Counted before the first await, so that two devices at the same time count as two.
    window.left--;
    window.devices.set(name, {
      authid: name,
      clientIds,
      address: address ?? 'this machine',
      digest: secret.digest,
      ...shown,
    });
    try {
      const ticket = await hashTicket(secret.password);
      const only = clientIds.length === 0 ? {} : { clientIds };
      await keeper?.add({ authid: name, role: window.role, realms: [realm], ticket, ...only });
    } catch (error) {
      window.devices.delete(name);
      throw error;
    }
    log.info({ authid: name, clientId, address, role: window.role }, 'pairing: device recorded as a principal');
    return this.#principalOf(device, window.role);
  }

  /** Several devices may share one user name if they send its password. */
  async #another(known: PairedDevice, device: NewDevice, digest: Buffer, role: string): Promise<Principal | undefined> {
    const { clientId } = device;
    if (!timingSafeEqual(known.digest, digest)) return undefined;
    if (clientId !== undefined && !known.clientIds.includes(clientId)) {
      if (this.#window === undefined || this.#window.left <= 0 || this.#options.isTaken(clientId)) return undefined;
      this.#window.left--;
      known.clientIds = [...known.clientIds, clientId];
      await this.#options.keeper?.allow(known.authid, known.clientIds);
    }
    return this.#principalOf(device, role);
  }

  #principalOf({ name, clientId }: NewDevice, authrole: string): Principal {
    const credentials = this.#options.digestOf?.(name);
    return {
      ...{ authid: name, authrole, authmethod: 'ticket', authprovider: 'static' },
      ...(clientId !== undefined && { clientId }),
      ...(credentials !== undefined && { credentials }),
    };
  }

  #isTaken({ name, clientId }: NewDevice): boolean {
    const { isTaken } = this.#options;
    return isTaken(name) || (clientId !== undefined && clientId !== name && isTaken(clientId));
  }

  #logRefusal({ name, clientId, address }: NewDevice): void {
    const { log } = this.#options;
    const hint =
      '"wampway pair" admits new devices for ten minutes; "wampway user add NAME" makes a password for one device';
    const from = this.#sourceOf(address === undefined ? '' : networkOf(address), `${name} ${clientId ?? ''}`);
    const fields = { device: name, clientId, address, hint };
    const text = 'unknown device turned away';
    this.#refusals.refused({ log, level: 'warn', text, reason: 'no credentials', from, fields });
  }

  /** The source of a refusal: one per device. After MAX_NAMED devices of a network, further ones share one source. */
  #sourceOf(network: string, device: string): string {
    const known = this.#named.get(network) ?? new Set<string>();
    if (!known.has(device) && known.size >= MAX_NAMED) return network;
    if (!this.#named.has(network) && this.#named.size >= MAX_ADDRESSES) this.#named.clear();
    this.#named.set(network, known.add(device));
    return `${network} ${device}`;
  }
}

function isNear({ address, loopback }: NewDevice): boolean {
  return loopback || (address !== undefined && lan.has(plainAddress(address)));
}

function digestOf(password: string): Buffer {
  return createHash('sha256').update(password).digest();
}
