import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { IdSource } from '../wamp/ids.ts';
import { isUri, type MatchPolicy, type Uri, type UriRule } from '../wamp/uri.ts';
import { type Action, type Authorizer, type Decision, decide } from './authorizer.ts';
import type { RouterLimits } from './limits.ts';
import type { RouterObserver } from './observer.ts';
import type { Session } from './session.ts';

/** What a realm's broker and dealer have in common: the rules of the realm and what the router was given. */
export class RealmContext {
  readonly name: string;
  readonly uriRule: UriRule;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: RouterLimits;
  readonly observer: RouterObserver;
  readonly publicationIds: IdSource;
  readonly #authorizer: Authorizer;

  constructor(options: {
    readonly name: string;
    readonly uriRule: UriRule;
    readonly clock: Clock;
    readonly log: Logger;
    readonly limits: RouterLimits;
    readonly observer: RouterObserver;
    readonly publicationIds: IdSource;
    readonly authorizer: Authorizer;
  }) {
    this.name = options.name;
    this.uriRule = options.uriRule;
    this.clock = options.clock;
    this.log = options.log;
    this.limits = options.limits;
    this.observer = options.observer;
    this.publicationIds = options.publicationIds;
    this.#authorizer = options.authorizer;
  }

  /** Whether `text` may name a topic or procedure of this realm, or a pattern of them. */
  isUri(text: string, match: MatchPolicy): text is Uri {
    return text.length <= this.limits.uriLength && isUri(text, this.uriRule, match);
  }

  decide(session: Session, action: Action, uri: Uri, match: MatchPolicy): Decision {
    return decide(this.#authorizer, session, action, uri, match, this.log);
  }
}
