import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

export interface ProcessGuard extends AsyncDisposable {
  /** Resolves when uncaught exceptions are so frequent that the state of the process cannot be trusted. */
  readonly fatal: Promise<void>;
}

/** Number of uncaught exceptions within `WINDOW` milliseconds that is fatal. */
const MAX_UNCAUGHT = 20;
const WINDOW = 60_000;

/**
 * The last safety net of a running gateway. Every error that a peer can cause is caught where it happens: at the link's
 * boundary, or in the bridge host. An error that arrives here is a bug of the gateway or of a package, thrown by some
 * callback of the event loop. It is logged, and the gateway continues. The failed callback almost always concerns one
 * connection or one timer, and a stop would cost every other device its session. Only if such errors repeat, the state
 * is considered unknown. The gateway then closes its sessions and exits with a code that makes a supervisor restart it.
 */
export function guardProcess(log: Logger, clock: Clock): ProcessGuard {
  let setFatal: () => void = () => {};
  const fatal = new Promise<void>(resolve => {
    setFatal = resolve;
  });
  const recent: number[] = [];
  const onError = (kind: string) => (error: unknown) => {
    log.error({ kind, err: error }, 'uncaught exception');
    const now = clock.monotonic();
    recent.push(now);
    while (recent[0] !== undefined && now - recent[0] > WINDOW) recent.shift();
    if (recent.length < MAX_UNCAUGHT) return;
    log.error({ errors: recent.length, milliseconds: WINDOW }, 'too many uncaught exceptions; stopping the gateway');
    setFatal();
  };
  const onException = onError('exception');
  const onRejection = onError('rejection');
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return {
    fatal,
    async [Symbol.asyncDispose]() {
      process.off('uncaughtException', onException);
      process.off('unhandledRejection', onRejection);
    },
  };
}
