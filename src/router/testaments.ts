import { ErrorUri, WampError } from '../wamp/errors.ts';
import type { PublishMessage } from '../wamp/messages.ts';
import type { RouterLimits } from './limits.ts';
import { payloadSize, valueSize } from './payload-size.ts';

/** When a testament is due. Sessions are not resumed here, so both are when the session ends. [advanced/pubsub_testament] */
export type TestamentScope = 'detached' | 'destroyed';

const NONE: readonly PublishMessage[] = Object.freeze([]);

/** What a testament counts beside its parts. */
const TESTAMENT_BYTES = 300;

/** What a session wants published when it ends: two buckets, each in the order of adding. [advanced/pubsub_testament] */
export class Testaments {
  #detached: readonly PublishMessage[] = NONE;
  #destroyed: readonly PublishMessage[] = NONE;

  get size(): number {
    return this.#detached.length + this.#destroyed.length;
  }

  add(scope: TestamentScope, message: PublishMessage, limits: RouterLimits): void {
    const bytes = [...this.#detached, ...this.#destroyed, message].reduce((sum, kept) => sum + sizeOf(kept), 0);
    if (this.size >= limits.testamentsPerSession || bytes > limits.testamentBytesPerSession) {
      throw new WampError(ErrorUri.LimitExceeded, ['this session has too many testaments']);
    }
    if (scope === 'detached') this.#detached = [...this.#detached, message];
    else this.#destroyed = [...this.#destroyed, message];
  }

  /** Empties one bucket; how many testaments it held. */
  flush(scope: TestamentScope): number {
    const { length } = scope === 'detached' ? this.#detached : this.#destroyed;
    if (scope === 'detached') this.#detached = NONE;
    else this.#destroyed = NONE;
    return length;
  }

  /** Takes everything out, in the order in which it is to be published: detached before destroyed. */
  take(): readonly PublishMessage[] {
    const all = [...this.#detached, ...this.#destroyed];
    this.#detached = NONE;
    this.#destroyed = NONE;
    return all;
  }
}

function sizeOf({ topic, payload, options }: PublishMessage): number {
  return TESTAMENT_BYTES + topic.length * 2 + payloadSize(payload) + valueSize(options);
}
