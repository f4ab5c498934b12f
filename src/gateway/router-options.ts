import { getHeapStatistics } from 'node:v8';
import type { PrincipalDirectory } from '../auth/principals/principal-directory.ts';
import { MemoryRetainedStore } from '../router/broker/retention/memory-retained-store.ts';
import type { RealmOptions, RouterOptions } from '../router/router.ts';
import type { OwnedTopics } from '../router/session/owned-topics.ts';
import type { GatewayConfig, RealmConfig } from './config/config-schema.ts';
import { limitsByPrincipal, outgoingByRole } from './principals/configured-principals.ts';

/** The options of the router that follow from the configuration. `owned`: the topics that only bridges may publish. */
export function routerOptions(
  { realms, limits }: GatewayConfig,
  directory: PrincipalDirectory,
  owned: readonly OwnedTopics[],
): Pick<RouterOptions, 'realms' | 'limits' | 'outgoingOf' | 'limitsOf'> {
  return {
    // Bridges join the first realm.
    realms: realms.map((realm, index) => ({ ...realmOptions(realm), ...(index === 0 && { owned }) })),
    limits: {
      uriComponents: limits.maxUriComponents,
      sharedBytes: getHeapStatistics().heap_size_limit / 3,
    },
    outgoingOf: outgoingByRole(realms),
    limitsOf: limitsByPrincipal(realms, directory),
  };
}

/** The options of one realm. */
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
