import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readLog } from './log-file.ts';

/** The files of a store cannot be used as they are; the text says what to do. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
}

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
  const current = await readFile(join(folder, 'CURRENT'), 'utf8');
  const manifest = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (manifest === undefined) throw new StoreUnusable(`its file CURRENT names no MANIFEST: ${REPAIR}`);
  if (!names.includes(manifest)) throw new StoreUnusable(`it has no file ${manifest}, which CURRENT names: ${REPAIR}`);
}

export interface DamagedLog {
  readonly name: string;
  readonly bytes: number;
}

/** The logs of a store that are damaged before their end. LevelDB skips that without a word, and deletes the log. */
export async function damagedLogs(folder: string): Promise<DamagedLog[]> {
  const found: DamagedLog[] = [];
  const files = (await readdir(folder, { withFileTypes: true })).filter(file => file.isFile());
  const logs = files.map(({ name }) => name).filter(name => name.endsWith('.log'));
  for (const name of logs.sort()) {
    const { damaged } = readLog(await readFile(join(folder, name)));
    if (damaged > 0) found.push({ name, bytes: damaged });
  }
  return found;
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
