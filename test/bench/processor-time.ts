import { readFileSync } from 'node:fs';

/** Milliseconds that the main thread of a process has run, and has been ready to run without a processor. */
export interface ProcessorTime {
  readonly run: number;
  readonly wait: number;
}

/** Reads both from the scheduler of Linux. Elsewhere both are 0. */
export function processorTime(pid: number): ProcessorTime {
  if (process.platform !== 'linux') return { run: 0, wait: 0 };
  const [run, wait] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ');
  return { run: Number(run) / 1e6, wait: Number(wait) / 1e6 };
}
