import { readdirSync, readFileSync } from 'node:fs';

/** What the scheduler has noted about a process, in milliseconds. */
export interface ProcessorTimes {
  /** For how long the main thread has run. */
  readonly run: number;
  /** For how long each thread has been ready to run and had no processor. */
  readonly waits: readonly number[];
}

/** Reads the processor times of a process as Linux counts them. Elsewhere there are none. */
export class ProcessorTime {
  readonly #threads: readonly string[];

  constructor(pid: number) {
    const tasks = `/proc/${pid}/task`;
    const others = process.platform === 'linux' ? readdirSync(tasks).filter(thread => thread !== String(pid)) : [];
    this.#threads = process.platform === 'linux' ? [String(pid), ...others].map(thread => `${tasks}/${thread}`) : [];
  }

  now(): ProcessorTimes {
    const times = this.#threads.map(thread => {
      const [run, wait] = readFileSync(`${thread}/schedstat`, 'latin1').split(' ');
      return { run: Number(run) / 1e6, wait: Number(wait) / 1e6 };
    });
    return { run: times[0]?.run ?? 0, waits: times.map(({ wait }) => wait) };
  }
}

/** For how long the thread waited that waited longest. */
export function longestWait(from: ProcessorTimes, to: ProcessorTimes): number {
  return Math.max(0, ...to.waits.map((wait, i) => wait - (from.waits[i] ?? 0)));
}
