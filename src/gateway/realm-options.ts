import { MemoryRetainedStore } from '../router/broker/retention/memory-retained-store.ts';
import type { RealmOptions } from '../router/router.ts';
import type { RealmConfig } from './config/config-schema.ts';

/** What the router is told of a realm. */
export function realmOptions({ name, uri, takeover, history, retained }: RealmConfig): RealmOptions {
  const { maxTopics, maxBytes, whenFull } = retained;
  return {
    name,
    uri,
    takeover,
    history: history.map(({ topic, match, maxEvents, maxBytes, maxAge }) => ({
      ...{ topic, match, events: maxEvents, bytes: maxBytes },
      ...(maxAge === undefined ? {} : { age: maxAge }),
    })),
    retained: new MemoryRetainedStore({ topics: maxTopics, bytes: maxBytes, whenFull }),
  };
}
