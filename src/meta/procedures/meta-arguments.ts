import type { RealmView } from '../../router/realm/realm-view.ts';
import { matchPolicyOf } from '../../router/requests/request-options.ts';
import { type Dict, EMPTY_DICT, isDict } from '../../wamp/dict.ts';
import { CloseUri, ErrorUri, WampError } from '../../wamp/errors.ts';
import { asId, type Id, type IdScope, isId } from '../../wamp/ids.ts';
import { isUri, type MatchPolicy, type Uri } from '../../wamp/uri.ts';

// What meta procedures are called with. An argument that is null is absent, and those that are too many are ignored.

/** An id; `name` is for the error. Throws `invalid_argument`. */
export function idArgument<Scope extends IdScope>(value: unknown, name: Scope): Id<Scope> {
  if (isId(value)) return asId<Scope>(value);
  throw invalid(`the ${name} has to be an id: a whole number from 1 to 2^53`);
}

export function textArgument(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw invalid(`the ${name} has to be a string`);
}

/** A topic, a procedure or a pattern. Throws `invalid_argument` for what is no string and `invalid_uri` for what is no URI. */
export function uriArgument(
  value: unknown,
  name: string,
  match: MatchPolicy,
  realm: Pick<RealmView, 'checkUriSize'>,
): Uri {
  const text = textArgument(value, name);
  realm.checkUriSize(text);
  if (isUri(text, 'loose', match)) return text;
  throw new WampError(ErrorUri.InvalidUri, [`the ${name} is not a URI for match ${match}`]);
}

/** `match` of the options of a look-up. */
export function matchArgument(value: unknown): MatchPolicy {
  return matchPolicyOf(dictArgument(value, 'options'));
}

/** Absent: empty. */
export function dictArgument(value: unknown, name: string): Dict {
  if (isAbsent(value)) return EMPTY_DICT;
  if (isDict(value)) return value;
  throw invalid(`${name} has to be a dictionary`);
}

/** Absent: empty. */
export function listArgument(value: unknown, name: string): readonly unknown[] {
  if (isAbsent(value)) return [];
  if (Array.isArray(value)) return value;
  throw invalid(`${name} has to be a list`);
}

/** `filter_authroles`; undefined where there is none. */
export function rolesArgument(value: unknown): ReadonlySet<unknown> | undefined {
  if (isAbsent(value)) return undefined;
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return new Set(value);
  throw invalid('the filter has to be a list of authroles');
}

/** A whole number from 1 to `most`. */
export function countArgument(value: unknown, name: string, absent: number, most: number): number {
  if (isAbsent(value)) return absent;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalid(`${name} has to be a whole number from 1 to ${most}`);
}

/** What a session that is killed is told. */
export interface Farewell {
  readonly reason: Uri;
  readonly message: string | undefined;
}

/** `reason` and `message` of the procedures that kill. [advanced/meta_api_sessions: wamp.session.kill] */
export function farewellArguments({ reason, message }: Dict): Farewell {
  if (!isAbsent(reason) && !(typeof reason === 'string' && isUri(reason, 'loose'))) {
    throw new WampError(ErrorUri.InvalidUri, ['the reason has to be a URI']);
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
