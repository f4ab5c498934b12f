import type { Owner } from '../../../../src/gateway/bridge/bridge.ts';
import { BrokerMessage } from '../messages/broker-message.ts';
import { EXPIRY_RUN } from '../sessions/mqtt-session.ts';
import type { BrokerState } from '../state/broker-state.ts';

/**
 * Retains a message, or removes the retained message of its topic if the payload is empty. [MQTT-3.3.1-5]
 * [MQTT-3.3.1-10]
 */
export function retain(state: BrokerState, message: BrokerMessage): void {
  const { retained, drops, journal, unwrittenRetained } = state;
  if (!fitRetained(state, message)) {
    drops.add('the limit of retained messages is reached ("retained")', { topic: message.topic });
    return;
  }
  retained.set(message);
  if (message.qos === 0 && journal !== undefined && !message.topic.startsWith('$SYS/')) {
    unwrittenRetained.set(message.topic, message);
  }
}

/** Evicts retained messages of other clients until a message fits. Returns whether it fits. */
export function fitRetained(state: BrokerState, message: BrokerMessage): boolean {
  const { retained, drops } = state;
  while (!retained.accepts(message)) {
    const victim = retained.victim(message);
    if (victim === undefined) return false;
    const { topic } = victim;
    forgetRetained(state, topic);
    drops.add('a retained message was evicted for one of another client ("retained")', { topic });
  }
  return true;
}

/**
 * Forgets the retained messages of owners that do not exist any more. The realm has forgotten its own copies at once.
 * Yields for each message that is forgotten, and for each run of others.
 */
export function* forgetOwners(
  state: BrokerState,
  isRemoved: (owner: Owner) => boolean,
): Generator<void, void, undefined> {
  const known = new Map<Owner, boolean>();
  let others = 0;
  for (const { topic, owner } of [...state.retained.values()]) {
    const removed = owner !== undefined && (known.get(owner) ?? isRemoved(owner));
    if (owner !== undefined) known.set(owner, removed);
    if (removed && state.retained.get(topic)?.owner === owner) {
      forgetRetained(state, topic);
      yield;
    } else if (++others % EXPIRY_RUN === 0) {
      yield;
    }
  }
}

/** Writes the retained messages at QoS 0. No client waits for that. */
export function flushRetained({ journal, unwrittenRetained }: BrokerState): void {
  if (journal === undefined || unwrittenRetained.size === 0) return;
  for (const message of unwrittenRetained.values()) journal.retained(message);
  unwrittenRetained.clear();
  journal.flush();
}

function forgetRetained({ retained, unwrittenRetained, journal, sink }: BrokerState, topic: string): void {
  retained.set(new BrokerMessage(topic, Buffer.alloc(0), 0, true, 0));
  unwrittenRetained.delete(topic);
  journal?.forgetRetained(topic);
  sink.evicted?.(topic);
}
