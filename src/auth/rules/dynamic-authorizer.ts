import type { Clock } from '../../base/clock.ts';
import { BoundedMap } from '../../base/collections/bounded-map.ts';
import type { Logger } from '../../base/logger.ts';
import {
  type Action,
  ALLOW,
  type Authorizer,
  DENY,
  type Decision,
  type SessionView,
} from '../../router/policy/authorizer.ts';
import { isDict } from '../../wamp/dict.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';

/** An application that authorizes the sessions of some roles. [advanced/authorization] */
export interface PermissionBackend {
  readonly roles: ReadonlySet<string>;
  /** Milliseconds that an answer is valid. */
  readonly lifetime: number;
  /** Rejects if the application does not answer. */
  ask(session: SessionView, action: Action, uri: Uri, match: MatchPolicy): Promise<unknown>;
}

/** Maximum of cached answers for one session. If there are more, the oldest is removed. */
const MAX_REMEMBERED = 1000;

/** Milliseconds until an application that did not answer is asked again. */
const FAILURE_LIFETIME = 1000;

const FAIL: Decision = Object.freeze({ verdict: 'fail', disclose: 'never' });
/** `force`: a callee replaces another one only if a rule allows it. */
const ALLOWED: Decision = Object.freeze({ ...ALLOW, force: false });

interface Remembered {
  readonly decision: Decision;
  readonly until: number;
}

/** Asks applications about the roles that are assigned to them and caches the answers. Other roles go to `inner`. */
export class DynamicAuthorizer implements Authorizer {
  readonly #inner: Authorizer;
  readonly #backends: ReadonlyMap<string, PermissionBackend>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #answers = new WeakMap<SessionView, BoundedMap<string, Remembered>>();

  constructor(inner: Authorizer, backends: ReadonlyMap<string, PermissionBackend>, clock: Clock, log: Logger) {
    this.#inner = inner;
    this.#backends = backends;
    this.#clock = clock;
    this.#log = log;
  }

  decide(session: SessionView, action: Action, uri: Uri, match: MatchPolicy): Decision {
    if (this.#backendOf(session) === undefined) return this.#inner.decide(session, action, uri, match);
    return this.#remembered(session, keyOf(action, uri, match)) ?? FAIL;
  }

  prepare(session: SessionView, action: Action, uri: Uri, match: MatchPolicy): Promise<void> | undefined {
    const backend = this.#backendOf(session);
    if (backend === undefined) return undefined;
    const key = keyOf(action, uri, match);
    if (this.#remembered(session, key) !== undefined) return undefined;
    return this.#ask(backend, session, action, uri, match).then(remembered => this.#remember(session, key, remembered));
  }

  #backendOf({ realm, principal, internal, linkInfo }: SessionView): PermissionBackend | undefined {
    const backend = this.#backends.get(realm);
    const asked = !internal || linkInfo.internal === 'replay';
    return backend?.roles.has(principal.authrole) === true && asked ? backend : undefined;
  }

  async #ask(
    backend: PermissionBackend,
    session: SessionView,
    action: Action,
    uri: Uri,
    match: MatchPolicy,
  ): Promise<Remembered> {
    try {
      const decision = decisionIn(await backend.ask(session, action, uri, match));
      return { decision, until: this.#clock.monotonic() + backend.lifetime };
    } catch (error) {
      this.#log.warn({ session: session.id, action, uri, err: error }, 'no valid answer from the authorizer procedure');
      return { decision: FAIL, until: this.#clock.monotonic() + FAILURE_LIFETIME };
    }
  }

  #remembered(session: SessionView, key: string): Decision | undefined {
    const found = this.#answers.get(session)?.get(key);
    return found !== undefined && found.until >= this.#clock.monotonic() ? found.decision : undefined;
  }

  #remember(session: SessionView, key: string, remembered: Remembered): void {
    let answers = this.#answers.get(session);
    if (answers === undefined) {
      answers = new BoundedMap(MAX_REMEMBERED);
      this.#answers.set(session, answers);
    }
    answers.set(key, remembered);
  }
}

function keyOf(action: Action, uri: string, match: MatchPolicy): string {
  return `${action} ${match} ${uri}`;
}

/** An answer is `true`, `false`, or a dictionary with `allow`. Throws if it is not valid. */
function decisionIn(answer: unknown): Decision {
  const { allow, disclose, trustlevel, retain, history } = isDict(answer) ? answer : { allow: answer };
  if (typeof allow !== 'boolean') throw new Error('the answer of the authorizer is neither true nor false');
  if (!allow) return DENY;
  return Object.freeze({
    ...ALLOWED,
    ...(disclose === true && { disclose: 'always' as const }),
    ...(typeof trustlevel === 'number' && trustlevel >= 0 && { trustlevel }),
    ...(retain === false && { retain: false }),
    ...(history === false && { history: false }),
  });
}
