import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/base/clock.ts';

/** Milliseconds within which a broker sends back what it was sent. */
const WITHIN = 30_000;
/** Own messages remembered; of more, the oldest are taken for somebody else's when they come back. */
const MAX_REMEMBERED = 10_000;

interface Sent {
  readonly at: number;
  count: number;
}

/**
 * Knows its own messages when they come back, for brokers that cannot be told to keep them (MQTT 3.1.1 has no No
 * Local): by topic and payload, each once. A stranger's message that is the very same within half a minute passes for
 * an echo.
 */
export class EchoFilter {
  readonly #clock: Clock;
  readonly #sent = new Map<string, Sent>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  sent(topic: string, payload: Uint8Array): void {
    const key = keyOf(topic, payload);
    const count = (this.#sent.get(key)?.count ?? 0) + 1;
    // At the end again: what was sent last is forgotten last.
    this.#sent.delete(key);
    this.#sent.set(key, { at: this.#clock.monotonic(), count });
    if (this.#sent.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined) this.#sent.delete(oldest);
  }

  /** Whether a message that came is one of those sent; it is then forgotten. */
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
