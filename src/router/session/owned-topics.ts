import type { Action } from '../policy/authorizer.ts';
import type { RouterSession } from './session.ts';

/** URIs that only one part of the gateway may publish to, so that no client can forge events there. */
export interface OwnedTopics {
  readonly topic: string;
  readonly match: 'exact' | 'prefix';
  /** `LinkInfo.listener` of the service sessions that own the URIs. */
  readonly listener: string;
}

/** The owned topics of a realm. A topic may have several owners. */
export class OwnedTopicTable {
  readonly #owned: readonly OwnedTopics[];

  constructor(owned: readonly OwnedTopics[]) {
    this.#owned = owned;
  }

  /**
   * The owned topic that the action concerns, if the session is not its owner. Includes procedures under such a topic.
   */
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
