import type { RealmView } from '../../router/realm/realm-view.ts';
import { matchPolicyOf } from '../../router/requests/request-options.ts';
import { type Dict, EMPTY_DICT, isDict } from '../../wamp/dict.ts';
import { CloseUri, ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId, type Id, type IdScope, isId } from '../../wamp/ids.ts';
import { isUri, type MatchPolicy, type Uri } from '../../wamp/uri.ts';

// Arguments of meta procedures. A null argument counts as absent, and surplus arguments are ignored.

/** An id. `name` is used in the error. Throws `invalid_argument`. */
export function idArgument<Scope extends IdScope>(value: unknown, name: Scope): Id<Scope> {
  if (isId(value)) return asId<Scope>(value);
  throw invalid(`the ${name} must be an id: an integer from 1 to 2^53`);
}

export function textArgument(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw invalid(`the ${name} must be a string`);
}

/**
 * A topic, a procedure or a pattern. Throws `invalid_argument` if it is not a string, and `invalid_uri` if it is not a
 * URI.
 */
export function uriArgument(
  value: unknown,
  name: string,
  match: MatchPolicy,
  realm: Pick<RealmView, 'checkUriSize'>,
): Uri {
  const text = textArgument(value, name);
  realm.checkUriSize(text);
  if (isUri(text, 'loose', match)) return text;
  throw new WampError(ErrorUri.InvalidUri, [`the ${name} is not a valid URI for match ${match}`]);
}

/** `match` of a look-up. */
export function matchArgument(value: unknown): MatchPolicy {
  return matchPolicyOf(dictArgument(value, 'options'));
}

/** Absent means empty. */
export function dictArgument(value: unknown, name: string): Dict {
  if (isAbsent(value)) return EMPTY_DICT;
  if (isDict(value)) return value;
  throw invalid(`${name} must be a dictionary`);
}

/** Absent means empty. */
export function listArgument(value: unknown, name: string): readonly unknown[] {
  if (isAbsent(value)) return [];
  if (Array.isArray(value)) return value;
  throw invalid(`${name} must be a list`);
}

/** `filter_authroles`. Undefined if it is absent. */
export function rolesArgument(value: unknown): ReadonlySet<unknown> | undefined {
  if (isAbsent(value)) return undefined;
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return new Set(value);
  throw invalid('the filter must be a list of authroles');
}

/** An integer from 1 to `most`. */
export function countArgument(value: unknown, name: string, absent: number, most: number): number {
  if (isAbsent(value)) return absent;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalid(`${name} must be an integer from 1 to ${most}`);
}

/** The reason and message for a killed session. */
export interface Farewell {
  readonly reason: Uri;
  readonly message: string | undefined;
}

/** `reason` and `message` of the procedures that kill. [advanced/meta_api_sessions: wamp.session.kill] */
export function farewellArguments({ reason, message }: Dict): Farewell {
  if (!isAbsent(reason) && !(typeof reason === 'string' && isUri(reason, 'loose'))) {
    throw new WampError(ErrorUri.InvalidUri, ['the reason must be a URI']);
  }
  return {
    reason: isAbsent(reason) ? CloseUri.Killed : reason,
    message: isAbsent(message) ? undefined : textArgument(message, 'message'),
  };
}

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function invalid(text: string): WampError {
  return new WampError(ErrorUri.InvalidArgument, [text]);
}
