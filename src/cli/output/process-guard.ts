import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

export interface ProcessGuard extends AsyncDisposable {
  /** Resolves when errors come so thick that the process's state cannot be trusted. */
  readonly hopeless: Promise<void>;
}

/** So many errors that nobody caught, within so many milliseconds, are no accident any more. */
const TOO_MANY = 20;
const WINDOW = 60_000;

/**
 * The last net under a running gateway. Everything a peer can cause is caught where it happens: at the link's boundary,
 * in the bridge host. What arrives here is a bug of ours or of a package, thrown from some callback of the event loop. It
 * is logged as such, and the gateway goes on: what threw is almost always one connection's or one timer's business, and
 * stopping would cost every other device its session. Only when such errors repeat is the state taken for unknown; the
 * gateway then says goodbye and ends with a code that makes a supervisor start it afresh.
 */
export function guardProcess(log: Logger, clock: Clock): ProcessGuard {
  let giveUp: () => void = () => {};
  const hopeless = new Promise<void>(resolve => {
    giveUp = resolve;
  });
  const recent: number[] = [];
  const caught = (kind: string) => (error: unknown) => {
    log.error({ kind, err: error }, 'a bug: nobody caught this');
    const now = clock.monotonic();
    recent.push(now);
    while (recent[0] !== undefined && now - recent[0] > WINDOW) recent.shift();
    if (recent.length < TOO_MANY) return;
    log.error({ errors: recent.length, milliseconds: WINDOW }, 'too many bugs at once: the gateway gives up');
    giveUp();
  };
  const onException = caught('exception');
  const onRejection = caught('rejection');
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return {
    hopeless,
    async [Symbol.asyncDispose]() {
      process.off('uncaughtException', onException);
      process.off('unhandledRejection', onRejection);
    },
  };
}
