import type { BrokerMessage } from '../messages/broker-message.ts';
import type { OwnPublishing } from '../pipeline/own-publishing.ts';
import { type InterruptedWill, replayOf } from '../sessions/restored-state.ts';
import type { BrokerState } from '../state/broker-state.ts';

/** Milliseconds that the clients of an earlier run have to come back before their wills are published. */
const RETURN_TIMEOUT = 10_000;

/** The wills of clients that were connected when an earlier run of the process ended. */
export class InterruptedWills {
  readonly #state: BrokerState;
  readonly #publishing: OwnPublishing;
  /** By client id. */
  readonly #wills = new Map<string, BrokerMessage>();

  constructor(state: BrokerState, publishing: OwnPublishing) {
    this.#state = state;
    this.#publishing = publishing;
  }

  /** Publishes these wills unless their clients come back soon. */
  publishLater(wills: readonly InterruptedWill[]): void {
    if (wills.length === 0) return;
    for (const { clientId, message } of wills) this.#wills.set(clientId, message);
    this.#state.clock.after(RETURN_TIMEOUT, () => {
      this.#publishAll().catch((error: unknown) => this.#state.sink.failed(error));
    });
  }

  /** A client has connected again: deletes its will of the earlier run. */
  clientReturned(clientId: string): void {
    if (this.#wills.delete(clientId)) this.#state.journal?.will(clientId, undefined);
  }

  async #publishAll(): Promise<void> {
    const { journal, sink } = this.#state;
    for (const [clientId, message] of this.#wills) {
      await this.#publish(message);
      // Its client may have come back meanwhile, with another will.
      if (this.#wills.delete(clientId)) journal?.will(clientId, undefined);
    }
    sink.replayed?.();
    journal?.flush();
  }

  /** Publishes a will if its owner is still allowed to. */
  async #publish(message: BrokerMessage): Promise<void> {
    const { sink, drops } = this.#state;
    const verdict = await replayOf(message, sink);
    if (verdict === 'pass') this.#publishing.publish(message);
    else drops.add('the owner of the will may no longer publish it', { topic: message.topic });
  }
}
