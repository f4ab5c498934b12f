import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayConfig } from './config-schema.ts';
import type { MachineProblem } from './machine-problems.ts';

/** Milliseconds that the disk has to answer; if it does not, the store will say so when it is opened. */
const PATIENCE = 2000;

/** File systems of Linux that show the kernel and keep nothing: proc and sysfs. [statfs(2)] */
const KERNEL = [0x9fa0, 0x62656572];

/** Why the data folder can neither be used nor made. It need not be there. */
export async function dataProblems({ data }: GatewayConfig): Promise<MachineProblem[]> {
  if (data === undefined) return [];
  const over = new AbortController();
  const patience = delay(PATIENCE, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
  const why = await Promise.race([whyNot(data.path), patience]);
  over.abort();
  return why === undefined ? [] : [{ path: ['data', 'path'], text: `cannot be used: ${why}` }];
}

async function whyNot(path: string): Promise<string | undefined> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      if (!(await stat(folder)).isDirectory()) return `${folder} is no folder`;
      const { type } = await statfs(folder);
      return KERNEL.includes(type) ? `${folder} is of the kernel, and keeps no files` : undefined;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // The nearest folder above tells.
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || folder === dirname(folder)) return undefined;
    }
  }
}
