/**
 * The entry point `wampway/client` for browsers, and the script `/wampway.js` of the gateway's page. It imports nothing
 * of Node.
 */

export type { Clock, Timer } from '../base/clock.ts';
export type { LogFields, Logger } from '../base/logger.ts';
export { retainedEventsSent } from '../client/api/retained-events.ts';
export type * from '../client/api/session-api.ts';
export { Client, type ClientCallOptions, type ClientOptions } from '../client/client.ts';
export { craLogin } from '../client/login/cra-login.ts';
export type { Challenge, ChallengeAnswer, Login, LoginAttempt } from '../client/login/login.ts';
export { type ScramLoginOptions, scramLogin } from '../client/login/scram-login.ts';
export { type SignLoginOptions, signLogin } from '../client/login/sign-login.ts';
export { ticketLogin } from '../client/login/ticket-login.ts';
export type { BackoffOptions } from '../client/reconnect/backoff.ts';
export type { ClientState } from '../client/reconnect/client-state.ts';
export { result } from '../client/roles/result.ts';
export type { SessionOptions } from '../client/session/client-session.ts';
export { ClientSession as Session } from '../client/session/client-session.ts';
export type { Admission } from '../client/session/joining.ts';
export type { StandardWebSocket } from '../client/web-socket/standard-web-socket-channel.ts';
export type { StandardWebSocketClass, WebSocketLinkOptions } from '../client/web-socket/web-socket-link.ts';
export { webSocketLink } from '../client/web-socket/web-socket-link.ts';
export type { Codec, SerializerName } from '../codec/message/codec.ts';
export type { Link, LinkInfo } from '../link/link.ts';
export type { Dict } from '../wamp/dict.ts';
export { CloseUri, ErrorUri, WampError } from '../wamp/errors.ts';
export type { Id } from '../wamp/ids.ts';
export { Payload } from '../wamp/payload.ts';
export type { MatchPolicy, Uri } from '../wamp/uri.ts';
export { asUri } from '../wamp/uri.ts';
