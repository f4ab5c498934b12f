import type { Dict } from '../../../wamp/dict.ts';
import { ErrorUri, WampError } from '../../../wamp/errors.ts';
import type { SessionView } from '../../policy/authorizer.ts';

/** A session as a receiver of events. */
export type Receiver = Pick<SessionView, 'id' | 'principal'>;

/** Entries of one list. Lists are evaluated for each receiver and compared with those of retained events. */
const MAX_LISTED = 10_000;

/** One list of the publisher. Undefined if the option is absent. */
type Listed<T> = ReadonlySet<T> | undefined;

/**
 * The receivers that a publisher allows for an event: six conditions that must all hold. A condition applies if its
 * option is present, so an empty `eligible` admits no session. [advanced/pubsub_subscriber_blackwhite_listing]
 */
export class Audience {
  readonly #eligible: Listed<number>;
  readonly #eligibleAuthid: Listed<string>;
  readonly #eligibleAuthrole: Listed<string>;
  readonly #exclude: Listed<number>;
  readonly #excludeAuthid: Listed<string>;
  readonly #excludeAuthrole: Listed<string>;

  private constructor(options: Dict) {
    this.#eligible = listed(options['eligible'], isNumber);
    this.#eligibleAuthid = listed(options['eligible_authid'], isString);
    this.#eligibleAuthrole = listed(options['eligible_authrole'], isString);
    this.#exclude = listed(options['exclude'], isNumber);
    this.#excludeAuthid = listed(options['exclude_authid'], isString);
    this.#excludeAuthrole = listed(options['exclude_authrole'], isString);
  }

  /**
   * The audience in PUBLISH.Options. Undefined if all subscribers are meant. Throws `invalid_argument` for an invalid
   * list: without the list, sessions that the publisher excludes would receive the event.
   */
  static of(options: Dict): Audience | undefined {
    const named =
      present(options['eligible']) ||
      present(options['eligible_authid']) ||
      present(options['eligible_authrole']) ||
      present(options['exclude']) ||
      present(options['exclude_authid']) ||
      present(options['exclude_authrole']);
    return named ? new Audience(options) : undefined;
  }

  admits({ id, principal }: Receiver): boolean {
    return this.#eligible?.has(id) !== false && this.#exclude?.has(id) !== true && this.admitsPrincipal(principal);
  }

  /** As `admits`, by the principal alone. */
  admitsPrincipal({ authid, authrole }: SessionView['principal']): boolean {
    return (
      this.#eligibleAuthid?.has(authid) !== false &&
      this.#eligibleAuthrole?.has(authrole) !== false &&
      this.#excludeAuthid?.has(authid) !== true &&
      this.#excludeAuthrole?.has(authrole) !== true
    );
  }

  /** Whether a condition names session ids. Sessions that join later cannot meet such a condition. */
  get namesSessions(): boolean {
    return this.#eligible !== undefined || this.#exclude !== undefined;
  }

  /** Whether no session is admitted. */
  get isEmpty(): boolean {
    return this.#eligible?.size === 0 || this.#eligibleAuthid?.size === 0 || this.#eligibleAuthrole?.size === 0;
  }

  /** Estimated memory of the lists, in bytes. */
  get bytes(): number {
    const lists = [this.#eligible, this.#eligibleAuthid, this.#eligibleAuthrole];
    let sum = 0;
    for (const list of [...lists, this.#exclude, this.#excludeAuthid, this.#excludeAuthrole]) {
      for (const name of list ?? []) sum += 50 + (typeof name === 'string' ? 2 * name.length : 0);
    }
    return sum;
  }

  /** Whether this audience admits each session that `other` admits. False if the lists alone do not show it. */
  covers(other: Audience): boolean {
    return (
      isWithin(other.#eligible, this.#eligible) &&
      isWithin(other.#eligibleAuthid, this.#eligibleAuthid) &&
      isWithin(other.#eligibleAuthrole, this.#eligibleAuthrole) &&
      excludesLess(this.#exclude, other.#exclude) &&
      excludesLess(this.#excludeAuthid, other.#excludeAuthid) &&
      excludesLess(this.#excludeAuthrole, other.#excludeAuthrole)
    );
  }
}

function isWithin<T>(inner: Listed<T>, outer: Listed<T>): boolean {
  return outer === undefined || (inner !== undefined && isSubset(inner, outer));
}

function excludesLess<T>(less: Listed<T>, more: Listed<T>): boolean {
  return less === undefined || less.size === 0 || (more !== undefined && isSubset(less, more));
}

function isSubset<T>(small: ReadonlySet<T>, large: ReadonlySet<T>): boolean {
  if (small.size > large.size) return false;
  for (const item of small) if (!large.has(item)) return false;
  return true;
}

function listed<T>(value: unknown, isItem: (item: unknown) => item is T): Listed<T> {
  if (!present(value)) return undefined;
  if (!Array.isArray(value) || (value.length <= MAX_LISTED && !value.every(isItem))) {
    throw new WampError(ErrorUri.InvalidArgument, [
      'eligible and exclude must be lists of session ids, authids or authroles',
    ]);
  }
  if (value.length > MAX_LISTED) {
    throw new WampError(ErrorUri.InvalidArgument, [
      `a list in eligible or exclude has ${value.length} entries; the limit is ${MAX_LISTED}`,
    ]);
  }
  return new Set(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

/** null counts as absent, as for all options. */
function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}
