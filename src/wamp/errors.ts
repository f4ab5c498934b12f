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
  /**
   * Not in the specification: a handler threw an error that is not a WampError. crossbar and autobahn use the same
   * name.
   */
  RuntimeError: uri('wamp.error.runtime_error'),
  /** Not in the specification: the session reached a limit of the router. */
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

/** An error that the peer may see: it is sent as an ERROR message, or was received as one. */
export class WampError extends Error {
  override readonly name = 'WampError';
  readonly uri: Uri;
  readonly args: readonly unknown[];
  readonly kwargs: Dict | undefined;

  /** By convention the first of `args` is a text for people. It becomes the message of the Error. */
  constructor(uri: Uri, args: readonly unknown[] = [], kwargs?: Dict) {
    super(typeof args[0] === 'string' ? `${uri}: ${args[0]}` : uri);
    this.uri = uri;
    this.args = args;
    this.kwargs = kwargs;
  }
}

/** The peer broke a rule of the protocol. It receives ABORT `wamp.error.protocol_violation`, and its session ends. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
}
