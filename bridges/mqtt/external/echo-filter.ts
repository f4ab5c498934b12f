import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/base/clock.ts';
import { BoundedMap } from '../../../src/base/collections/bounded-map.ts';

/** Milliseconds within which a broker sends an own message back. */
const WITHIN = 30_000;
/** Own messages that are remembered. If there are more, the oldest count as foreign when they return. */
const MAX_REMEMBERED = 10_000;

interface Sent {
  readonly at: number;
  count: number;
}

/**
 * Recognizes own messages that a broker sends back, for brokers without No Local (MQTT 3.1.1): by topic and payload,
 * each once. An identical message of another client within half a minute is taken for an echo.
 */
export class EchoFilter {
  readonly #clock: Clock;
  readonly #sent = new BoundedMap<string, Sent>(MAX_REMEMBERED);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  sent(topic: string, payload: Uint8Array): void {
    const key = keyOf(topic, payload);
    const count = (this.#sent.get(key)?.count ?? 0) + 1;
    this.#sent.set(key, { at: this.#clock.monotonic(), count });
  }

  /** Whether a received message is an own one. It is then removed. */
  isEcho(topic: string, payload: Uint8Array): boolean {
    if (this.#sent.size === 0) return false;
    const key = keyOf(topic, payload);
    const known = this.#sent.get(key);
    if (known === undefined) return false;
    known.count -= 1;
    if (known.count === 0) this.#sent.delete(key);
    return this.#clock.monotonic() - known.at <= WITHIN;
  }
}

function keyOf(topic: string, payload: Uint8Array): string {
  return `${topic}\0${createHash('sha1').update(payload).digest('base64')}`;
}
