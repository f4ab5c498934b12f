import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readLog } from './log-file.ts';
import { readManifest } from './manifest-file.ts';

/** The files of a store are not usable. The text says what to do. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
}

/** The file beside LevelDB's files that holds the number of the last write. */
export const LAST_WRITE = 'last-write';

export const REPAIR =
  'restore the file from a backup, or run "wampway data repair", which keeps the readable records, or move the folder away to begin with an empty store';

/**
 * Checks a store's folder before LevelDB opens it. LevelDB takes a folder without CURRENT for an empty store and
 * deletes its tables. Rejects with `StoreUnusable`.
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
      throw new StoreUnusable(`${name} in it is not a regular file: ${REPAIR}`);
  }
  const manifest = await manifestOf(folder);
  if (manifest === undefined) throw new StoreUnusable(`its file CURRENT names no MANIFEST: ${REPAIR}`);
  if (!names.includes(manifest)) throw new StoreUnusable(`it has no file ${manifest}, which CURRENT names: ${REPAIR}`);
  const { log, tables } = readManifest(await readFile(join(folder, manifest)));
  // If a MANIFEST has lost its end, LevelDB would take the newest tables for leftovers and delete them.
  const unnamed = names.find(name => /^\d+\.(ldb|sst)$/.test(name) && !tables.has(Number.parseInt(name, 10)));
  if (log > 0 && unnamed !== undefined && !names.some(name => isLog(name, log))) {
    throw new StoreUnusable(
      `${manifest} names a log that is missing, and does not name the existing ${unnamed}: ${REPAIR}`,
    );
  }
}

/** The MANIFEST that CURRENT names. Undefined if it names none. */
async function manifestOf(folder: string): Promise<string | undefined> {
  const current = await readFile(join(folder, 'CURRENT'), 'utf8');
  return /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
}

function isLog(name: string, number: number): boolean {
  return name.endsWith('.log') && Number.parseInt(name, 10) === number;
}

export interface DamagedLog {
  readonly name: string;
  /** The unreadable bytes. Undefined if the file is missing. */
  readonly bytes: number | undefined;
}

/**
 * The damaged or missing logs of a store. LevelDB skips the damage silently and then deletes the log. A log may end in
 * a partial record if a crash interrupted the write, but not if later logs have records. The files must have been
 * checked.
 */
export async function damagedLogs(folder: string): Promise<DamagedLog[]> {
  const files = (await readdir(folder, { withFileTypes: true })).filter(file => file.isFile());
  const manifest = await manifestOf(folder).catch(() => undefined);
  const isThere = files.some(({ name }) => name === manifest);
  const first = manifest !== undefined && isThere ? readManifest(await readFile(join(folder, manifest))).log : 0;
  // The records of earlier logs are in tables.
  const names = files
    .map(({ name }) => name)
    .filter(name => /^\d+\.log$/.test(name) && Number.parseInt(name, 10) >= first);
  names.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  const found: DamagedLog[] = [];
  // If the number of the last write is known, it is more precise about the end.
  const hasNumber = files.some(({ name }) => name === LAST_WRITE);
  let isLast = true;
  for (const name of names) {
    const content = await readFile(join(folder, name));
    const { damaged, torn, blank } = readLog(content);
    const bytes = damaged + (isLast && (blank || hasNumber) ? 0 : torn);
    // LevelDB begins a new log only when the previous one is full.
    if (bytes > 0 || (content.length === 0 && !isLast)) found.push({ name, bytes });
    if (content.length > 0) isLast = false;
  }
  if (first > 0 && !names.some(name => isLog(name, first))) {
    found.push({ name: `${String(first).padStart(6, '0')}.log`, bytes: undefined });
  }
  return found.reverse();
}

export function describeLog({ name, bytes }: DamagedLog): string {
  const what = bytes === undefined ? 'the file is missing' : bytes === 0 ? 'the file is empty' : `${bytes} bytes`;
  return `${name}: ${what}; the records in it are missing`;
}

/** The tables that the MANIFEST names and that are missing. */
export async function missingTables(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  const manifest = await manifestOf(folder).catch(() => undefined);
  if (manifest === undefined || !names.includes(manifest)) return [];
  const { tables } = readManifest(await readFile(join(folder, manifest)));
  const found = new Set(names.filter(name => /^\d+\.(ldb|sst)$/.test(name)).map(name => Number.parseInt(name, 10)));
  return [...tables].filter(number => !found.has(number)).map(number => `${String(number).padStart(6, '0')}.ldb`);
}

/** Like `mkdir` with `recursive`, which never ends below a folder that refuses new files, such as /proc. */
export async function makeFolder(path: string): Promise<void> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  if (found !== undefined) throw new Error('it is not a folder');
  if (dirname(absolute) !== absolute) await makeFolder(dirname(absolute));
  await mkdir(absolute, { mode: 0o700 });
}
