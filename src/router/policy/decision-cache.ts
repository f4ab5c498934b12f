import type { Uri } from '../../wamp/uri.ts';
import { RecentMap } from '../matching/recent-map.ts';
import type { MemoryShare } from '../quota/memory-share.ts';
import type { Action, Decision } from './authorizer.ts';

/** The actions whose decisions are cached. Subscribing and registering are rare. */
export type RepeatedAction = Extract<Action, 'publish' | 'call'>;

/** Cached URIs for each action. */
const MAX_REMEMBERED = 1024;

/** Longer URIs are not cached. */
const MAX_LENGTH = 256;

/** Estimated memory of one decision without its URI, in bytes. */
const ENTRY_BYTES = 100;

/**
 * The decisions of the authorizer for one session, valid for one `version`. Refusals are cached too, failures are not.
 * All sessions share the memory. If none is left, the authorizer is asked each time.
 */
export class DecisionCache {
  #version = Number.NaN;
  /** Bytes reserved from the share. */
  #bytes = 0;
  readonly #share: MemoryShare;
  readonly #known = {
    publish: new RecentMap<Decision>(MAX_REMEMBERED, undefined, entryBytes),
    call: new RecentMap<Decision>(MAX_REMEMBERED, undefined, entryBytes),
  };

  constructor(share: MemoryShare) {
    this.#share = share;
  }

  get(action: RepeatedAction, uri: Uri, version: number): Decision | undefined {
    return this.#version === version ? this.#known[action].get(uri) : undefined;
  }

  set(action: RepeatedAction, uri: Uri, version: number, decision: Decision): void {
    if (this.#version !== version) {
      this.#version = version;
      this.clear();
    }
    if (uri.length > MAX_LENGTH) return;
    this.#known[action].set(uri, decision);
    this.#count();
    // The share is exhausted: release what this session uses.
    if (this.#bytes < this.#known.publish.bytes + this.#known.call.bytes) this.clear();
  }

  /** Deletes all decisions, when the session leaves or the version changes. */
  clear(): void {
    this.#known.publish.clear();
    this.#known.call.clear();
    this.#count();
  }

  /** Adjusts the reservation to the current size. Does nothing if the share has too little memory left. */
  #count(): void {
    const more = this.#known.publish.bytes + this.#known.call.bytes - this.#bytes;
    if (more > 0 && !this.#share.reserve(more)) return;
    if (more < 0) this.#share.release(-more);
    this.#bytes += more;
  }
}

function entryBytes(uri: string): number {
  return ENTRY_BYTES + 2 * uri.length;
}
