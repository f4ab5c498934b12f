import type { z } from 'zod';
import type { DeviceCredentials } from '../../auth/principals/device-authenticator.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { RefusalSummary } from '../../base/refusal-summary.ts';
import type { AgeClock } from '../../base/time/age-clock.ts';
import type { JoinedSession } from '../../client/api/session-api.ts';
import type { SerializerName } from '../../codec/message/codec.ts';
import type { Link, Principal } from '../../link/link.ts';
import type { Action } from '../../router/policy/authorizer.ts';
import type { OwnedTopics } from '../../router/session/owned-topics.ts';
import type { Store } from '../../store/contract/store.ts';
import type { Listening } from '../../transport/endpoint/listening.ts';
import type { TlsOptions } from '../../transport/server/socket-server.ts';
import type { ForeignWebSocket } from '../../transport/websocket/foreign-subprotocols.ts';
import type { Dict } from '../../wamp/dict.ts';
import type { Payload } from '../../wamp/payload.ts';
import type { MatchPolicy } from '../../wamp/uri.ts';
import type { ListenPlace } from '../config/values/configurable-bridge.ts';
import type { TlsConfig } from '../config/values/tls-schema.ts';
import type { DeviceIdentity, UnprovedPolicy } from '../devices/device-admission.ts';
import type { DeviceRights } from '../devices/device-rights.ts';

export type { DeviceCredentials } from '../../auth/principals/device-authenticator.ts';
export { AgeClock } from '../../base/time/age-clock.ts';
export type { Store, StoreOperation } from '../../store/contract/store.ts';
export type { Listening } from '../../transport/endpoint/listening.ts';
export { type PeerAddress, peerAddress, shownCertificate } from '../../transport/endpoint/peer-address.ts';
export type { ForeignWebSocket } from '../../transport/websocket/foreign-subprotocols.ts';
export { byteSize } from '../config/values/byte-size.ts';
export type { ListenPlace } from '../config/values/configurable-bridge.ts';
export { type TlsConfig, tlsSchema } from '../config/values/tls-schema.ts';
export type { DeviceIdentity } from '../devices/device-admission.ts';
export type { DeviceRights } from '../devices/device-rights.ts';

/** The identity of a bridge's session on the realm: the bridge itself, or a device that it represents. */
export interface Identity {
  readonly authid: string;
  readonly authrole: string;
  /** Protocol and address of the device, as the meta API shows it: `mqtt 192.168.1.20:51234`. */
  readonly peer?: string;
  /**
   * Marks a session of the bridge itself. Such a session is not counted, listed, killed or announced. It may do only
   * what its role may. Must not be set for the session of a device. Default false.
   */
  readonly service?: boolean;
  /** The MQTT client id, for permissions with `{clientid}`. */
  readonly clientId?: string;
  /** IP address of a device without credentials. Its limits are counted for that address. */
  readonly address?: string | undefined;
  /** The result of `identify`. It overrides all other fields except `peer`. */
  readonly principal?: Principal;
}

/** A publication to check before a bridge forwards it in its own protocol. */
export interface JudgedPublication {
  readonly topic: string;
  /** PUBLISH.Options. */
  readonly options: Dict;
  readonly payload: Payload;
}

/**
 * The sender of a message that outlives its session. It is stored with the message, to check it again in a later run.
 */
export interface Owner {
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  readonly authprovider: string;
  readonly clientId?: string | undefined;
  /** IP address of a client without credentials, if known. `loopback`: whether it is on this machine. */
  readonly address?: string | undefined;
  readonly loopback?: boolean | undefined;
}

export interface RawSocketListenOptions {
  readonly host: string;
  readonly port: number;
  readonly serializers: readonly SerializerName[];
  /** Maximum size of a received message, in bytes. */
  readonly maxMessageSize: number;
  /** The result of `readTls`. Without it, the listener does not use TLS. */
  readonly tls?: TlsOptions;
}

/** The interface of the gateway to a bridge. A bridge reaches the realm and the network only through it. */
export interface BridgeContext {
  readonly log: Logger;
  readonly clock: Clock;
  /** Counts and summarizes refused connections and logins of the whole gateway. */
  readonly refusals: RefusalSummary;
  /** Clock for ages that outlive the process, such as those of stored records. */
  readonly ages: AgeClock;
  /** The realm that its sessions and devices join. */
  readonly realm: string;
  /** Aborted when the gateway stops. A bridge must then start no new work. */
  readonly signal: AbortSignal;
  /** The bridge's own part of the gateway's store, for state that must outlive the process. */
  readonly store: Store;
  /**
   * The URI prefixes of all bridges of this configuration. If a device uses the prefix of another bridge, it means that
   * bridge's URI and not a short name of its own.
   */
  readonly namespaces: readonly string[];
  /**
   * Authenticates a device that does not speak WAMP. The result is a principal of the realm (a password is its ticket),
   * or a device without credentials if `policy` allows it. Is delayed after wrong passwords.
   */
  identify(shown: DeviceCredentials, policy: Omit<UnprovedPolicy, 'bridge'>): Promise<DeviceIdentity>;
  /** Joins the bridge's realm over a local link. */
  join(identity: Identity): Promise<JoinedSession>;
  /**
   * Joins a session that republishes messages which a client left in an earlier run, with the client's current role and
   * limits. It is not counted, listed or announced. Resolves to a reason if the client would no longer be admitted.
   */
  joinFor(
    owner: Owner,
    policy: Pick<UnprovedPolicy, 'anonymous' | 'role'>,
  ): Promise<JoinedSession | { readonly refused: string }>;
  /** Whether a principal of that name exists. */
  isPrincipal(authid: string): boolean;
  /** The publisher of the newest retained event of a topic. Undefined if the realm retains none. */
  retainedBy(topic: string): Owner | undefined;
  /** Whether a session of the bridge may do an action now. Decisions of an application are taken from its cache. */
  permits(session: JoinedSession, action: Action, uri: string, match: MatchPolicy): boolean;
  /** Whether PUBLISH without options of a session is certain to be accepted, without a quota or a pending decision. */
  acceptsPlain(session: JoinedSession, topic: string): boolean;
  /**
   * Checks permissions and limits for a publication of a session, and publishes nothing. Throws or rejects with the
   * router's `WampError` if it is refused. Undefined: it is allowed.
   */
  judge(session: JoinedSession, publication: JudgedPublication): Promise<void> | undefined;
  /** How many topics the principal of a session may have retained. Undefined: no limit. */
  retainedTopicsLimit(session: JoinedSession): number | undefined;
  /** Gives the link of a device that speaks WAMP to the router. Throws if `link.info.device` is missing. */
  attach(link: Link): void;
  /** Listens for RawSocket peers. Calls `accept` with a link after each handshake. */
  listenRawSocket(options: RawSocketListenOptions, accept: (link: Link) => void): Promise<Listening>;
  /** Accepts WebSockets of these subprotocols at the gateway's web listeners until the result is disposed. */
  acceptWebSockets(subprotocols: readonly string[], accept: (socket: ForeignWebSocket) => void): Disposable;
  /**
   * Reads the key and certificate of a listener of the bridge. Throws `StartError` with the setting that is wrong. If
   * the bridge makes the server itself, `follow` updates the server when the files change.
   */
  readTls(config: TlsConfig): TlsOptions;
  /** The id of the newest retained publication of a topic. Undefined if the realm retains none. */
  retainedPublication(topic: string): number | undefined;
  /** Deletes the retained event of a topic if it is still this publication. Publishes no event. */
  forgetRetained(topic: string, publication: number): void;
  /** Reports a fatal error. The host stops the bridge and restarts it after a pause. */
  fail(error: unknown): void;
}

/** A running bridge. Disposing it closes everything that it opened. */
export interface RunningBridge extends AsyncDisposable {
  /** Lines for the start-up banner: addresses, and which devices may connect. */
  readonly banner: readonly string[];
  /** The port that was opened if the configuration has a `port`. The demo connects to it. */
  readonly port?: number;
}

/** A simulated device. It connects to the bridge as a real device does. */
export interface Demo<Config> {
  /** Returns the configuration with the settings that the simulated device needs. */
  prepare(config: Config): Config;
  /** Starts the device. `banner` describes what it simulates. */
  start(config: Config, context: DemoContext): Promise<RunningBridge>;
}

export interface DemoContext {
  readonly log: Logger;
  readonly clock: Clock;
  /** The realm of the bridge. A simulated WAMP device names it in HELLO. */
  readonly realm: string;
  /** Opens a RawSocket link. */
  dialRawSocket(options: { host: string; port: number; serializer: SerializerName }): Promise<Link>;
}

/** A bridge: a name, the schema of its section in the configuration, and how to start it. */
export interface Bridge<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly schema: Schema;
  start(config: z.output<Schema>, context: BridgeContext): Promise<RunningBridge>;
  /**
   * The actions that it does in the name of devices without credentials. If the roles of the realm have no rule for
   * them, `wampway check`, the banner and the log report it.
   */
  rights?(config: z.output<Schema>): readonly DeviceRights[];
  /** The ports that it listens on, so that `wampway check` finds a port that is used twice. */
  listens?(config: z.output<Schema>): readonly ListenPlace[];
  /** The URI prefixes of the bridge's devices. Each ends in a dot. */
  namespaces?(config: z.output<Schema>): readonly string[];
  /** Topics that only the bridge's own session may publish. */
  owns?(config: z.output<Schema>): readonly Pick<OwnedTopics, 'topic' | 'match'>[];
  readonly demo?: Demo<z.output<Schema>>;
  /** Throws an error if the bridge could not use a record of its part of the store. */
  inspect?(key: string, value: Uint8Array): void;
}

/** Declares a bridge. Its configuration has the type of its schema. */
export function defineBridge<Schema extends z.ZodType>(bridge: Bridge<Schema>): Bridge<Schema> {
  return bridge;
}
