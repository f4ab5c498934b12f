import { asUri, type Uri } from '../../src/wamp/uri.ts';

/** Names that are remembered; a device that uses more pays for making them again. */
const REMEMBERED = 1024;

/** Where everything that one device publishes and registers lies: `dev.{authid}.`. */
export class DeviceNamespace {
  readonly #prefix: string;
  readonly #known = new Map<string, Uri>();

  constructor(authid: string) {
    this.#prefix = `dev.${authid}.`;
  }

  /**
   * `temperature` is `dev.{authid}.temperature`; what is inside already stays. Patterns too: whatever comes out begins
   * with the prefix, so it matches nothing outside.
   */
  qualify(uri: Uri): Uri {
    if (uri.startsWith(this.#prefix)) return uri;
    const known = this.#known.get(uri);
    if (known !== undefined) return known;
    const made = asUri(this.#prefix + uri);
    if (this.#known.size < REMEMBERED) this.#known.set(uri, made);
    return made;
  }
}

/** Whether `value` may name a device: it becomes a component of URIs. A public key is no name: it stands for one. */
export function isDeviceName(value: unknown): value is string {
  return typeof value === 'string' && /^(?![0-9a-f]{64}$)[A-Za-z0-9_-]{1,64}$/i.test(value);
}
