import type { Logger } from '../../base/logger.ts';

/**
 * Calls a user's handler so that nothing it does can hurt the session: what it throws, at once or through the promise
 * that it returned, is logged.
 */
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
