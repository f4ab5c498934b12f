import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { CallDesk } from './model/call-desk.ts';
import type { ConnectionState } from './model/connection-state.ts';
import type { PageSettings } from './model/page-settings.ts';
import type { Store } from './model/store.ts';
import type { TopicFeed } from './model/topic-feed.ts';

/** What the views show and do: made once by main, handed down to every component. */
export interface Page {
  readonly settings: PageSettings;
  readonly connection: Store<ConnectionState>;
  /** Why the page receives no events although it is connected; undefined where it does. */
  readonly feedProblem: Store<string | undefined>;
  readonly feed: TopicFeed;
  readonly desk: CallDesk;
  /** Milliseconds since 1970; steps once a second, for texts that count. */
  readonly clock: Store<number>;
  /** The topic whose details are shown. */
  readonly selected: Store<string | undefined>;
}

const PageContext = createContext<Page | undefined>(undefined);

export const PageProvider = PageContext.Provider;

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === undefined) throw new Error('a component was drawn outside the page');
  return page;
}
