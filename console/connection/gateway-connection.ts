import { errorMessage } from '../../src/base/error-message.ts';
import {
  Client,
  type JoinedSession,
  retainedEventsSent,
  WampError,
  type WampEvent,
  webSocketLink,
} from '../../src/public/client.ts';
import { ObservableValue } from '../model/observable-value.ts';
import { errorText } from '../model/text/error-text.ts';
import { type ConnectionState, nextConnection } from './connection-state.ts';
import type { ConsoleSettings } from './console-settings.ts';

export interface GatewayConnection {
  readonly client: Client;
  readonly state: ObservableValue<ConnectionState>;
  /** Why the joined session receives no events, or undefined if it receives them. */
  readonly feedProblem: ObservableValue<string | undefined>;
}

/** Shorter than the client's default, because a person is waiting for the gateway to return. */
const backoff = { initial: 500, max: 5000 };

/** Milliseconds without a retained event after which the page stops waiting for more of them. */
const RETAINED_SILENCE = 10_000;

/** The receiver of all events. */
export interface EventSink {
  observe(event: WampEvent): void;
  /** The connection was lost, so the values may have changed. */
  connectionLost(): void;
  /** Every retained event has been passed to `observe`. */
  retainedReceived(): void;
}

/**
 * Keeps the page joined to its realm, and passes every event of the realm to `sink`. The state becomes `connected` only
 * after all retained events have arrived. From then on, the page shows the same values as the gateway.
 */
export function connectToGateway(settings: ConsoleSettings, now: () => number, sink: EventSink): GatewayConnection {
  const state = new ObservableValue<ConnectionState>({ kind: 'connecting', lost: undefined });
  const feedProblem = new ObservableValue<string | undefined>(undefined);
  const client = new Client({
    connect: signal => webSocketLink(settings.url, { signal }),
    realm: settings.realm,
    backoff,
  });
  client.onState(next => {
    if (next.name !== 'joined') {
      if (state.value.kind === 'connected') sink.connectionLost();
      state.set(nextConnection(state.value, next, now()));
      return;
    }
    feedProblem.set(undefined);
    subscribeToAll(next.session, sink)
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

/** Subscribes to every topic, and resolves when all retained events have arrived. */
async function subscribeToAll(session: JoinedSession, sink: EventSink): Promise<void> {
  let latest = performance.now();
  const onEvent = (event: WampEvent): void => {
    if (event.details['retained'] === true) latest = performance.now();
    sink.observe(event);
  };
  // The empty prefix matches every topic. A durable subscription of the client would hide that it was rejected.
  await session.subscribe('', onEvent, { match: 'prefix', options: { get_retained: true } });
  let timer: ReturnType<typeof setInterval> | undefined;
  const silence = new Promise<void>(resolve => {
    timer = setInterval(() => {
      if (performance.now() - latest > RETAINED_SILENCE) resolve();
    }, 500);
  });
  await Promise.race([retainedEventsSent(session, '', 'prefix'), silence]).finally(() => clearInterval(timer));
  sink.retainedReceived();
}

function problemText(error: unknown): string {
  if (error instanceof WampError) return errorText(error.uri) ?? error.message;
  return errorMessage(error);
}
