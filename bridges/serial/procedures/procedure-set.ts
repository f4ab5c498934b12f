import type { Logger } from '../../../src/base/logger.ts';
import type { InvocationHandler, Registration, WampSession } from '../../../src/client/api/session-api.ts';
import { WampError } from '../../../src/wamp/errors.ts';

/**
 * Procedures that are registered and unregistered together, as a device comes and goes. Whatever was asked for last is
 * what comes about, however quickly it changes.
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

  /** Registers or unregisters; resolves when the router has answered. Never rejects. */
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
      // What the router answers is no fault of the program: its reason is enough.
      const why = error instanceof WampError ? { reason: error.message } : { err: error };
      this.#log.warn({ procedure: uri, ...why }, 'procedure not registered');
      return undefined;
    }
  }
}
