import { ErrorUri, WampError } from '../../wamp/errors.ts';
import type { PublishMessage } from '../../wamp/messages/messages.ts';
import { payloadSize, valueSize } from '../../wamp/payload-size.ts';
import type { RouterLimits } from '../quota/limits.ts';
import type { MemoryShare } from '../quota/memory-share.ts';

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

  /** `share`: what the testaments of all sessions take. */
  add(scope: TestamentScope, message: PublishMessage, limits: RouterLimits, share: MemoryShare): void {
    const own = sizeOf(message);
    const bytes = bytesOf([...this.#detached, ...this.#destroyed]) + own;
    if (this.size >= limits.testamentsPerSession || bytes > limits.testamentBytesPerSession) {
      throw new WampError(ErrorUri.LimitExceeded, ['this session has too many testaments']);
    }
    if (!share.take(own)) {
      throw new WampError(ErrorUri.LimitExceeded, [
        `the testaments of all sessions take the ${share.limit} bytes that they may`,
      ]);
    }
    if (scope === 'detached') this.#detached = [...this.#detached, message];
    else this.#destroyed = [...this.#destroyed, message];
  }

  /** Empties one bucket; how many testaments it held. */
  flush(scope: TestamentScope, share: MemoryShare): number {
    const flushed = scope === 'detached' ? this.#detached : this.#destroyed;
    share.give(bytesOf(flushed));
    if (scope === 'detached') this.#detached = NONE;
    else this.#destroyed = NONE;
    return flushed.length;
  }

  /** Takes everything out, in the order in which it is to be published: detached before destroyed. */
  take(share: MemoryShare): readonly PublishMessage[] {
    const all = [...this.#detached, ...this.#destroyed];
    if (all.length > 0) share.give(bytesOf(all));
    this.#detached = NONE;
    this.#destroyed = NONE;
    return all;
  }
}

function bytesOf(messages: readonly PublishMessage[]): number {
  return messages.reduce((sum, message) => sum + sizeOf(message), 0);
}

function sizeOf({ topic, payload, options }: PublishMessage): number {
  return TESTAMENT_BYTES + topic.length * 2 + payloadSize(payload) + valueSize(options);
}
