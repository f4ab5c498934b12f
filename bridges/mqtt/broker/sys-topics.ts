import type { Clock } from '../../../src/base/clock.ts';
import type { Owner } from '../../../src/gateway/bridge/bridge.ts';
import type { DropCounter } from '../report/drop-counter.ts';
import { BrokerMessage } from './messages/broker-message.ts';
import type { Traffic } from './packets/traffic.ts';

/** The tables and counters that `$SYS` reports. */
export interface BrokerCounters {
  readonly traffic: Traffic;
  readonly clients: { readonly connected: number; readonly maximum: number };
  readonly sessions: { readonly size: number };
  readonly subscriptions: { readonly count: number; readonly sharedCount: number };
  readonly retained: { readonly count: number };
  readonly queueMemory: { readonly count: number; readonly bytes: number };
  readonly drops: DropCounter;
}

/** The counters whose load is reported, over the last 1, 5 and 15 minutes. */
const loads = {
  'messages/received': 'messagesReceived',
  'messages/sent': 'messagesSent',
  'publish/received': 'publishReceived',
  'publish/sent': 'publishSent',
  'bytes/received': 'bytesReceived',
  'bytes/sent': 'bytesSent',
  connections: 'connections',
} as const satisfies Record<string, keyof Traffic>;
const MINUTE = 60_000;
/** Retained `$SYS` topics are never evicted: their owner has no address. */
const BROKER: Owner = { authid: '$SYS', authrole: 'bridge', authmethod: 'internal', authprovider: 'bridge:mqtt' };

/** The counters of the broker as retained messages, under the topic names of mosquitto. */
export class SysTopics {
  readonly #state: BrokerCounters;
  readonly #publish: (message: BrokerMessage) => void;
  readonly #clock: Clock;
  readonly #version: string;
  readonly #startedAt: number;
  readonly #published = new Map<string, string>();
  readonly #averages = new Map<string, number>();
  #previous: Readonly<Record<string, number>> = {};
  #measuredAt: number;

  constructor(
    counters: BrokerCounters,
    publish: (message: BrokerMessage) => void,
    { clock, version = 'wampway' }: { readonly clock: Clock; readonly version?: string },
  ) {
    this.#state = counters;
    this.#publish = publish;
    this.#clock = clock;
    this.#version = version;
    this.#startedAt = clock.monotonic();
    this.#measuredAt = this.#startedAt;
  }

  /** Publishes the values that have changed. */
  publish(): void {
    const now = this.#clock.monotonic();
    const values = { ...this.#counters(now), ...this.#loads(now) };
    for (const [name, value] of Object.entries(values)) {
      const text = String(value);
      if (this.#published.get(name) === text) continue;
      this.#published.set(name, text);
      this.#publish(new BrokerMessage(`$SYS/broker/${name}`, Buffer.from(text), 0, true, this.#clock.now(), BROKER));
    }
  }

  #counters(now: number): Record<string, string | number> {
    const { traffic, clients, sessions, subscriptions, retained, queueMemory, drops } = this.#state;
    const away = sessions.size - clients.connected;
    let dropped = 0;
    for (const count of drops.counts.values()) dropped += count;
    return {
      version: this.#version,
      uptime: `${Math.floor((now - this.#startedAt) / 1000)} seconds`,
      'clients/total': sessions.size,
      'clients/connected': clients.connected,
      'clients/active': clients.connected,
      'clients/disconnected': away,
      'clients/inactive': away,
      'clients/maximum': clients.maximum,
      'clients/expired': traffic.expired,
      'messages/received': traffic.messagesReceived,
      'messages/sent': traffic.messagesSent,
      'messages/stored': queueMemory.count + retained.count,
      'store/messages/count': queueMemory.count + retained.count,
      'store/messages/bytes': queueMemory.bytes,
      'retained messages/count': retained.count,
      'subscriptions/count': subscriptions.count,
      'shared_subscriptions/count': subscriptions.sharedCount,
      'publish/messages/received': traffic.publishReceived,
      'publish/messages/sent': traffic.publishSent,
      'publish/messages/dropped': dropped,
      'publish/bytes/received': traffic.publishBytesReceived,
      'publish/bytes/sent': traffic.publishBytesSent,
      'bytes/received': traffic.bytesReceived,
      'bytes/sent': traffic.bytesSent,
    };
  }

  /** Values per minute, as exponential moving averages. */
  #loads(now: number): Record<string, string> {
    const { traffic } = this.#state;
    const elapsed = Math.max(now - this.#measuredAt, 1);
    const result: Record<string, string> = {};
    const previous: Record<string, number> = {};
    for (const [name, key] of Object.entries(loads)) {
      const perMinute = ((traffic[key] - (this.#previous[key] ?? 0)) / elapsed) * MINUTE;
      previous[key] = traffic[key];
      for (const minutes of [1, 5, 15]) {
        const topic = `load/${name}/${minutes}min`;
        const weight = Math.exp(-elapsed / (minutes * MINUTE));
        const average = perMinute + weight * ((this.#averages.get(topic) ?? 0) - perMinute);
        this.#averages.set(topic, average);
        result[topic] = average.toFixed(2);
      }
    }
    this.#previous = previous;
    this.#measuredAt = now;
    return result;
  }
}
