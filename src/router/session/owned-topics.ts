import type { Action } from '../policy/authorizer.ts';
import type { RouterSession } from './session.ts';

/** URIs that only a part of this program publishes, so that what stands there is what that part says. */
export interface OwnedTopics {
  readonly topic: string;
  readonly match: 'exact' | 'prefix';
  /** `LinkInfo.listener` of the service sessions that may. */
  readonly listener: string;
}

/** The topics of a realm that have owners. Several parts may own the same topic. */
export class OwnedTopicTable {
  readonly #owned: readonly OwnedTopics[];

  constructor(owned: readonly OwnedTopics[]) {
    this.#owned = owned;
  }

  /** The topic that `action` would write to, or a procedure that would look like it, if the session is not its owner. */
  ownedByAnother({ linkInfo }: RouterSession, action: Action, uri: string): string | undefined {
    if (this.#owned.length === 0 || (action !== 'publish' && action !== 'register')) return undefined;
    let found: string | undefined;
    for (const { topic, match, listener } of this.#owned) {
      if (match === 'exact' ? uri !== topic : !uri.startsWith(topic)) continue;
      if (linkInfo.internal === 'service' && linkInfo.listener === listener) return undefined;
      found = topic;
    }
    return found;
  }
}
