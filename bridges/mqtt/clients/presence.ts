import type { Clock } from '../../../src/base/clock.ts';
import type { JoinedSession } from '../../../src/client/api/session-api.ts';
import type { MqttPeer } from '../source/mqtt-source.ts';
import { type LevelSpelling, presencePrefix } from '../topics/level-spelling.ts';

/** Disconnected clients whose presence stays retained. */
const MAX_GONE = 1_000;

/** A connected client. */
export interface Present {
  readonly peer: MqttPeer;
  /** Milliseconds since 1970 UTC. A takeover does not change it. */
  readonly since: number;
  /** The connection is closed by a takeover, and the new one has not reported `connected` yet. */
  readonly isTaken: boolean;
}

/**
 * Other bridges do not receive presence. A broker elsewhere would retain it, and after a crash of the gateway it would
 * report clients as online that are not.
 */
const NO_BRIDGE = { exclude_authrole: ['bridge'] };
const RETAIN = Object.freeze({ retain: true, ...NO_BRIDGE });
const FORGET = Object.freeze({ _retain_clear: true, ...NO_BRIDGE });

/**
 * Publishes presence: `{prefix}presence.{client id}` is `{online, since, reason}`, retained. A takeover is not reported
 * as offline. Times are milliseconds since 1970 UTC.
 */
export class Presence {
  readonly #session: JoinedSession;
  readonly #topic: (clientId: string) => string;
  readonly #clock: Clock;
  readonly #present = new Map<string, Present>();
  /** Admitted clients that have not reported `connected` yet. */
  readonly #coming = new Map<string, MqttPeer>();
  /** Disconnected clients in the order in which they disconnected. */
  readonly #gone = new Set<string>();

  constructor(session: JoinedSession, prefix: string, { spell }: LevelSpelling, clock: Clock) {
    this.#session = session;
    this.#topic = clientId => presencePrefix(prefix) + spell(clientId);
    this.#clock = clock;
  }

  /** The connected clients. */
  get clients(): Iterable<Present> {
    return this.#present.values();
  }

  client(clientId: string): Present | undefined {
    return this.#present.get(clientId);
  }

  /**
   * A client is admitted. The broker may close the previous connection of its client id before it reports `connected`.
   */
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
    // The new connection will report `connected` or `disconnected`.
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
    // Not acknowledged. The end of the bridge's session is reported elsewhere.
    this.#session.publish(this.#topic(clientId), { args, options }).catch(() => {});
  }
}
