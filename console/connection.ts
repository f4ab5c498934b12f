import {
  Client,
  type JoinedSession,
  retainedEventsSent,
  WampError,
  type WampEvent,
  webSocketLink,
} from '../src/public/client.ts';
import { type ConnectionState, nextConnection } from './model/connection-state.ts';
import { errorText } from './model/error-text.ts';
import type { PageSettings } from './model/page-settings.ts';
import { Store } from './model/store.ts';

export interface Connection {
  readonly client: Client;
  readonly state: Store<ConnectionState>;
  /** Why no events come although there is a session; undefined where they do. */
  readonly feedProblem: Store<string | undefined>;
}

/** Someone is watching: the gateway's return must be noticed soon. */
const backoff = { initial: 500, max: 5000 };

/** Milliseconds without a retained event after which the page counts as connected without the rest of them. */
const PATIENCE = 10_000;

/** What takes in the events: the feed of topics. */
export interface EventSink {
  observe(event: WampEvent): void;
  /** The connection is lost: values may be others by now. */
  lost(): void;
  /** Every retained event has been observed. */
  complete(): void;
}

/**
 * Keeps the page joined to its realm, and hands every event there to `sink`. It counts as connected when the retained events
 * have come: what the page shows from then on is what the gateway has.
 */
export function connect(settings: PageSettings, now: () => number, sink: EventSink): Connection {
  const state = new Store<ConnectionState>({ kind: 'connecting', lost: undefined });
  const feedProblem = new Store<string | undefined>(undefined);
  const client = new Client({
    connect: signal => webSocketLink(settings.url, { signal }),
    realm: settings.realm,
    backoff,
  });
  client.onState(next => {
    if (next.name !== 'joined') {
      if (state.value.kind === 'connected') sink.lost();
      state.set(nextConnection(state.value, next, now()));
      return;
    }
    feedProblem.set(undefined);
    takeIn(next.session, sink)
      .catch((error: unknown) => {
        if (client.session === next.session) feedProblem.set(problemText(error));
      })
      .finally(() => {
        if (client.session === next.session) state.set(nextConnection(state.value, next, now()));
      });
  });
  client.start();
  return { client, state, feedProblem };
}

/** Subscribes to everything, and resolves when all that is retained has come. */
async function takeIn(session: JoinedSession, sink: EventSink): Promise<void> {
  let latest = performance.now();
  const onEvent = (event: WampEvent): void => {
    if (event.details['retained'] === true) latest = performance.now();
    sink.observe(event);
  };
  // The empty prefix matches every topic. Not the client's own standing subscription: a refusal has to be seen.
  await session.subscribe('', onEvent, { match: 'prefix', options: { get_retained: true } });
  let timer: ReturnType<typeof setInterval> | undefined;
  const silence = new Promise<void>(resolve => {
    timer = setInterval(() => {
      if (performance.now() - latest > PATIENCE) resolve();
    }, 500);
  });
  await Promise.race([retainedEventsSent(session, '', 'prefix'), silence]).finally(() => clearInterval(timer));
  sink.complete();
}

function problemText(error: unknown): string {
  if (error instanceof WampError) return errorText(error.uri) ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
