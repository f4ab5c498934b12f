import { readdirSync, readFileSync } from 'node:fs';

/** The times of a process that the scheduler recorded, in milliseconds. */
export interface ProcessorTimes {
  /** The time in which the main thread ran. */
  readonly run: number;
  /** For each thread, the time in which it was ready to run and had no processor. */
  readonly waits: readonly number[];
}

/** Reads the processor times of a process on Linux. Undefined on other systems. */
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

/** The waiting time of the thread that waited longest. */
export function longestWait(from: ProcessorTimes, to: ProcessorTimes): number {
  return Math.max(0, ...to.waits.map((wait, i) => wait - (from.waits[i] ?? 0)));
}
