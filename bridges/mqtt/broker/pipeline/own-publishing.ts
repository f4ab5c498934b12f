import type { BrokerMessage } from '../messages/broker-message.ts';
import type { BrokerState } from '../state/broker-state.ts';
import { PublishQueue, type PublishSteps } from './publish-queue.ts';
import { release } from './release.ts';
import { type StagedMessage, stage, unstage } from './stage.ts';

/** Messages of the realm that may wait to be written. */
const MAX_PENDING = 10_000;

/**
 * The way of the messages that the realm publishes: stage, commit, release. They are authorized already, and wait for
 * no subscriber.
 */
export class OwnPublishing implements PublishSteps<StagedMessage> {
  readonly #state: BrokerState;
  readonly #queue: PublishQueue<StagedMessage>;

  constructor(state: BrokerState) {
    this.#state = state;
    this.#queue = new PublishQueue(this);
  }

  /** Messages that are not released yet. */
  get pending(): number {
    return this.#queue.length;
  }

  get isFull(): boolean {
    return this.#queue.length >= MAX_PENDING;
  }

  publish(message: BrokerMessage): void {
    this.#queue.enqueue(message, 0, 'pass');
  }

  /** [PublishSteps] */
  stage(message: BrokerMessage): StagedMessage | undefined {
    return stage(this.#state, message, undefined, 0);
  }

  /** [PublishSteps] */
  release(message: BrokerMessage, _id: number, staged: StagedMessage | undefined): void {
    release(this.#state, message, staged);
  }

  /** [PublishSteps] */
  refuse({ topic }: BrokerMessage, _id: number, error: Error, staged: StagedMessage | undefined): void {
    if (staged !== undefined) unstage(this.#state, staged);
    this.#state.drops.add('store write failed', { topic, refusal: error.message });
  }

  /** [PublishSteps] */
  failed(error: unknown): void {
    this.#state.sink.failed(error);
  }

  /** [PublishSteps] */
  progressed(): void {}
}
