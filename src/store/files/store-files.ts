import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readLog } from './log-file.ts';
import { readManifest } from './manifest-file.ts';

/** The files of a store cannot be used as they are; the text says what to do. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
}

/** The file beside LevelDB's that has the number of the last write. */
export const LAST_WRITE = 'last-write';

export const REPAIR =
  'put the file back from a backup, or run "wampway data repair", which keeps what can be read, or move the folder away to begin with an empty store';

/**
 * Looks at a store's folder before LevelDB does. LevelDB takes a folder without CURRENT for an empty store and deletes
 * the tables in it. Rejects with `StoreUnusable`.
 */
export async function checkFiles(folder: string): Promise<void> {
  const names = await readdir(folder);
  const content = names.filter(name => /^\d+\.(ldb|sst|log)$|^MANIFEST-\d+$/.test(name));
  if (!names.includes('CURRENT')) {
    if (content.length === 0) return;
    throw new StoreUnusable(`it has ${content[0]} but no file CURRENT: ${REPAIR}`);
  }
  // Reading a pipe or a device would not end.
  for (const name of [...content, 'CURRENT']) {
    if (!(await stat(join(folder, name))).isFile())
      throw new StoreUnusable(`${name} in it is no regular file: ${REPAIR}`);
  }
  const manifest = await manifestOf(folder);
  if (manifest === undefined) throw new StoreUnusable(`its file CURRENT names no MANIFEST: ${REPAIR}`);
  if (!names.includes(manifest)) throw new StoreUnusable(`it has no file ${manifest}, which CURRENT names: ${REPAIR}`);
  const { log, tables } = readManifest(await readFile(join(folder, manifest)));
  // A MANIFEST that has lost its end: LevelDB would take the newest tables for leftovers and delete them.
  const unnamed = names.find(name => /^\d+\.(ldb|sst)$/.test(name) && !tables.has(Number.parseInt(name, 10)));
  if (log > 0 && unnamed !== undefined && !names.some(name => isLog(name, log))) {
    throw new StoreUnusable(`${manifest} names a log that is not there, and not ${unnamed}, which is: ${REPAIR}`);
  }
}

/** The name of the MANIFEST file that CURRENT names; undefined if CURRENT does not name one. */
async function manifestOf(folder: string): Promise<string | undefined> {
  const current = await readFile(join(folder, 'CURRENT'), 'utf8');
  return /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
}

function isLog(name: string, number: number): boolean {
  return name.endsWith('.log') && Number.parseInt(name, 10) === number;
}

export interface DamagedLog {
  readonly name: string;
  /** Bytes that cannot be read; undefined if the file is not there. */
  readonly bytes: number | undefined;
}

/**
 * The logs of a store that are damaged or not there. LevelDB skips that without a word, and deletes the log. A log may
 * end in a part of a record, if a crash stopped the write; but not if later logs have records. The files have been
 * checked.
 */
export async function damagedLogs(folder: string): Promise<DamagedLog[]> {
  const files = (await readdir(folder, { withFileTypes: true })).filter(file => file.isFile());
  const manifest = await manifestOf(folder).catch(() => undefined);
  const isThere = files.some(({ name }) => name === manifest);
  const first = manifest !== undefined && isThere ? readManifest(await readFile(join(folder, manifest))).log : 0;
  // LevelDB has the records of earlier ones in tables.
  const names = files
    .map(({ name }) => name)
    .filter(name => /^\d+\.log$/.test(name) && Number.parseInt(name, 10) >= first);
  names.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  const found: DamagedLog[] = [];
  // If the number of the last write is known, it tells better what is missing at the end.
  const hasNumber = files.some(({ name }) => name === LAST_WRITE);
  let isLast = true;
  for (const name of names) {
    const content = await readFile(join(folder, name));
    const { damaged, torn, blank } = readLog(content);
    const bytes = damaged + (isLast && (blank || hasNumber) ? 0 : torn);
    // LevelDB begins a new log only when the one of before is full.
    if (bytes > 0 || (content.length === 0 && !isLast)) found.push({ name, bytes });
    if (content.length > 0) isLast = false;
  }
  if (first > 0 && !names.some(name => isLog(name, first))) {
    found.push({ name: `${String(first).padStart(6, '0')}.log`, bytes: undefined });
  }
  return found.reverse();
}

export function describeLog({ name, bytes }: DamagedLog): string {
  const what = bytes === undefined ? 'the file is not there' : bytes === 0 ? 'the file is empty' : `${bytes} bytes`;
  return `${name}: ${what}; the records in it are missing`;
}

/** The tables that the MANIFEST names and that are not there. */
export async function missingTables(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  const manifest = await manifestOf(folder).catch(() => undefined);
  if (manifest === undefined || !names.includes(manifest)) return [];
  const { tables } = readManifest(await readFile(join(folder, manifest)));
  const found = new Set(names.filter(name => /^\d+\.(ldb|sst)$/.test(name)).map(name => Number.parseInt(name, 10)));
  return [...tables].filter(number => !found.has(number)).map(number => `${String(number).padStart(6, '0')}.ldb`);
}

/** As `mkdir` with `recursive`, which never ends below a folder that takes no new files, such as /proc. */
export async function makeFolder(path: string): Promise<void> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  if (found !== undefined) throw new Error('it is no folder');
  if (dirname(absolute) !== absolute) await makeFolder(dirname(absolute));
  await mkdir(absolute, { mode: 0o700 });
}
