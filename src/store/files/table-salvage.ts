import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { readTable, rewriteTable, type TableFindings } from './table-file.ts';

/** The folder for damaged files, as in LevelDB's own repair. */
export const LOST = 'lost';

export interface DamagedTable {
  readonly name: string;
  readonly findings: TableFindings;
}

/** Tables whose checksums do not match. */
export async function damagedTables(folder: string): Promise<DamagedTable[]> {
  const found: DamagedTable[] = [];
  for (const name of (await readdir(folder)).filter(name => /^\d+\.(ldb|sst)$/.test(name)).sort()) {
    // One at a time, because a table has several MiB.
    const findings = readTable(await readFile(join(folder, name)));
    if (findings.good === undefined || findings.damaged.length > 0 || findings.flawed) found.push({ name, findings });
  }
  return found;
}

/** Copies damaged files to the folder `lost` before LevelDB deletes them. */
export async function keep(folder: string, names: readonly string[]): Promise<void> {
  await mkdir(join(folder, LOST), { recursive: true });
  for (const name of names) await copyFile(join(folder, name), join(folder, LOST, name));
}

/**
 * Removes the damaged blocks from tables, because LevelDB would fail each compaction or abort the process. The original
 * tables go to the folder `lost`. The store must not be open.
 */
export async function salvage(folder: string, tables: readonly DamagedTable[]): Promise<void> {
  await mkdir(join(folder, LOST), { recursive: true });
  for (const { name, findings } of tables) {
    const path = join(folder, name);
    const bytes = await readFile(path);
    const { good = [] } = findings;
    // LevelDB's repair aborts the process at a table without blocks.
    const isLeft = good.length > 0;
    if (isLeft) await writeFile(`${path}.new`, rewriteTable(bytes, good), { flush: true });
    await rename(path, join(folder, LOST, name));
    if (isLeft) await rename(`${path}.new`, path);
  }
  // The tables changed their sizes or are gone, so the MANIFEST is rewritten.
  await ClassicLevel.repair(folder);
}

/** The consequences of a table's damage, for the log. */
export function describe({ name, findings }: DamagedTable): string[] {
  if (findings.good === undefined) return [`${name}: unreadable; all its records are missing`];
  return findings.damaged.map(key => `${name}: unreadable block; records before ${JSON.stringify(key)} are missing`);
}
