import type { Uri } from '../wamp/uri.ts';
import type { Action, Decision } from './authorizer.ts';
import { RecentMap } from './recent-map.ts';

/** What is asked again with every message; subscribing and registering are rare and ask anew. */
export type RepeatedAction = Extract<Action, 'publish' | 'call'>;

/** URIs remembered for each action: what bounds the memory of a session that names ever new ones. */
const MAX_REMEMBERED = 1024;

/** Longer URIs are asked for anew, as the number alone would not bound the memory. */
const MAX_LENGTH = 256;

/**
 * What the authorizer has answered to one session, for as long as its `version` stays. Only whole answers are kept,
 * refusals among them; an authorizer that failed is asked again.
 */
export class DecisionCache {
  #version = Number.NaN;
  readonly #known = {
    publish: new RecentMap<Decision>(MAX_REMEMBERED),
    call: new RecentMap<Decision>(MAX_REMEMBERED),
  };

  get(action: RepeatedAction, uri: Uri, version: number): Decision | undefined {
    return this.#version === version ? this.#known[action].get(uri) : undefined;
  }

  set(action: RepeatedAction, uri: Uri, version: number, decision: Decision): void {
    if (this.#version !== version) {
      this.#version = version;
      this.#known.publish.clear();
      this.#known.call.clear();
    }
    if (uri.length > MAX_LENGTH) return;
    this.#known[action].set(uri, decision);
  }
}
