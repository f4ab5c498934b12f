import { asUri, type Uri } from '../../src/wamp/uri.ts';

/** Cached names. If a device uses more names, some of them are computed again. */
const REMEMBERED = 1024;

/** The namespace of the devices of this bridge. */
export const DEVICES = 'dev.';

/** Prefixes that are never short names: the protocol's, the gateway's, and that of this bridge's devices. */
const RESERVED = ['wamp.', 'wampway.', DEVICES];

/** Expands the short names of one device: its topics and procedures are under `dev.{authid}.`. */
export class DeviceNamespace {
  readonly #prefix: string;
  readonly #others: readonly string[];
  readonly #known = new Map<string, Uri>();

  /** `namespaces`: the prefixes of other bridges. */
  constructor(authid: string, namespaces: readonly string[]) {
    this.#prefix = `${DEVICES}${authid}.`;
    this.#others = [...new Set([...RESERVED, ...namespaces])];
  }

  /**
   * `temperature` becomes `dev.{authid}.temperature`, patterns too. A name inside the namespace stays unchanged, and so
   * does a full name of another namespace: the router refuses it, because the link is confined.
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
