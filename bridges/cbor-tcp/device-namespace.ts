import { asUri, type Uri } from '../../src/wamp/uri.ts';

/** Names that are remembered; a device that uses more pays for making them again. */
const REMEMBERED = 1024;

/** Where the devices of this bridge are. */
export const DEVICES = 'dev.';

/** What is never a short name: the protocol's own, this gateway's, and those of the devices of this bridge. */
const RESERVED = ['wamp.', 'wampway.', DEVICES];

/** Makes the short names of one device long: everything that it publishes and registers is under `dev.{authid}.`. */
export class DeviceNamespace {
  readonly #prefix: string;
  readonly #others: readonly string[];
  readonly #known = new Map<string, Uri>();

  /** `namespaces`: prefixes of other bridges. */
  constructor(authid: string, namespaces: readonly string[]) {
    this.#prefix = `${DEVICES}${authid}.`;
    this.#others = [...new Set([...RESERVED, ...namespaces])];
  }

  /**
   * `temperature` is `dev.{authid}.temperature`, patterns too. What is inside already stays, and so does what names another
   * namespace in full: the router refuses it, as the link is confined.
   */
  qualify(uri: Uri): Uri {
    if (uri.startsWith(this.#prefix)) return uri;
    const known = this.#known.get(uri);
    if (known !== undefined) return known;
    if (this.#others.some(other => uri.startsWith(other))) return uri;
    const made = asUri(this.#prefix + uri);
    if (this.#known.size < REMEMBERED) this.#known.set(uri, made);
    return made;
  }
}
