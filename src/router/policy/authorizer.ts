import type { Logger } from '../../base/logger.ts';
import type { LinkInfo, Principal } from '../../link/link.ts';
import type { Id } from '../../wamp/ids.ts';
import type { MatchPolicy, Uri } from '../../wamp/uri.ts';

export type Action = 'publish' | 'subscribe' | 'call' | 'register';

/** A session as authorizers and observers see it. */
export interface SessionView {
  readonly id: Id<'session'>;
  readonly realm: string;
  readonly principal: Principal;
  readonly linkInfo: LinkInfo;
  /** Whether it is a session of this program. Internal sessions are not counted, listed, killed or announced. */
  readonly internal: boolean;
}

/** Whether a session may do an action. Authorizers return constants, so that a decision creates no object. */
export interface Decision {
  /** `fail`: the authorizer threw an error. */
  readonly verdict: 'allow' | 'deny' | 'fail';
  /** Whether the receiver learns the identity of the publisher or caller. */
  readonly disclose: 'on request' | 'always' | 'never';
  /** From 0, the lowest. Sent to the receiver if it is defined. [advanced/pubsub_publication_trustlevels] */
  readonly trustlevel?: number;
  /** Whether a callee may displace others with `force_reregister`. Default false. */
  readonly force?: boolean;
  /** For `publish`: whether the event may be retained. Default true. */
  readonly retain?: boolean;
  /** For `subscribe`: whether the session may read the event history. Default true. */
  readonly history?: boolean;
}

/** Decides what sessions may do. It is asked for every request, so it must be fast or have a `version`. */
export interface Authorizer {
  /**
   * A number that changes whenever a decision may change. While it is the same, the router caches decisions about
   * `publish` and `call` for each session. Absent: decisions are not cached.
   */
  readonly version?: number | undefined;
  /** `match` is `exact` for publish and call. For a pattern, the decision holds for every URI that it matches. */
  decide(session: SessionView, action: Action, uri: Uri, match: MatchPolicy): Decision;
  /**
   * Prepares the next decision if it takes time: the messages of this session wait in order until the promise resolves.
   * Undefined if `decide` can answer now.
   */
  readonly prepare?:
    | ((session: SessionView, action: Action, uri: Uri, match: MatchPolicy) => Promise<void> | undefined)
    | undefined;
}

export const ALLOW: Decision = Object.freeze({ verdict: 'allow', disclose: 'on request', force: true });
export const DENY: Decision = Object.freeze({ verdict: 'deny', disclose: 'never' });
const FAIL: Decision = Object.freeze({ verdict: 'fail', disclose: 'never' });

/** Allows every action, and discloses identities on request. */
export const allowAll: Authorizer = { decide: () => ALLOW };

/** Asks `authorizer`. An exception becomes the verdict `fail`. */
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
