import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Dict } from '../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { IdSource } from '../../wamp/ids.ts';
import { MessageType } from '../../wamp/messages/message-type.ts';
import type { Message } from '../../wamp/messages/messages.ts';
import { isReserved, isUri, type MatchPolicy, type Uri, type UriRule } from '../../wamp/uri.ts';
import { componentCount } from '../matching/wildcard-trie.ts';
import { type Action, ALLOW, type Authorizer, type Decision, decide } from '../policy/authorizer.ts';
import { DecisionCache, type RepeatedAction } from '../policy/decision-cache.ts';
import type { RouterLimits } from '../quota/limits.ts';
import type { MemoryShares } from '../quota/memory-share.ts';
import { matchPolicyOf } from '../requests/request-options.ts';
import { isOutside } from './confinement.ts';
import type { RouterObserver } from './observer.ts';
import { type OwnedTopics, OwnedTopicTable } from './owned-topics.ts';
import type { RouterSession } from './session.ts';

/** `same-authid`: a new session takes over the unshared registrations of an older session with the same authid. */
export type Takeover = 'none' | 'same-authid';

/** What a realm's broker and dealer have in common: the rules of the realm and what the router was given. */
export class RealmRules {
  readonly name: string;
  readonly uriRule: UriRule;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: RouterLimits;
  /** What the sessions of all realms have together. */
  readonly shares: MemoryShares;
  readonly observer: RouterObserver;
  readonly publicationIds: IdSource;
  /** Whether a principal's new session takes over what an old one of its has registered. */
  readonly takeover: Takeover;
  /** From 0 to 1, for choices that are left to chance. */
  readonly random: () => number;
  readonly #authorizer: Authorizer;
  readonly #owned: OwnedTopicTable;
  #refused = 0;

  constructor(options: {
    readonly name: string;
    readonly uriRule: UriRule;
    readonly clock: Clock;
    readonly log: Logger;
    readonly limits: RouterLimits;
    readonly shares: MemoryShares;
    readonly observer: RouterObserver;
    readonly publicationIds: IdSource;
    readonly authorizer: Authorizer;
    readonly takeover: Takeover;
    readonly random: () => number;
    readonly owned?: readonly OwnedTopics[];
  }) {
    this.name = options.name;
    this.uriRule = options.uriRule;
    this.clock = options.clock;
    this.log = options.log;
    this.limits = options.limits;
    this.shares = options.shares;
    this.observer = options.observer;
    this.publicationIds = options.publicationIds;
    this.takeover = options.takeover;
    this.random = options.random;
    this.#authorizer = options.authorizer;
    this.#owned = new OwnedTopicTable(options.owned ?? []);
  }

  /** Refuses what is no topic or procedure of this realm. `session`: who says it. */
  checkUri(text: string, session?: RouterSession): void {
    if (!this.#isUri(text, 'exact', session)) throw this.#invalidUri(text, 'exact', session);
  }

  /** Refuses what is too long, or has too many components, to be looked for. */
  checkUriSize(text: string): void {
    const problem = sizeProblem(text, this.limits);
    if (problem !== undefined) throw new WampError(ErrorUri.InvalidUri, [problem]);
  }

  /** Whether `checkUri` takes a text. */
  isTopic(text: string, session: RouterSession): text is Uri {
    return this.#isUri(text, 'exact', session);
  }

  /** The policy in `options`; refuses what is no pattern of it on this realm. */
  pattern(session: RouterSession, options: Dict, text: string): MatchPolicy {
    const match = matchPolicyOf(options);
    this.uri(text, match, session);
    return match;
  }

  /** `text` as a topic, a procedure or a pattern of this realm; refuses what is none. */
  uri(text: string, match: MatchPolicy, session?: RouterSession): Uri {
    if (this.#isUri(text, match, session)) return text;
    throw this.#invalidUri(text, match, session);
  }

  /** Refuses what the session may not do; whether it is disclosed who it is. */
  authorize(session: RouterSession, action: Action, uri: Uri, match: MatchPolicy): Decision['disclose'] {
    return this.permit(session, action, uri, match).disclose;
  }

  /**
   * As `authorize`, with all that was decided. Every publication, registration and testament passes here, so this is where
   * confinement holds: before the authorizer is asked, and also if it allows everything.
   */
  permit(session: RouterSession, action: Action, uri: Uri, match: MatchPolicy): Decision {
    if (session.isRouterSession) return ALLOW;
    if (isOutside(session, action, uri)) {
      const text = `not allowed to ${action} ${uri}: this session publishes and registers under ${session.confinedTo} alone`;
      throw this.refusal(session, ErrorUri.NotAuthorized, text);
    }
    const owned = this.#owned.ownedByAnother(session, action, uri);
    if (owned !== undefined) {
      const text = `not allowed to ${action} ${uri}: only the gateway itself does so at ${owned}`;
      throw this.refusal(session, ErrorUri.NotAuthorized, text);
    }
    // Applications neither publish nor register in the namespace of the protocol. [basic/building_blocks: reserved URIs]
    if ((action === 'publish' || action === 'register') && isReserved(uri))
      throw new WampError(ErrorUri.InvalidUri, ['wamp is reserved for the protocol itself']);
    const decision =
      action === 'publish' || action === 'call'
        ? this.#repeated(session, action, uri)
        : decide(this.#authorizer, session, action, uri, match, this.log);
    if (decision.verdict === 'allow') return decision;
    if (decision.verdict === 'deny') {
      // What may depend on the peer's address, as the meta API does, is refused if that is not known.
      const { addressHint } = session.linkInfo;
      const hint = addressHint === undefined ? '' : `: ${addressHint}`;
      throw this.refusal(session, ErrorUri.NotAuthorized, `not allowed to ${action} ${uri}${hint}`);
    }
    const text = `it could not be decided whether to ${action} ${uri} is allowed`;
    throw this.refusal(session, ErrorUri.AuthorizationFailed, text);
  }

  /** Counts a subscription or registration that a session is about to have. Refuses what there is no memory for. */
  reserveName(session: RouterSession, uri: Uri, match: MatchPolicy, isNew: boolean): void {
    const { names } = this.shares;
    const own = nameBytes(uri, match) + MEMBER_BYTES;
    const most = names.limit / 4;
    if (!session.internal && session.nameBytes + own > most) {
      const text = `the subscriptions and registrations of one session may take ${Math.floor(most)} bytes of memory`;
      throw new WampError(ErrorUri.LimitExceeded, [text]);
    }
    if (!names.reserve(isNew ? own : MEMBER_BYTES) && !session.isRouterSession) {
      const text = `the subscriptions and registrations of all sessions take the ${names.limit} bytes that they may`;
      throw new WampError(ErrorUri.LimitExceeded, [text]);
    }
    session.nameBytes += own;
  }

  /** As `reserveName`, for one that a session has no more. */
  releaseName(session: RouterSession, uri: Uri, match: MatchPolicy, isLast: boolean): void {
    const own = nameBytes(uri, match) + MEMBER_BYTES;
    session.nameBytes -= own;
    this.shares.names.release(isLast ? own : MEMBER_BYTES);
  }

  /** What the session is answered that may not do something; counted, as not every request is answered. */
  refusal(session: RouterSession, uri: Uri, text: string): WampError {
    this.countRefusal(session);
    return new WampError(uri, [text]);
  }

  countRefusal(session: RouterSession): void {
    session.refused++;
    this.#refused++;
  }

  /** Requests refused by the authorizer or by confinement, of all sessions since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether finding out what is allowed may take time on this realm. */
  get prepares(): boolean {
    return this.#authorizer.prepare !== undefined;
  }

  /** Finds out what `permit` is going to be asked; undefined where it knows, or is not going to be asked. */
  prepare(session: RouterSession, message: Message): Promise<void> | undefined {
    if (session.isRouterSession) return undefined;
    switch (message.type) {
      case MessageType.Publish:
        return this.#prepare(session, 'publish', message.topic, 'exact');
      case MessageType.Call:
        return this.#prepare(session, 'call', message.procedure, 'exact');
      case MessageType.Subscribe:
        return this.#prepare(session, 'subscribe', message.topic, message.options['match'] ?? 'exact');
      case MessageType.Register:
        return this.#prepare(session, 'register', message.procedure, message.options['match'] ?? 'exact');
      default:
        return undefined;
    }
  }

  /** Whether the session might subscribe to a topic by its name. */
  mayReceive(session: RouterSession, topic: Uri): boolean {
    return this.may(session, 'subscribe', topic, 'exact');
  }

  /** For what topics the session might ask what was published to them; each is decided once. [advanced/pubsub_event_history] */
  mayRecall(session: RouterSession): (topic: Uri) => boolean {
    const decided = new Map<Uri, boolean>();
    return topic => {
      const known = decided.get(topic);
      if (known !== undefined) return known;
      const { verdict, history } = decide(this.#authorizer, session, 'subscribe', topic, 'exact', this.log);
      const may = verdict === 'allow' && history !== false;
      decided.set(topic, may);
      return may;
    };
  }

  /** Whether `permit` would permit it. */
  may(session: RouterSession, action: Action, uri: Uri, match: MatchPolicy): boolean {
    if (isOutside(session, action, uri) || this.#owned.ownedByAnother(session, action, uri) !== undefined) return false;
    return decide(this.#authorizer, session, action, uri, match, this.log).verdict === 'allow';
  }

  /** Whether `permit` would permit it, by what is known now: the answer to the same question is remembered. */
  mayPublishNow(session: RouterSession, uri: Uri): boolean {
    const action = 'publish';
    if (session.isRouterSession) return true;
    if (isOutside(session, action, uri) || isReserved(uri)) return false;
    if (this.#owned.ownedByAnother(session, action, uri) !== undefined) return false;
    return this.#repeated(session, action, uri).verdict === 'allow';
  }

  #repeated(session: RouterSession, action: RepeatedAction, uri: Uri): Decision {
    const authorizer = this.#authorizer;
    const { version } = authorizer;
    if (version === undefined) return decide(authorizer, session, action, uri, 'exact', this.log);
    const known = session.decisions?.get(action, uri, version);
    if (known !== undefined) return known;
    const decision = decide(authorizer, session, action, uri, 'exact', this.log);
    if (decision.verdict !== 'fail') {
      session.decisions ??= new DecisionCache(this.shares.decisions);
      session.decisions.set(action, uri, version, decision);
    }
    return decision;
  }

  #prepare(session: RouterSession, action: Action, uri: string, match: unknown): Promise<void> | undefined {
    // What is none is refused in its turn, and nobody is asked about it.
    if (match !== 'exact' && match !== 'prefix' && match !== 'wildcard') return undefined;
    if (!this.#isUri(uri, match, session) || isOutside(session, action, uri)) return undefined;
    try {
      return this.#authorizer.prepare?.(session, action, uri, match);
    } catch (error) {
      this.log.error({ session: session.id, action, uri, err: error }, 'the authorizer failed');
      return undefined;
    }
  }

  #isUri(text: string, match: MatchPolicy, session?: RouterSession): text is Uri {
    return sizeProblem(text, this.limits, session) === undefined && isUri(text, this.uriRule, match);
  }

  #invalidUri(text: string, match: MatchPolicy, session?: RouterSession): WampError {
    const what = match === 'exact' ? 'a URI' : `a URI for match ${match}`;
    const problem = sizeProblem(text, this.limits, session) ?? `not ${what} by the ${this.uriRule} rule of this realm`;
    return new WampError(ErrorUri.InvalidUri, [problem]);
  }
}

/** Components that a bridge puts before the levels of a topic, which have a bound of their own. */
const PREFIX_COMPONENTS = 16;

/** What is wrong with the size of a URI or pattern; undefined where nothing is. */
function sizeProblem(text: string, limits: RouterLimits, session?: RouterSession): string | undefined {
  const { length } = text;
  const { uriLength } = limits;
  const uriComponents = limits.uriComponents + (session?.linkInfo.transport === 'local' ? PREFIX_COMPONENTS : 0);
  if (length > uriLength) return `a URI may have ${uriLength} characters, and this one has ${length}`;
  // With fewer characters there are not as many points.
  if (length < uriComponents) return undefined;
  const components = componentCount(text);
  if (components <= uriComponents) return undefined;
  return `a URI may have ${uriComponents} components (limits.maxUriComponents), and this one has ${components}`;
}

/** What one session's part in a subscription or registration takes. */
const MEMBER_BYTES = 150;

/** Nodes, entries of tables and the object, beside the text of a URI or pattern. */
const OBJECT_BYTES = { exact: 500, prefix: 750, wildcard: 900 } as const satisfies Record<MatchPolicy, number>;

/** Memory that a subscription or registration takes, near enough: a character may take two bytes, and labels are copies. */
function nameBytes(uri: string, match: MatchPolicy): number {
  return OBJECT_BYTES[match] + 4 * uri.length;
}
