import { Client, WampError, webSocketLink } from '../src/client/client.ts';
import { type ConnectionState, nextConnection } from './model/connection-state.ts';
import { errorText } from './model/error-text.ts';
import type { PageSettings } from './model/page-settings.ts';
import { Store } from './model/store.ts';
import type { ObservedEvent } from './model/topic-table.ts';

export interface Connection {
  readonly client: Client;
  readonly state: Store<ConnectionState>;
  /** Why no events come although there is a session; undefined where they do. */
  readonly feedProblem: Store<string | undefined>;
}

/** Someone is watching: the gateway's return must be noticed soon. */
const backoff = { initial: 500, max: 5000 };

/** Keeps the page joined to its realm, and hands every event there to `onEvent`. */
export function connect(
  settings: PageSettings,
  now: () => number,
  onEvent: (event: ObservedEvent) => void,
): Connection {
  const state = new Store<ConnectionState>({ kind: 'connecting', lost: undefined });
  const feedProblem = new Store<string | undefined>(undefined);
  const client = new Client({
    connect: signal => webSocketLink(settings.url, { signal }),
    realm: settings.realm,
    backoff,
  });
  client.onState(next => {
    state.set(nextConnection(state.value, next, now()));
    if (next.name !== 'joined') return;
    feedProblem.set(undefined);
    // The empty prefix matches every topic. Not the client's own standing subscription: a refusal has to be seen.
    next.session.subscribe('', onEvent, { match: 'prefix' }).catch((error: unknown) => {
      if (client.session === next.session) feedProblem.set(problemText(error));
    });
  });
  client.start();
  return { client, state, feedProblem };
}

function problemText(error: unknown): string {
  if (error instanceof WampError) return errorText(error.uri) ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
