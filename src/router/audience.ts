import type { Dict } from '../wamp/dict.ts';
import { ErrorUri, WampError } from '../wamp/errors.ts';
import type { Session } from './session.ts';

/** A list of the publisher's, in the form in which it is asked; undefined where the attribute is absent. */
type Listed<T> = ReadonlySet<T> | undefined;

/**
 * Whom a publisher lets receive an event. Six conditions, all of which must hold; each counts as soon as its attribute
 * is present, so an empty `eligible` admits nobody. [advanced/pubsub_subscriber_blackwhite_listing]
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
   * The audience that PUBLISH.Options describe; undefined where everybody is meant. Refused where a list is
   * none: ignoring it would hand the event to those whom the publisher wanted to keep it from.
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

  admits({ id, principal: { authid, authrole } }: Session): boolean {
    return (
      this.#eligible?.has(id) !== false &&
      this.#eligibleAuthid?.has(authid) !== false &&
      this.#eligibleAuthrole?.has(authrole) !== false &&
      this.#exclude?.has(id) !== true &&
      this.#excludeAuthid?.has(authid) !== true &&
      this.#excludeAuthrole?.has(authrole) !== true
    );
  }
}

function listed<T>(value: unknown, isItem: (item: unknown) => item is T): Listed<T> {
  if (!present(value)) return undefined;
  if (!Array.isArray(value) || !value.every(isItem)) {
    throw new WampError(ErrorUri.InvalidArgument, [
      'eligible and exclude are lists of session ids, authids or authroles',
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

/** An attribute that is null is absent, as all options are. */
function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}
