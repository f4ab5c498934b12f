import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';

/**
 * - `ok`: writes are accepted.
 * - `full`: only writes that do not grow the store are accepted.
 * - `failing`: the disk or the store's files are not usable.
 */
export type StoreState = 'ok' | 'full' | 'failing';

/** Independent causes of failure: the files of the folder, writing, measuring the folder, and the answer time. */
export type Trouble = 'folder' | 'write' | 'look' | 'wait';

/** The state of a store. Each change is logged. */
export class StoreHealth {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #troubles = new Map<Trouble, string>();
  #full: string | undefined;
  #state: StoreState = 'ok';
  #since = 0;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** Why the state is not `ok`. */
  get reason(): string | undefined {
    const [first] = this.#troubles.values();
    return this.#troubles.get('folder') ?? first ?? this.#full;
  }

  /** Sets the reason of one cause. Undefined clears it. */
  set(trouble: Trouble, reason: string | undefined): void {
    if (reason === undefined) this.#troubles.delete(trouble);
    else if (!this.#troubles.has(trouble)) this.#troubles.set(trouble, reason);
    this.#update();
  }

  full(reason: string | undefined): void {
    this.#full = reason;
    this.#update();
  }

  #update(): void {
    const before = this.#state;
    const state = this.#troubles.size > 0 ? 'failing' : this.#full === undefined ? 'ok' : 'full';
    if (state === before) return;
    const now = this.#clock.monotonic();
    const seconds = before === 'ok' ? undefined : Math.round((now - this.#since) / 1000);
    this.#state = state;
    this.#since = now;
    const facts = { ...(seconds !== undefined && { before, seconds }), reason: this.reason };
    if (state === 'failing') this.#log.error(facts, 'store: failing');
    else if (state === 'full') this.#log.warn(facts, 'store: full');
    else this.#log.info(facts, 'store: ok');
  }
}

/** The text of a thrown value. If a store could not be opened, LevelDB's own error. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isWrapped = 'code' in error && error.code === 'LEVEL_DATABASE_NOT_OPEN' && error.cause instanceof Error;
  return isWrapped ? textOf(error.cause) : error.message;
}
