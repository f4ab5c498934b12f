import type { Clock } from '../../base/clock.ts';
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

/** An application that decides what the sessions of some roles may do. [advanced/authorization] */
export interface PermissionBackend {
  readonly roles: ReadonlySet<string>;
  /** Milliseconds that an answer holds. */
  readonly lifetime: number;
  /** Rejects where it cannot be asked. */
  ask(session: SessionView, action: Action, uri: Uri, match: MatchPolicy): Promise<unknown>;
}

/** Answers that are remembered for one session; the oldest give way. */
const MAX_REMEMBERED = 1000;

/** Milliseconds for which an application that could not be asked is left alone. */
const FAILURE_LIFETIME = 1000;

const FAIL: Decision = Object.freeze({ verdict: 'fail', disclose: 'never' });
/** As a rule allows: a callee pushes nobody off unless it is said. */
const ALLOWED: Decision = Object.freeze({ ...ALLOW, force: false });

interface Remembered {
  readonly decision: Decision;
  readonly until: number;
}

/** Asks applications about the roles that are theirs, remembers what they say, and leaves the others to another authorizer. */
export class DynamicAuthorizer implements Authorizer {
  readonly #inner: Authorizer;
  readonly #backends: ReadonlyMap<string, PermissionBackend>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #answers = new WeakMap<SessionView, Map<string, Remembered>>();

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
      this.#log.warn(
        { session: session.id, action, uri, err: error },
        'the application that authorizes did not answer',
      );
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
      answers = new Map();
      this.#answers.set(session, answers);
    }
    answers.delete(key);
    answers.set(key, remembered);
    if (answers.size <= MAX_REMEMBERED) return;
    for (const oldest of answers.keys()) {
      answers.delete(oldest);
      return;
    }
  }
}

function keyOf(action: Action, uri: string, match: MatchPolicy): string {
  return `${action} ${match} ${uri}`;
}

/** `true`, `false`, or a dictionary with `allow`. Throws for what is no answer. */
function decisionIn(answer: unknown): Decision {
  const told = isDict(answer) ? answer : { allow: answer };
  const { allow, disclose, trustlevel } = told;
  if (typeof allow !== 'boolean') throw new Error('the application answers neither true nor false');
  if (!allow) return DENY;
  return Object.freeze({
    ...ALLOWED,
    ...(disclose === true && { disclose: 'always' as const }),
    ...(typeof trustlevel === 'number' && trustlevel >= 0 && { trustlevel }),
    ...(told['retain'] === false && { retain: false }),
    ...(told['history'] === false && { history: false }),
  });
}
