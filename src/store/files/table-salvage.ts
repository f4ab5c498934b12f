import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { readTable, rewriteTable, type TableFindings } from './table-file.ts';

/** Where the damaged files go, as LevelDB's own repair has it. */
export const LOST = 'lost';

export interface DamagedTable {
  readonly name: string;
  readonly findings: TableFindings;
}

/** Tables of a store whose checksums do not match. */
export async function damagedTables(folder: string): Promise<DamagedTable[]> {
  const found: DamagedTable[] = [];
  for (const name of (await readdir(folder)).filter(name => /^\d+\.(ldb|sst)$/.test(name)).sort()) {
    // One at a time: a table has some MiB.
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
 * Takes the damaged blocks out of tables: LevelDB would stop at them in each compaction, or end the process. The tables
 * as they were go to the folder `lost`. The store is not open.
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
  // The tables have other sizes now, or are gone: what says which there are is written anew.
  await ClassicLevel.repair(folder);
}

/** What the damage of a table means for whoever reads the log. */
export function describe({ name, findings }: DamagedTable): string[] {
  if (findings.good === undefined) return [`${name}: it cannot be read; all its records are missing`];
  return findings.damaged.map(
    key => `${name}: a block cannot be read; records before ${JSON.stringify(key)} are missing`,
  );
}
