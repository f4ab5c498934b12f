import { access, constants, lstat, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorCode } from '../../base/error-code.ts';
import { checkFiles, StoreUnusable } from '../../store/files/store-files.ts';
import type { GatewayConfig } from './config-schema.ts';
import { type MachineProblem, whyNotWritable } from './machine-problems.ts';
import { reasonOf } from './values/bounded-file.ts';

/** Milliseconds until the disk must answer. If it does not, opening the store reports it. */
const PATIENCE = 2000;

/**
 * File systems of Linux that show kernel state and store no files: proc, sysfs, devpts, cgroups of both versions,
 * debugfs, tracefs, securityfs, configfs, bpf, efivarfs. [statfs(2)]
 */
const KERNEL = [
  ...[0x9fa0, 0x62656572, 0x1cd1, 0x27e0eb, 0x63677270, 0x64626720],
  ...[0x74726163, 0x73636673, 0x62656570, 0xcafe4a11, 0xde5e81e4],
];

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read it',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'the name is too long',
};

/**
 * Problems that prevent the use or creation of the data folder. The folder need not exist. `withStore`: also checks the
 * files in it, which the start does when it opens the store.
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
  if (path.includes('\0')) return 'its name contains a NUL character';
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      return (await whyNoData(folder)) ?? (withStore && folder === path ? await whyNoStore(folder) : undefined);
    } catch (error) {
      const code = errorCode(error) ?? '';
      const why = await whyMissing(folder, code);
      if (why !== undefined) return why;
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || folder === dirname(folder)) return undefined;
    }
  }
}

/** The reason why an existing folder cannot store data. Throws if it does not exist. */
async function whyNoData(folder: string): Promise<string | undefined> {
  if (!(await stat(folder)).isDirectory()) return `${folder} is not a folder`;
  const { type } = await statfs(folder);
  if (KERNEL.includes(type)) return `${folder} belongs to the kernel and cannot store files`;
  const why = whyNotWritable(folder);
  return why === undefined ? undefined : `${folder}: ${why}`;
}

/** The reason why a folder cannot be examined or made. Undefined if it just does not exist. */
async function whyMissing(folder: string, code: string): Promise<string | undefined> {
  const reason = reasons[code];
  if (reason !== undefined) return `${folder}: ${reason}`;
  if (code !== 'ENOENT' || (await lstat(folder).catch(() => undefined)) === undefined) return undefined;
  return `${folder} is a link to a folder that does not exist`;
}

/** The reason why the store in the folder cannot be opened. */
async function whyNoStore(folder: string): Promise<string | undefined> {
  try {
    await access(folder, constants.R_OK);
    await checkFiles(folder);
    return undefined;
  } catch (error) {
    return error instanceof StoreUnusable ? error.message : error instanceof Error ? reasonOf(error) : undefined;
  }
}
