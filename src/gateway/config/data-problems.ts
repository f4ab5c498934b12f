import { access, constants, lstat, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkFiles, StoreUnusable } from '../../store/files/store-files.ts';
import type { GatewayConfig } from './config-schema.ts';
import { type MachineProblem, whyNotWritable } from './machine-problems.ts';
import { reasonOf } from './values/bounded-file.ts';

/** Milliseconds that the disk has to answer; if it does not, the store will say so when it is opened. */
const PATIENCE = 2000;

/**
 * File systems of Linux that show the kernel and keep nothing: proc, sysfs, devpts, cgroups of both versions, debugfs,
 * tracefs, securityfs, configfs, bpf, efivarfs. [statfs(2)]
 */
const KERNEL = [
  ...[0x9fa0, 0x62656572, 0x1cd1, 0x27e0eb, 0x63677270, 0x64626720],
  ...[0x74726163, 0x73636673, 0x62656570, 0xcafe4a11, 0xde5e81e4],
];

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not look there',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
};

/**
 * Why the data folder can neither be used nor made; `withStore` looks at the files in it too, which the start does when it
 * opens them. The folder need not be there.
 */
export async function dataProblems({ data }: GatewayConfig, withStore: boolean): Promise<MachineProblem[]> {
  if (data === undefined) return [];
  const over = new AbortController();
  const patience = delay(PATIENCE, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
  const why = await Promise.race([whyNot(data.path, withStore), patience]);
  over.abort();
  return why === undefined ? [] : [{ path: ['data', 'path'], text: `cannot be used: ${why}` }];
}

async function whyNot(path: string, withStore: boolean): Promise<string | undefined> {
  if (path.includes('\0')) return 'its name has a NUL character';
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      if (!(await stat(folder)).isDirectory()) return `${folder} is no folder`;
      const { type } = await statfs(folder);
      if (KERNEL.includes(type)) return `${folder} is of the kernel, and keeps no files`;
      const why = whyNotWritable(folder);
      if (why !== undefined) return `${folder}: ${why}`;
      return withStore && folder === path ? await whyNoStore(folder) : undefined;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      const reason = reasons[code];
      if (reason !== undefined) return `${folder}: ${reason}`;
      if (code === 'ENOENT' && (await lstat(folder).catch(() => undefined)) !== undefined) {
        return `${folder} is a link to a folder that is not there`;
      }
      // The nearest folder above tells.
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || folder === dirname(folder)) return undefined;
    }
  }
}

/** Why the files in the folder are no store that can be opened. */
async function whyNoStore(folder: string): Promise<string | undefined> {
  try {
    await access(folder, constants.R_OK);
    await checkFiles(folder);
    return undefined;
  } catch (error) {
    return error instanceof StoreUnusable ? error.message : error instanceof Error ? reasonOf(error) : undefined;
  }
}
