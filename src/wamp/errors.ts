import type { Dict } from './dict.ts';
import type { Uri } from './uri.ts';

const uri = (text: string): Uri => text as Uri;

/** Error URIs of the specification. [basic/uri_reference], [advanced/uris] */
export const ErrorUri = {
  InvalidUri: uri('wamp.error.invalid_uri'),
  NoSuchProcedure: uri('wamp.error.no_such_procedure'),
  ProcedureAlreadyExists: uri('wamp.error.procedure_already_exists'),
  NoSuchRegistration: uri('wamp.error.no_such_registration'),
  NoSuchSubscription: uri('wamp.error.no_such_subscription'),
  NoSuchSession: uri('wamp.error.no_such_session'),
  InvalidArgument: uri('wamp.error.invalid_argument'),
  Canceled: uri('wamp.error.canceled'),
  PayloadSizeExceeded: uri('wamp.error.payload_size_exceeded'),
  ProtocolViolation: uri('wamp.error.protocol_violation'),
  NotAuthorized: uri('wamp.error.not_authorized'),
  AuthorizationFailed: uri('wamp.error.authorization_failed'),
  NoSuchRealm: uri('wamp.error.no_such_realm'),
  NoSuchRole: uri('wamp.error.no_such_role'),
  NoMatchingAuthMethod: uri('wamp.error.no_matching_auth_method'),
  NoSuchPrincipal: uri('wamp.error.no_such_principal'),
  AuthenticationDenied: uri('wamp.error.authentication_denied'),
  AuthenticationFailed: uri('wamp.error.authentication_failed'),
  AuthenticationRequired: uri('wamp.error.authentication_required'),
  AuthorizationDenied: uri('wamp.error.authorization_denied'),
  AuthorizationRequired: uri('wamp.error.authorization_required'),
  Timeout: uri('wamp.error.timeout'),
  OptionNotAllowed: uri('wamp.error.option_not_allowed'),
  DiscloseMeDisallowed: uri('wamp.error.option_disallowed.disclose_me'),
  NetworkFailure: uri('wamp.error.network_failure'),
  Unavailable: uri('wamp.error.unavailable'),
  NoAvailableCallee: uri('wamp.error.no_available_callee'),
  FeatureNotSupported: uri('wamp.error.feature_not_supported'),
  /** Not of the specification: what a handler threw that was no WampError. The name crossbar and autobahn use. */
  RuntimeError: uri('wamp.error.runtime_error'),
  /** Not of the specification: the session has reached one of the router's limits. */
  LimitExceeded: uri('wampway.error.limit_exceeded'),
} as const;

/** Reasons of GOODBYE and ABORT that are not errors. [basic/uri_reference], [advanced/uris] */
export const CloseUri = {
  SystemShutdown: uri('wamp.close.system_shutdown'),
  CloseRealm: uri('wamp.close.close_realm'),
  GoodbyeAndOut: uri('wamp.close.goodbye_and_out'),
  Normal: uri('wamp.close.normal'),
  Killed: uri('wamp.close.killed'),
} as const;

/** An error that may be told to the peer: it becomes an ERROR message, or comes from one. */
export class WampError extends Error {
  override readonly name = 'WampError';
  readonly uri: Uri;
  readonly args: readonly unknown[];
  readonly kwargs: Dict | undefined;

  /** `args` conventionally begin with a text for people; it becomes the Error's message. */
  constructor(uri: Uri, args: readonly unknown[] = [], kwargs?: Dict) {
    super(typeof args[0] === 'string' ? `${uri}: ${args[0]}` : uri);
    this.uri = uri;
    this.args = args;
    this.kwargs = kwargs;
  }
}

/** The peer broke the protocol: it is told ABORT `wamp.error.protocol_violation`, and its session ends. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
}
