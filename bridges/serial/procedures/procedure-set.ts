import type { Logger } from '../../../src/base/logger.ts';
import type { InvocationHandler, Registration, WampSession } from '../../../src/client/api/session-api.ts';
import { WampError } from '../../../src/wamp/errors.ts';

/**
 * Procedures that are registered and unregistered together when a device connects and disconnects. The last request
 * wins, however fast they follow each other.
 */
export class ProcedureSet {
  readonly #session: WampSession;
  readonly #handlers: ReadonlyMap<string, InvocationHandler>;
  readonly #log: Logger;
  #wanted = false;
  #registrations: readonly Registration[] = [];
  #registered = false;
  #working: Promise<void> | undefined;

  constructor(session: WampSession, handlers: ReadonlyMap<string, InvocationHandler>, log: Logger) {
    this.#session = session;
    this.#handlers = handlers;
    this.#log = log;
  }

  /** Registers or unregisters. Resolves when the router has answered. Never rejects. */
  set(wanted: boolean): Promise<void> {
    this.#wanted = wanted;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #work(): Promise<void> {
    while (this.#wanted !== this.#registered) {
      this.#registered = this.#wanted;
      if (this.#wanted) {
        const made = await Promise.all([...this.#handlers].map(([uri, handler]) => this.#register(uri, handler)));
        this.#registrations = made.filter(registration => registration !== undefined);
      } else {
        const ended = this.#registrations;
        this.#registrations = [];
        await Promise.allSettled(ended.map(registration => registration.unregister()));
      }
    }
  }

  async #register(uri: string, handler: InvocationHandler): Promise<Registration | undefined> {
    try {
      return await this.#session.register(uri, handler);
    } catch (error) {
      // A refusal of the router is not an error of this program, so its reason is logged without a stack.
      const why = error instanceof WampError ? { reason: error.message } : { err: error };
      this.#log.warn({ procedure: uri, ...why }, 'could not register a procedure');
      return undefined;
    }
  }
}
