import type { Uri } from '../../wamp/uri.ts';
import { RecentMap } from '../matching/recent-map.ts';
import type { MemoryShare } from '../quota/memory-share.ts';
import type { Action, Decision } from './authorizer.ts';

/** What is asked again with every message; subscribing and registering are rare and ask anew. */
export type RepeatedAction = Extract<Action, 'publish' | 'call'>;

/** URIs remembered for each action. */
const MAX_REMEMBERED = 1024;

/** Longer URIs are asked for anew. */
const MAX_LENGTH = 256;

/** What one decision takes beside its URI. */
const ENTRY_BYTES = 100;

/**
 * What the authorizer has answered to one session, for as long as its `version` stays. Only whole answers are kept,
 * refusals among them; an authorizer that failed is asked again. All sessions share the memory: one for which there is
 * none asks anew.
 */
export class DecisionCache {
  #version = Number.NaN;
  /** What has been taken of the share. */
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
    // Without memory for it, it gives up its own.
    if (this.#bytes < this.#known.publish.bytes + this.#known.call.bytes) this.clear();
  }

  /** Forgets everything: the session leaves, or the rules have changed. */
  clear(): void {
    this.#known.publish.clear();
    this.#known.call.clear();
    this.#count();
  }

  /** Takes of the share what is there, as far as there is as much left. */
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
