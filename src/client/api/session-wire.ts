import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Link } from '../../link/link.ts';
import { type Dict, isDict } from '../../wamp/dict.ts';
import { ErrorUri, ProtocolViolation, WampError } from '../../wamp/errors.ts';
import { asId, type Id } from '../../wamp/ids.ts';
import type { Message } from '../../wamp/messages/messages.ts';

/**
 * State shared by the four roles of a session: the link, the counter of request ids, and whether the session is over.
 */
export class SessionWire {
  readonly clock: Clock;
  readonly log: Logger;
  readonly #link: Link;
  readonly #welcome: Dict;
  #lastRequest = 0;
  #over: string | undefined;

  constructor(link: Link, welcome: Dict, clock: Clock, log: Logger) {
    this.#link = link;
    this.#welcome = welcome;
    this.clock = clock;
    this.log = log;
  }

  /** The error for further requests (`wamp.error.network_failure`), or undefined while the session is open. */
  get refusal(): WampError | undefined {
    return this.#over === undefined ? undefined : sessionOver(this.#over);
  }

  /** Throws `refusal` if the session is over. */
  ensureJoined(): void {
    const refusal = this.refusal;
    if (refusal !== undefined) throw refusal;
  }

  end(reason: string): void {
    this.#over ??= reason;
  }

  /**
   * The next request id: 1, 2, 3 …. The message must be sent before the next id is taken. [basic/building_blocks:
   * session scope]
   */
  nextRequest(): Id<'request'> {
    this.#lastRequest = this.#lastRequest >= Number.MAX_SAFE_INTEGER ? 1 : this.#lastRequest + 1;
    return asId(this.#lastRequest);
  }

  send(message: Message): void {
    this.#link.send(message);
  }

  /**
   * Handles an answer without a pending request. It is dropped if the request was cancelled or timed out here. It is a
   * protocol violation if the request was never made.
   */
  unexpected(request: Id<'request'>, what: string): void {
    if (request > this.#lastRequest) throw new ProtocolViolation(`${what} for request ${request}, which was not made`);
    this.log.debug({ request, message: what }, 'late answer dropped');
  }

  /** Whether the router announced a feature in WELCOME. [advanced/features] */
  routerHas(role: 'broker' | 'dealer', feature: string): boolean {
    const roles = this.#welcome['roles'];
    const details = isDict(roles) ? roles[role] : undefined;
    const features = isDict(details) ? details['features'] : undefined;
    return isDict(features) && features[feature] === true;
  }
}

/** The error for requests that are pending when the session ends. */
export function sessionOver(reason: string): WampError {
  return new WampError(ErrorUri.NetworkFailure, [`the session is over: ${reason}`]);
}
