import type { Logger } from '../../base/logger.ts';

/** Calls an application's handler. Logs an exception or a rejected promise, so that the session is not affected. */
export function guarded<Argument>(
  handler: (argument: Argument) => unknown,
  argument: Argument,
  log: Logger,
  what: string,
): void {
  try {
    const returned = handler(argument);
    if (returned instanceof Promise) {
      returned.catch((error: unknown) => log.error({ err: error, handler: what }, 'handler failed'));
    }
  } catch (error) {
    log.error({ err: error, handler: what }, 'handler failed');
  }
}
