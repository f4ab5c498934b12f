import type { Qos } from '../../source/mqtt-source.ts';
import type { BrokerMessage } from '../messages/broker-message.ts';
import type { QueuedMessage } from '../messages/session-queue.ts';
import type { MqttSession } from '../sessions/mqtt-session.ts';
import type { SessionGroup, TopicRoute } from '../sessions/subscriptions.ts';
import type { BrokerState } from '../state/broker-state.ts';
import { lowerQos } from './lower-qos.ts';
import { fitRetained } from './retain.ts';

const NO_RECEIVERS: TopicRoute = Object.freeze({ targets: [], groups: [], stored: false });

/** A message that is being written to the store, and its receivers. */
export interface StagedMessage {
  readonly route: TopicRoute;
  /** Places in the queues of durable sessions. */
  readonly queued: readonly QueuedFor[];
  /** The chosen members of the shared subscriptions. */
  readonly picked: readonly PickedMember[];
  /** Resolves when the message is on disk. */
  readonly committed: Promise<void>;
}

interface QueuedFor {
  readonly session: MqttSession;
  readonly entry: QueuedMessage;
}

/** The member of a shared subscription that receives a message. */
export interface PickedMember {
  readonly group: SessionGroup;
  readonly session: MqttSession;
  readonly qos: Qos;
}

/**
 * Step "stage": adds a message to the transaction of the store that must be on disk before the message is released.
 * Returns undefined if the message needs no write. `incoming` is the session of the publisher if its PUBREC depends on
 * the write, and `id` the packet identifier.
 */
export function stage(
  state: BrokerState,
  message: BrokerMessage,
  incoming: MqttSession | undefined,
  id: number,
): StagedMessage | undefined {
  const { journal, subscriptions } = state;
  if (journal === undefined) return undefined;
  const route = subscriptions.route(message.topic);
  const remembered = message.qos === 2 && incoming?.journal !== undefined;
  const retained = message.retain && message.qos > 0;
  const stored = route.stored && message.qos > 0;
  if (!remembered && !retained && !stored) return undefined;
  if (stored && !message.retain) state.replays.overtake(message.topic);
  const picked = pickMembers(route);
  const queued = stored ? queueFor(message, route, picked) : [];
  if (remembered) journal.received(incoming.clientId, id);
  if (retained && fitRetained(state, message)) {
    state.unwrittenRetained.delete(message.topic);
    journal.retained(message);
  }
  return { route, queued, picked, committed: journal.commit() };
}

/** As `stage`, for a message that is not released to subscribers: only its packet identifier is written. */
export function stageReceipt(
  { journal }: BrokerState,
  message: BrokerMessage,
  incoming: MqttSession | undefined,
  id: number,
): StagedMessage | undefined {
  if (journal === undefined || message.qos !== 2 || incoming?.journal === undefined) return undefined;
  journal.received(incoming.clientId, id);
  return { route: NO_RECEIVERS, queued: [], picked: [], committed: journal.commit() };
}

/** The write has failed: removes the message from the queues. */
export function unstage({ journal }: BrokerState, { queued }: StagedMessage): void {
  for (const { session, entry } of queued) session.remove(entry);
  journal?.flush();
}

/** One member of each shared subscription that matches. */
export function pickMembers({ groups }: TopicRoute): readonly PickedMember[] {
  const picked: PickedMember[] = [];
  for (const group of groups) {
    const next = group.pick();
    if (next !== undefined) picked.push({ group, session: next.member, qos: next.qos });
  }
  return picked;
}

function queueFor(message: BrokerMessage, route: TopicRoute, picked: readonly PickedMember[]): QueuedFor[] {
  const queued: QueuedFor[] = [];
  const add = (session: MqttSession, subscribed: Qos, share?: string): void => {
    const qos = lowerQos(subscribed, message.qos);
    if (qos === 0 || session.journal === undefined) return;
    const entry = session.enqueue(message, qos, session.isBridge && message.retain, share);
    if (entry !== undefined) queued.push({ session, entry });
  };
  for (const { session, qos } of route.targets) if (message.bridge !== session.clientId) add(session, qos);
  for (const { session, qos, group } of picked) add(session, qos, group.name);
  return queued;
}
