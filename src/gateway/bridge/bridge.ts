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
import type { DeviceIdentity, UnprovedTerms } from '../devices/device-admission.ts';
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

/** Who a bridge's session is on the realm: the bridge itself, or a device it speaks for. */
export interface Identity {
  readonly authid: string;
  readonly authrole: string;
  /** What the device connects by, shown by the meta API, e.g. `mqtt 192.168.1.20:51234`. */
  readonly peer?: string;
  /**
   * The bridge's own work, in nobody's name: such a session is not counted, listed, killed or announced, and may do only
   * what its role may. A device's session never is one. Default false.
   */
  readonly service?: boolean;
  /** The MQTT client id, for permissions that name it. */
  readonly clientId?: string;
  /** The device's IP address, if it has not proved who it is: what it takes is counted by that. */
  readonly address?: string | undefined;
  /** Who `identify` has found it to be: the rest but `peer` is then as this says. */
  readonly principal?: Principal;
}

/** What a bridge asks about before it passes it on in its own protocol. */
export interface JudgedPublication {
  readonly topic: string;
  /** PUBLISH.Options. */
  readonly options: Dict;
  readonly payload: Payload;
}

/** Whose a message is that outlives its session: kept with the message, to judge it again in a later run. */
export interface Owner {
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  readonly authprovider: string;
  readonly clientId?: string | undefined;
  /** Of a client without credentials: its IP address, if it is known, and whether that is on this machine. */
  readonly address?: string | undefined;
  readonly loopback?: boolean | undefined;
}

export interface RawSocketListenOptions {
  readonly host: string;
  readonly port: number;
  readonly serializers: readonly SerializerName[];
  /** The largest message accepted, in bytes. */
  readonly maxMessageSize: number;
  /** Speak TLS, as `readTls` gives it. */
  readonly tls?: TlsOptions;
}

/** What the gateway gives a bridge: its only way to the rest of the world. */
export interface BridgeContext {
  readonly log: Logger;
  readonly clock: Clock;
  /** Counts and sums up which connections and logins are refused, of the whole gateway. */
  readonly refusals: RefusalSummary;
  /** For ages that outlive the process: those of what is in the store. */
  readonly ages: AgeClock;
  /** The realm that its sessions join, and the devices that it vouches for. */
  readonly realm: string;
  /** Aborted when the gateway stops; a bridge begins nothing new then. */
  readonly signal: AbortSignal;
  /** The bridge's own part of the gateway's store: for what must outlive the process. */
  readonly store: Store;
  /**
   * The prefixes of the URI space that belong to the bridges of this configuration: a device that uses one which is not its
   * own means another's, and not a short name.
   */
  readonly namespaces: readonly string[];
  /**
   * Who a device is that does not speak WAMP, by what it has shown: a principal of the bridge's realm (a password is a ticket),
   * or on the bridge's terms one that proves nothing. Takes its time if a password is wrong.
   */
  identify(shown: DeviceCredentials, terms: Omit<UnprovedTerms, 'bridge'>): Promise<DeviceIdentity>;
  /** Joins the bridge's realm over a local link. */
  join(identity: Identity): Promise<JoinedSession>;
  /**
   * A session that publishes again what a client left in an earlier run, as that client is now: with the role that it has
   * today, within its limits. Not counted, listed or announced. Why there is none, if the client would not be admitted.
   */
  joinFor(
    owner: Owner,
    terms: Pick<UnprovedTerms, 'anonymous' | 'role'>,
  ): Promise<JoinedSession | { readonly refused: string }>;
  /** Whether a principal of that name exists. */
  isPrincipal(authid: string): boolean;
  /** Who published what the bridge's realm retains for a topic, the newest; undefined where it retains nothing. */
  retainedBy(topic: string): Owner | undefined;
  /** Whether one of the bridge's sessions may do something now; of what an application decides, what is remembered. */
  permits(session: JoinedSession, action: Action, uri: string, match: MatchPolicy): boolean;
  /** Whether PUBLISH of a session, not to be retained, is certain to be accepted: nothing has to be found out or counted. */
  acceptsPlain(session: JoinedSession, topic: string): boolean;
  /**
   * Judges what one of the bridge's sessions would publish, rules and limits, and publishes nothing. Throws or rejects with
   * the router's `WampError` where it is refused; undefined: it is allowed.
   */
  judge(session: JoinedSession, publication: JudgedPublication): Promise<void> | undefined;
  /** How many topics a session's principal may have retained, where a limit says so. */
  retainedTopicsLimit(session: JoinedSession): number | undefined;
  /** Hands the link of a device that speaks WAMP to the router. `link.info.device` says on what terms; without, it throws. */
  attach(link: Link): void;
  /** Listens for RawSocket peers and calls back with the link of each that has shaken hands. */
  listenRawSocket(options: RawSocketListenOptions, accept: (link: Link) => void): Promise<Listening>;
  /** Takes WebSockets of these subprotocols that come to the gateway's web listeners, until it is disposed of. */
  acceptWebSockets(subprotocols: readonly string[], accept: (socket: ForeignWebSocket) => void): Disposable;
  /**
   * The key and certificate that a bridge's own listener is configured with. Throws what says where it is wrong. A
   * server made of them by the bridge itself keeps up with the files by `follow`.
   */
  readTls(config: TlsConfig): TlsOptions;
  /** The publication that the bridge's realm retains for a topic, the newest; undefined where it retains none. */
  retainedPublication(topic: string): number | undefined;
  /** The bridge's realm retains nothing for a topic any more, if that is still this publication. Publishes no event. */
  forgetRetained(topic: string, publication: number): void;
  /** Tells the host that the bridge cannot go on: it is stopped, and started again after a pause. */
  fail(error: unknown): void;
}

/** A bridge that runs. Disposing of it closes everything it opened. */
export interface RunningBridge extends AsyncDisposable {
  /** For the start-up banner, a line each: what listens where, who may connect. */
  readonly banner: readonly string[];
  /** The port that was really taken, where the configuration has a `port`: its demo finds the bridge by it. */
  readonly port?: number;
}

/** A simulated device for people who have none at hand; it comes in by the bridge's real entrance. */
export interface Demo<Config> {
  /** The configuration with what the simulated device needs added. */
  prepare(config: Config): Config;
  /** Starts the device against a running bridge. `banner` says what it simulates. */
  start(config: Config, context: DemoContext): Promise<RunningBridge>;
}

export interface DemoContext {
  readonly log: Logger;
  readonly clock: Clock;
  /** The realm that the bridge joins: what a simulated WAMP device names in its HELLO. */
  readonly realm: string;
  /** Opens a RawSocket link as a device would. */
  dialRawSocket(options: { host: string; port: number; serializer: SerializerName }): Promise<Link>;
}

/** A bridge: a name, the schema of its part of the configuration, and how to start it. */
export interface Bridge<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly schema: Schema;
  start(config: z.output<Schema>, context: BridgeContext): Promise<RunningBridge>;
  /**
   * What it does in the name of devices that it admits itself. If the roles of the realm leave such devices without a rule
   * for it, `wampway check`, the banner and the log say so.
   */
  rights?(config: z.output<Schema>): readonly DeviceRights[];
  /** Where it listens: `wampway check` finds ports that are used twice. */
  listens?(config: z.output<Schema>): readonly ListenPlace[];
  /** The prefixes, each ending in a dot, under which this bridge's devices are. */
  namespaces?(config: z.output<Schema>): readonly string[];
  /** Topics that the bridge's own session alone may publish: no device and no client may say what it says there. */
  owns?(config: z.output<Schema>): readonly Pick<OwnedTopics, 'topic' | 'match'>[];
  readonly demo?: Demo<z.output<Schema>>;
  /** Throws what is wrong with a record of the bridge's part of the store, if the bridge could not use it. */
  inspect?(key: string, value: Uint8Array): void;
}

/** Declares a bridge, with its configuration typed by its schema. */
export function defineBridge<Schema extends z.ZodType>(bridge: Bridge<Schema>): Bridge<Schema> {
  return bridge;
}
