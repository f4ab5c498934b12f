/**
 * Wampway as a library: the whole gateway, or only its router, client and links.
 *
 *     await using gateway = await startGateway({ config: { listeners: [{ type: 'web', port: 8080 }] } });
 */
export { type Clock, systemClock, type Timer } from './base/clock.ts';
export { type LogFields, type Logger, silentLogger } from './base/logger.ts';
export type {
  CallOptions,
  CallResult,
  Invocation,
  InvocationHandler,
  JoinedSession,
  PublishOptions,
  RegisterOptions,
  Registration,
  SubscribeOptions,
  Subscription,
  WampEvent,
  WampSession,
} from './client/api/session-api.ts';
export { Client, type ClientOptions } from './client/client.ts';
export { ClientSession as Session, type SessionOptions } from './client/session/client-session.ts';
export { codecNamed, codecs } from './codec/codecs.ts';
export type { Codec, SerializerName } from './codec/message/codec.ts';
export { type Bridge, type BridgeContext, defineBridge, type RunningBridge } from './gateway/bridge/bridge.ts';
export type { ConfigInput, GatewayConfig } from './gateway/config/config-schema.ts';
export { loadConfig, parseConfig } from './gateway/config/load-config.ts';
export { ConfigError, type ConfigProblem } from './gateway/config/values/config-problem.ts';
export { Gateway, type GatewayOptions } from './gateway/gateway.ts';
export type { GatewayListener } from './gateway/gateway-listeners.ts';
export { createLog, type LogOptions } from './gateway/logging/log.ts';
export { StartError } from './gateway/support/start-error.ts';
export type { GatewayStatus } from './gateway/web/http-service.ts';
export type { Link, LinkInfo, LinkReceiver, Principal } from './link/link.ts';
export { localLinkPair } from './link/local-link.ts';
export { MetaApi, type MetaApiOptions } from './meta/meta-api.ts';
export { defaultMetaPolicy, type MetaAccess, type MetaPolicy } from './meta/runtime/meta-authorizer.ts';
export { AnonymousAuthenticator } from './router/policy/anonymous-authenticator.ts';
export type { Authenticator } from './router/policy/authenticator.ts';
export type { Authorizer } from './router/policy/authorizer.ts';
export { Router, type RouterOptions } from './router/router.ts';
export { type StartGatewayOptions, startGateway } from './start-gateway.ts';
export { dial } from './transport/dial.ts';
export type { DialOptions } from './transport/endpoint/dial-options.ts';
export { CloseUri, ErrorUri, ProtocolViolation, WampError } from './wamp/errors.ts';
