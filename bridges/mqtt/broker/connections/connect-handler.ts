import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../../src/base/clock.ts';
import type { Logger } from '../../../../src/base/logger.ts';
import type { RefusalSummary } from '../../../../src/base/refusal-summary.ts';
import type { AgeClock } from '../../../../src/base/time/age-clock.ts';
import { RefusalLog } from '../../report/refusal-log.ts';
import { isBridgeNotice } from '../../source/bridge-notice.ts';
import { MqttRefusal, type MqttSink, Refused } from '../../source/mqtt-source.ts';
import { isTopicName } from '../../source/mqtt-text.ts';
import { quotaKeyOf } from '../../source/quota-key.ts';
import type { Distributor } from '../delivery/distributor.ts';
import type { SubscriptionReplays } from '../delivery/subscription-replays.ts';
import type { WorkTurns } from '../delivery/work-turns.ts';
import type { Journal } from '../durability/journal.ts';
import { BrokerMessage } from '../messages/broker-message.ts';
import type { Connect, Will } from '../packets/packet.ts';
import { connack } from '../packets/packet-encoder.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { SessionTable } from '../sessions/session-table.ts';
import { levelCount } from '../sessions/topic-filter.ts';
import type { ClientProtocol } from './client-protocol.ts';
import { Hold, type MqttConnection } from './mqtt-connection.ts';
import type { Subscribing } from './subscribing.ts';

/** Characters of a client id. */
const MAX_CLIENT_ID = 256;
/** Milliseconds that a client waits for the end of the one whose place it takes. */
const TAKEOVER_TIMEOUT = 1_000;
/** What a client that comes or goes costs in steps, with its session in the realm. */
const CLIENT_STEPS = 100;

export interface ArrivalsParts {
  readonly sink: MqttSink;
  readonly sessions: SessionTable;
  readonly distributor: Distributor;
  readonly protocol: ClientProtocol;
  readonly subscribing: Subscribing;
  readonly replays: SubscriptionReplays;
  readonly turns: WorkTurns;
  readonly journal: Journal | undefined;
  readonly clock: Clock;
  readonly ages: AgeClock;
  readonly log: Logger;
  readonly refusals?: RefusalSummary;
  readonly maxClients: number;
  readonly maxTopicLevels: number;
  isStopping(): boolean;
  /** Ends a kept session so that another has room. */
  evict(session: MqttSession): void;
  /** A client is back of which an earlier process may have left something. */
  returned(clientId: string): void;
}

/** A client that is in, until its last message is through. */
interface Present {
  readonly connection: MqttConnection;
  /** Whether a will of it is in the store. */
  readonly willed: boolean;
  readonly ended: Promise<void>;
  leaving: boolean;
  end(): void;
}

/** Lets clients in, or refuses them: from CONNECT to CONNACK. [MQTT-3.1.4] */
export class ConnectHandler {
  readonly #parts: ArrivalsParts;
  readonly #present = new Map<string, Present>();
  /** Who waits for whom: of one client id, one after the other. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #refusals: RefusalLog;
  readonly #notices: RefusalLog;
  #maximum = 0;

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
    this.#refusals = new RefusalLog(parts.log, undefined, parts.refusals);
    this.#notices = new RefusalLog(parts.log, 'MQTT bridge of another broker');
  }

  get connected(): number {
    return this.#present.size;
  }

  /** The most that have been connected at a time. */
  get maximum(): number {
    return this.#maximum;
  }

  /** CONNECT has come. Nothing else of the connection is looked at until it is answered. */
  arrive(connection: MqttConnection, connect: Connect): void {
    const { level } = connect;
    connection.protocolVersion = level;
    if (level !== 3 && level !== 4) {
      this.#refuse(connection, new MqttRefusal(Refused.Version, `MQTT of version ${level} is not spoken`));
      return;
    }
    connection.clientId = connect.clientId;
    connection.username = connect.username;
    connection.password = connect.password?.toString('utf8');
    connection.hold(Hold.Arrival);
    const refusal = this.#refusalOf(connect);
    if (refusal !== undefined) {
      this.#refuse(connection, refusal);
      return;
    }
    // [MQTT-3.1.3-6]
    if (connect.clientId === '') connection.clientId = `auto-${randomUUID()}`;
    // Thousands may connect at once: they come in over several turns of the event loop.
    this.#parts.turns.start(budget => {
      budget.steps -= CLIENT_STEPS;
      this.#inTurn(connection, this.#withoutNotice(connection, connect));
      return true;
    });
  }

  /** A bridge of another broker would have its own state told where only this broker speaks: it comes in without. */
  #withoutNotice(connection: MqttConnection, connect: Connect): Connect {
    const { will } = connect;
    if (will === undefined || !isBridgeNotice(will.topic)) return connect;
    const { address, clientId } = connection;
    this.#notices.noted(address, clientId, 'its notification is not published', { topic: will.topic });
    return { ...connect, will: undefined };
  }

  #refusalOf(connect: Connect): MqttRefusal | undefined {
    const flaw = this.#flaw(connect);
    if (flaw !== undefined) return new MqttRefusal(Refused.Identifier, flaw);
    const flawOfWill = connect.will === undefined ? undefined : this.#flawOfWill(connect.will);
    return flawOfWill === undefined ? undefined : new MqttRefusal(Refused.NotAuthorized, flawOfWill);
  }

  /** Why a will cannot be published, if so. */
  #flawOfWill({ topic }: Will): string | undefined {
    const { maxTopicLevels } = this.#parts;
    if (!isTopicName(topic))
      return 'the topic of its will is no topic name: it is empty, has wildcards or control characters';
    if (levelCount(topic) > maxTopicLevels) return `the topic of its will has more than ${maxTopicLevels} levels`;
    // As of PUBLISH: only the broker speaks there.
    if (topic.startsWith('$SYS/') && !isBridgeNotice(topic))
      return 'its will is under $SYS/, which is the broker’s own';
    return undefined;
  }

  /** The last message of a connection is through. */
  ended(connection: MqttConnection): void {
    const present = this.#present.get(connection.clientId);
    if (present?.connection !== connection || present.leaving) return;
    present.leaving = true;
    this.#parts.turns.start(budget => {
      budget.steps -= CLIENT_STEPS;
      this.#leave(present);
      return true;
    });
  }

  #leave(present: Present): void {
    const { connection, willed, end } = present;
    // Another client by this id has waited long enough and is in.
    if (this.#present.get(connection.clientId) !== present) return;
    this.#present.delete(connection.clientId);
    const { journal, sink } = this.#parts;
    if (willed) {
      // Published or not wanted: only now is it through.
      journal?.will(connection.clientId, undefined);
      journal?.flush();
    }
    sink.disconnected(connection);
    end();
  }

  #inTurn(connection: MqttConnection, connect: Connect): void {
    const { clientId } = connection;
    const before = this.#turns.get(clientId);
    const turn = (before ?? Promise.resolve())
      .then(() => this.#admit(connection, connect))
      .catch((error: unknown) => this.#refuse(connection, error))
      .then(() => {
        if (this.#turns.get(clientId) === turn) this.#turns.delete(clientId);
      });
    this.#turns.set(clientId, turn);
  }

  #flaw({ clientId, clean, level }: Connect): string | undefined {
    // [MQTT-3.1.3-8]; MQTT 3.1 has no empty ones at all.
    if (clientId === '' && !clean) return 'an empty client id needs a clean session';
    if (clientId === '' && level === 3) return 'MQTT 3.1 has no empty client ids';
    if (clientId.length > MAX_CLIENT_ID) return `a client id has at most ${MAX_CLIENT_ID} characters`;
    return undefined;
  }

  async #admit(connection: MqttConnection, connect: Connect): Promise<void> {
    const { sink, sessions, maxClients } = this.#parts;
    const { clientId } = connection;
    if (connection.closed) return;
    if (this.#parts.isStopping()) throw new MqttRefusal(Refused.Unavailable, 'the gateway is stopping');
    const old = this.#present.get(clientId);
    if (old === undefined && this.#present.size >= maxClients) {
      throw new MqttRefusal(Refused.Unavailable, `${maxClients} clients are connected ("maxClients")`);
    }
    const session = sessions.get(clientId);
    const owner = await sink.connecting(connection);
    connection.password = undefined;
    connection.owner = sink.ownerOf?.(connection);
    // Measure K: a session and what waits in it belong to the one who made it.
    if (session !== undefined && session.owner !== owner) {
      sink.disconnected(connection);
      throw new MqttRefusal(Refused.Identifier, 'the client id belongs to another user');
    }
    if (!connect.clean && session?.isKept !== true && !this.#makesRoom(connection)) {
      sink.disconnected(connection);
      throw new MqttRefusal(Refused.Unavailable, 'there are too many sessions ("maxSessions")');
    }
    if (old !== undefined) {
      // [MQTT-3.1.4-2] Its will and what it has published come before anything of its successor.
      old.connection.close('another client has connected by its id');
      await Promise.race([old.ended, this.#timeout()]);
    }
    await this.#open(connection, connect, owner);
  }

  async #open(connection: MqttConnection, connect: Connect, owner: string | undefined): Promise<void> {
    const { sink, sessions, distributor, journal, protocol, ages } = this.#parts;
    const { clientId } = connection;
    if (connection.closed || this.#parts.isStopping()) {
      sink.disconnected(connection);
      if (!connection.closed) throw new MqttRefusal(Refused.Unavailable, 'the gateway is stopping');
      return;
    }
    // While it waited for the one before, others may have come.
    if (!connect.clean && sessions.get(clientId)?.isKept !== true && !this.#makesRoom(connection)) {
      sink.disconnected(connection);
      throw new MqttRefusal(Refused.Unavailable, 'there are too many sessions ("maxSessions")');
    }
    let end = (): void => {};
    const ended = new Promise<void>(resolve => {
      end = resolve;
    });
    const { will } = connect;
    this.#present.set(clientId, { connection, willed: will !== undefined, ended, leaving: false, end });
    this.#maximum = Math.max(this.#maximum, this.#present.size);
    const old = sessions.get(clientId);
    if (old !== undefined && (connect.clean || !old.isKept)) {
      this.#parts.replays.drop(old);
      distributor.handOver(old, true);
    }
    const { session, present } = sessions.open(clientId, owner, connect.clean, holderIn(connection));
    this.#parts.returned(clientId);
    if (will !== undefined)
      journal?.will(
        clientId,
        new BrokerMessage(will.topic, will.payload, will.qos, will.retain, ages.now(), connection.owner),
      );
    protocol.open(connection, session);
    connection.will = will;
    connection.keepAlive = connect.keepAlive;
    session.connection = connection;
    session.bridge = connect.bridge;
    try {
      await this.#parts.subscribing.forgetForbidden(connection, session);
      await journal?.commit();
    } catch (error) {
      this.#refuse(connection, error);
      return;
    }
    if (connection.closed) return;
    // MQTT 3.1 has no such flag.
    connection.accepted();
    connection.welcome(connack(0, present && connection.protocolVersion > 3));
    sink.connected?.(connection);
    for (const [filter, qos] of session.subscriptions) sink.subscribed?.(connection, filter, qos);
    if (session.dropped > 0) {
      const { dropped } = session;
      this.#parts.log.warn({ clientId, dropped }, 'MQTT session lost messages that there was no room for');
      session.dropped = 0;
    }
    session.queue.restart();
    session.pump();
    this.#parts.replays.resume(session);
    connection.proceed(Hold.Arrival);
  }

  /** Whether there may be another kept session, after one that gives way has ended. */
  #makesRoom(connection: MqttConnection): boolean {
    const { sessions } = this.#parts;
    if (!sessions.full) return true;
    const victim = sessions.victim(holderIn(connection));
    if (victim === undefined) return false;
    this.#parts.evict(victim);
    return true;
  }

  #refuse(connection: MqttConnection, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const code = error instanceof MqttRefusal ? error.code : Refused.Unavailable;
    const kind = error instanceof MqttRefusal ? error.kind : `CONNACK ${code}`;
    connection.send(connack(code, false));
    connection.will = undefined;
    connection.refused = true;
    connection.close(reason);
    this.#refusals.refused(connection.address, connection.clientId, reason, {}, kind);
  }

  #timeout(): Promise<void> {
    return new Promise(resolve => this.#parts.clock.after(TAKEOVER_TIMEOUT, resolve));
  }
}

/** Whom a kept session of a connection is counted for. */
function holderIn({ owner, host, address }: MqttConnection): string {
  if (owner !== undefined) return quotaKeyOf(owner);
  const unproved = { authid: '', authrole: '', authmethod: 'internal', authprovider: '', clientId: '' };
  return quotaKeyOf({ ...unproved, address: host ?? address });
}
