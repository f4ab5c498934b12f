import type { Clock } from '../../../src/base/clock.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import type { MqttPeer } from '../source/mqtt-source.ts';
import { type LevelSpelling, presencePrefix } from '../topics/level-spelling.ts';

/** Clients that are gone and of which it is still said that they were there. */
const MAX_GONE = 1_000;

/** A client that is there. */
export interface Present {
  readonly peer: MqttPeer;
  /** Milliseconds since 1970 UTC, over takeovers. */
  readonly since: number;
  /** This connection is gone, and the one that takes its place has not said yet that it is there. */
  readonly isTaken: boolean;
}

/**
 * Other bridges do not hear of it: a broker elsewhere that retained it would say of clients that were there when the gateway
 * crashed that they still are, to the gateway itself as well.
 */
const NO_BRIDGE = { exclude_authrole: ['bridge'] };
const RETAIN = Object.freeze({ retain: true, ...NO_BRIDGE });
const FORGET = Object.freeze({ _retain_clear: true, ...NO_BRIDGE });

/**
 * Who is there: `{prefix}presence.{client id}` is `{online, since, reason}`, retained. A client that takes over its own
 * place has not been away. Times are milliseconds since 1970 UTC.
 */
export class Presence {
  readonly #session: JoinedSession;
  readonly #topic: (clientId: string) => string;
  readonly #clock: Clock;
  readonly #present = new Map<string, Present>();
  /** Let in, and not there yet. */
  readonly #coming = new Map<string, MqttPeer>();
  /** In the order in which they went. */
  readonly #gone = new Set<string>();

  constructor(session: JoinedSession, prefix: string, { spell }: LevelSpelling, clock: Clock) {
    this.#session = session;
    this.#topic = clientId => presencePrefix(prefix) + spell(clientId);
    this.#clock = clock;
  }

  /** Those that are connected, with the time since when. */
  get clients(): Iterable<Present> {
    return this.#present.values();
  }

  client(clientId: string): Present | undefined {
    return this.#present.get(clientId);
  }

  /** A client has been let in; a broker may see off whose place it takes before it says that it is there. */
  coming(peer: MqttPeer): void {
    this.#coming.set(peer.clientId, peer);
  }

  connected(peer: MqttPeer): void {
    const { clientId } = peer;
    const before = this.#present.get(clientId);
    this.#coming.delete(clientId);
    this.#gone.delete(clientId);
    this.#present.set(clientId, { peer, since: before?.since ?? this.#clock.now(), isTaken: false });
    if (before === undefined) this.#tell(clientId, true, 'connected');
  }

  disconnected(peer: MqttPeer, reason: string): void {
    const { clientId } = peer;
    const present = this.#present.get(clientId);
    const coming = this.#coming.get(clientId);
    if (coming === peer) this.#coming.delete(clientId);
    if (present === undefined) return;
    // Whoever takes its place will say so, or be gone as well.
    if (present.peer === peer && coming !== undefined && coming !== peer) {
      this.#present.set(clientId, { ...present, isTaken: true });
      return;
    }
    const isLast = present.peer === peer || (coming === peer && present.isTaken);
    if (!isLast) return;
    this.#present.delete(clientId);
    this.#gone.add(clientId);
    this.#tell(clientId, false, reason);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    if (this.#gone.size <= MAX_GONE) return;
    const [oldest] = this.#gone;
    if (oldest === undefined) return;
    this.#gone.delete(oldest);
    this.#publish(oldest, [], FORGET);
  }

  #tell(clientId: string, online: boolean, reason: string): void {
    this.#publish(clientId, [{ online, since: this.#clock.now(), reason }], RETAIN);
  }

  #publish(clientId: string, args: readonly unknown[], options: Readonly<Record<string, unknown>>): void {
    // Not acknowledged; that the session is over is told elsewhere.
    this.#session.publish(this.#topic(clientId), { args, options }).catch(() => {});
  }
}
