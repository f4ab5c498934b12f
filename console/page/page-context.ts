import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { ConnectionState } from '../connection/connection-state.ts';
import type { ConsoleSettings } from '../connection/console-settings.ts';
import type { CallRunner } from '../model/calls/call-runner.ts';
import type { ObservableValue } from '../model/observable-value.ts';
import type { TopicFeed } from '../model/topics/topic-feed.ts';

/** The state and the actions of the page. `main.tsx` creates one, and every component reads it from the context. */
export interface Page {
  readonly settings: ConsoleSettings;
  readonly connection: ObservableValue<ConnectionState>;
  /** Why the page receives no events although it is connected, or undefined if it receives them. */
  readonly feedProblem: ObservableValue<string | undefined>;
  readonly feed: TopicFeed;
  readonly callRunner: CallRunner;
  /** Milliseconds since 1970, updated once per second, for texts that contain an age or a countdown. */
  readonly clock: ObservableValue<number>;
  /** The URI of the topic that the details panel shows. */
  readonly selected: ObservableValue<string | undefined>;
}

const PageContext = createContext<Page | undefined>(undefined);

export const PageProvider = PageContext.Provider;

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === undefined) throw new Error('usePage() was called outside of <PageProvider>');
  return page;
}
