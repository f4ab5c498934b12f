import type { Logger } from '../../base/logger.ts';
import type { LinkInfo, Principal } from '../../link/link.ts';
import type { Id } from '../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';

export type Action = 'publish' | 'subscribe' | 'call' | 'register';

/** A session as an authorizer or an observer sees it. */
export interface SessionView {
  readonly id: Id<'session'>;
  readonly realm: string;
  readonly principal: Principal;
  readonly linkInfo: LinkInfo;
  /** Whether it is a part of this program and nobody's client: not to be counted, listed, killed or announced. */
  readonly internal: boolean;
}

/** The answer to whether a session may do something; constants, so that asking costs no object. */
export interface Decision {
  /** `fail`: the authorizer itself ran into an error. */
  readonly verdict: 'allow' | 'deny' | 'fail';
  /** Whether the receiver learns who publishes or calls. */
  readonly disclose: 'on request' | 'always' | 'never';
  /** From 0, the lowest; told to the receiver. Absent: it is told nothing. [advanced/pubsub_publication_trustlevels] */
  readonly trustlevel?: number;
  /** Whether a callee may push others off a procedure with `force_reregister`. Default false. */
  readonly force?: boolean;
  /** Of publishing: whether the event may be retained. Default true. */
  readonly retain?: boolean;
  /** Of subscribing: whether the caller may ask for what was, too. Default true. */
  readonly history?: boolean;
}

/** Decides what sessions may do. Asked for every request, so it has to be quick, or have a `version`. */
export interface Authorizer {
  /**
   * Any other number than before as soon as an answer to the same question may be another. As long as it stays, what was
   * answered about publishing and calling is remembered for each session. Absent: asked every time.
   */
  readonly version?: number | undefined;
  /** `match` is `exact` for publish and call; for patterns, the answer holds for every URI that the pattern matches. */
  decide(session: SessionView, action: Action, uri: Uri, match: MatchPolicy): Decision;
  /**
   * Finds out what `decide` will be asked next, where that takes time: the session's messages wait in order until this
   * resolves, and nobody else's do. Undefined where `decide` knows already.
   */
  readonly prepare?:
    | ((session: SessionView, action: Action, uri: Uri, match: MatchPolicy) => Promise<void> | undefined)
    | undefined;
}

export const ALLOW: Decision = Object.freeze({ verdict: 'allow', disclose: 'on request', force: true });
export const DENY: Decision = Object.freeze({ verdict: 'deny', disclose: 'never' });
const FAIL: Decision = Object.freeze({ verdict: 'fail', disclose: 'never' });

/** Everybody may do everything, and identities are disclosed by those who ask for it. */
export const allowAll: Authorizer = { decide: () => ALLOW };

/** Asks `authorizer`, and turns an exception into a refusal. */
export function decide(
  authorizer: Authorizer,
  session: SessionView,
  action: Action,
  uri: Uri,
  match: MatchPolicy,
  log: Logger,
): Decision {
  try {
    return authorizer.decide(session, action, uri, match);
  } catch (error) {
    log.error({ session: session.id, action, uri, err: error }, 'the authorizer failed');
    return FAIL;
  }
}
