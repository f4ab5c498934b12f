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

/** The rules of a realm, and the dependencies that its broker and dealer share. */
export class RealmRules {
  readonly name: string;
  readonly uriRule: UriRule;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: RouterLimits;
  /** Memory that the sessions of all realms share. */
  readonly shares: MemoryShares;
  readonly observer: RouterObserver;
  readonly publicationIds: IdSource;
  readonly takeover: Takeover;
  /** Random number from 0 to 1. */
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

  /** Throws `invalid_uri` unless the text is a topic or procedure of this realm. `session`: the sender. */
  checkUri(text: string, session?: RouterSession): void {
    if (!this.#isUri(text, 'exact', session)) throw this.#invalidUri(text, 'exact', session);
  }

  /** Throws `invalid_uri` if the text is too long or has too many components. */
  checkUriSize(text: string): void {
    const problem = sizeProblem(text, this.limits);
    if (problem !== undefined) throw new WampError(ErrorUri.InvalidUri, [problem]);
  }

  /** Whether `checkUri` accepts the text. */
  isTopic(text: string, session: RouterSession): text is Uri {
    return this.#isUri(text, 'exact', session);
  }

  /** The match policy in `options`. Throws `invalid_uri` unless the text is a pattern for it. */
  pattern(session: RouterSession, options: Dict, text: string): MatchPolicy {
    const match = matchPolicyOf(options);
    this.uri(text, match, session);
    return match;
  }

  /** The text as a topic, procedure or pattern of this realm. Throws `invalid_uri`. */
  uri(text: string, match: MatchPolicy, session?: RouterSession): Uri {
    if (this.#isUri(text, match, session)) return text;
    throw this.#invalidUri(text, match, session);
  }

  /** Throws if the session is not allowed the action. Returns whether its identity is disclosed. */
  authorize(session: RouterSession, action: Action, uri: Uri, match: MatchPolicy): Decision['disclose'] {
    return this.permit(session, action, uri, match).disclose;
  }

  /**
   * As `authorize`, but returns the whole decision. Every publication, registration and testament passes here. So the
   * confinement is checked here, before the authorizer is asked.
   */
  permit(session: RouterSession, action: Action, uri: Uri, match: MatchPolicy): Decision {
    if (session.isRouterSession) return ALLOW;
    if (isOutside(session, action, uri)) {
      const text = `not allowed to ${action} ${uri}: this session may publish and register only under ${session.confinedTo}`;
      throw this.refusal(session, ErrorUri.NotAuthorized, text);
    }
    const owned = this.#owned.ownedByAnother(session, action, uri);
    if (owned !== undefined) {
      const text = `not allowed to ${action} ${uri}: ${owned} is reserved for the gateway itself`;
      throw this.refusal(session, ErrorUri.NotAuthorized, text);
    }
    // Applications must not publish or register in the namespace `wamp`. [basic/building_blocks: reserved URIs]
    if ((action === 'publish' || action === 'register') && isReserved(uri))
      throw new WampError(ErrorUri.InvalidUri, ['the namespace wamp is reserved for the protocol']);
    const decision =
      action === 'publish' || action === 'call'
        ? this.#repeated(session, action, uri)
        : decide(this.#authorizer, session, action, uri, match, this.log);
    if (decision.verdict === 'allow') return decision;
    if (decision.verdict === 'deny') {
      // The hint explains a refusal that is caused by an unknown peer address.
      const { addressHint } = session.linkInfo;
      const hint = addressHint === undefined ? '' : `: ${addressHint}`;
      throw this.refusal(session, ErrorUri.NotAuthorized, `not allowed to ${action} ${uri}${hint}`);
    }
    const text = `the authorizer failed to decide whether to ${action} ${uri} is allowed`;
    throw this.refusal(session, ErrorUri.AuthorizationFailed, text);
  }

  /** Reserves memory for a new subscription or registration of a session. Throws `limit_exceeded`. */
  reserveName(session: RouterSession, uri: Uri, match: MatchPolicy, isNew: boolean): void {
    const { names } = this.shares;
    const own = nameBytes(uri, match) + MEMBER_BYTES;
    const most = names.limit / 4;
    if (!session.internal && session.nameBytes + own > most) {
      const text = `the subscriptions and registrations of one session have reached their limit of ${Math.floor(most)} bytes`;
      throw new WampError(ErrorUri.LimitExceeded, [text]);
    }
    if (!names.reserve(isNew ? own : MEMBER_BYTES) && !session.isRouterSession) {
      const text = `the subscriptions and registrations of all sessions have reached their limit of ${names.limit} bytes`;
      throw new WampError(ErrorUri.LimitExceeded, [text]);
    }
    session.nameBytes += own;
  }

  /** Releases the memory of an ended subscription or registration. */
  releaseName(session: RouterSession, uri: Uri, match: MatchPolicy, isLast: boolean): void {
    const own = nameBytes(uri, match) + MEMBER_BYTES;
    session.nameBytes -= own;
    this.shares.names.release(isLast ? own : MEMBER_BYTES);
  }

  /** Creates the error of a refusal and counts it, because not every request is answered. */
  refusal(session: RouterSession, uri: Uri, text: string): WampError {
    this.countRefusal(session);
    return new WampError(uri, [text]);
  }

  countRefusal(session: RouterSession): void {
    session.refused++;
    this.#refused++;
  }

  /** Requests of all sessions that the authorizer or the confinement has refused since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether the authorizer of this realm may need time before it decides. */
  get prepares(): boolean {
    return this.#authorizer.prepare !== undefined;
  }

  /** Resolves when `permit` can decide about the message. Undefined if it can decide now or is not needed. */
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

  /** Whether the session may subscribe to the topic itself. */
  mayReceive(session: RouterSession, topic: Uri): boolean {
    return this.may(session, 'subscribe', topic, 'exact');
  }

  /**
   * A function that says whether the session may read the history of a topic. It decides once for each topic.
   * [advanced/pubsub_event_history]
   */
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

  /** Whether `permit` would allow the action. */
  may(session: RouterSession, action: Action, uri: Uri, match: MatchPolicy): boolean {
    if (isOutside(session, action, uri) || this.#owned.ownedByAnother(session, action, uri) !== undefined) return false;
    return decide(this.#authorizer, session, action, uri, match, this.log).verdict === 'allow';
  }

  /** Whether `permit` would allow the publication, without waiting. Uses and fills the decision cache. */
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
    // An invalid policy or URI is refused later, when the message is handled. The authorizer is not asked.
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
    const problem =
      sizeProblem(text, this.limits, session) ?? `not ${what} under the ${this.uriRule} rule of this realm`;
    return new WampError(ErrorUri.InvalidUri, [problem]);
  }
}

/** Components that a bridge adds before the levels of a topic. The number of levels has its own limit. */
const PREFIX_COMPONENTS = 16;

/** The error text if a URI or pattern is too large, otherwise undefined. */
function sizeProblem(text: string, limits: RouterLimits, session?: RouterSession): string | undefined {
  const { length } = text;
  const { uriLength } = limits;
  const uriComponents = limits.uriComponents + (session?.linkInfo.transport === 'local' ? PREFIX_COMPONENTS : 0);
  if (length > uriLength) return `the URI has ${length} characters; the limit is ${uriLength}`;
  // A text with fewer characters than `uriComponents` cannot have too many components.
  if (length < uriComponents) return undefined;
  const components = componentCount(text);
  if (components <= uriComponents) return undefined;
  return `the URI has ${components} components; the limit is ${uriComponents} (limits.maxUriComponents)`;
}

/** Estimated memory of one subscriber or callee, in bytes. */
const MEMBER_BYTES = 150;

/** Estimated memory of a subscription or registration without its text, in bytes. */
const OBJECT_BYTES = { exact: 500, prefix: 750, wildcard: 900 } as const satisfies Record<MatchPolicy, number>;

/** Estimated memory of a subscription or registration. A character may take two bytes, and tree labels are copies. */
function nameBytes(uri: string, match: MatchPolicy): number {
  return OBJECT_BYTES[match] + 4 * uri.length;
}
