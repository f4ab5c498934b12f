import { copyFile, link, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/error-message.ts';
import { DiskQuota } from './contract/disk-quota.ts';
import type { DamagedRecord } from './files/damage.ts';
import { checkFiles, damagedLogs, describeLog, missingTables, StoreUnusable } from './files/store-files.ts';
import { damagedTables, keep, LOST, salvage } from './files/table-salvage.ts';
import { probeLock } from './level/level-handle.ts';
import { LevelStore } from './level-store.ts';

const NO_LIMITS = { maxBytes: Number.POSITIVE_INFINITY, minFree: 0 };

export interface StoreFindings {
  /** Readable records. */
  readonly records: number;
  readonly damaged: readonly DamagedRecord[];
  /** Damaged files that an earlier start moved aside. */
  readonly aside: readonly string[];
}

/**
 * Finds damage in a store that is not open, without changing it: LevelDB opens a copy, whose tables are links to the
 * original ones. `inspect` throws if the owner of a record could not use it. Rejects with `StoreUnusable`.
 */
export async function checkStore(
  folder: string,
  inspect: (key: string, value: Uint8Array) => void,
  clock: Clock,
): Promise<StoreFindings> {
  await isStore(folder);
  await probeLock(folder);
  await checkFiles(folder);
  const copy = await copyOf(folder);
  try {
    const room = new DiskQuota(copy, NO_LIMITS, clock);
    const named = Number.POSITIVE_INFINITY;
    await using store = await LevelStore.open(copy, { sync: 'never', syncInterval: 1000, room, clock, named });
    let records = 0;
    for await (const [key, value] of store.range('', '\uffff')) {
      records += 1;
      try {
        inspect(key, value);
      } catch (error) {
        store.skipped(key, errorMessage(error));
      }
    }
    const aside = await readdir(join(folder, LOST)).catch(() => []);
    return { records, damaged: store.damage.records, aside: aside.sort() };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

export interface RepairFindings {
  /** Damaged files, moved to the folder `lost`. */
  readonly aside: readonly string[];
  /** Unreadable parts of the logs, and missing files. */
  readonly missing: readonly string[];
}

/** Repairs a store from its readable records. Rejects with `StoreUnusable`. */
export async function repairStore(folder: string): Promise<RepairFindings> {
  await isStore(folder);
  await probeLock(folder);
  const tables = await damagedTables(folder);
  const logs = await damagedLogs(folder);
  const missing = [
    ...(await missingTables(folder)).map(name => `${name}: the file is missing`),
    ...logs.map(describeLog),
  ];
  const kept = logs.filter(({ bytes }) => bytes !== undefined).map(({ name }) => name);
  if (kept.length > 0) await keep(folder, kept);
  await salvage(folder, tables);
  return { aside: [...tables.map(({ name }) => name), ...kept], missing };
}

async function isStore(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory() !== true) throw new StoreUnusable('the folder does not exist');
  const names = await readdir(folder);
  if (!names.some(name => /^CURRENT$|^MANIFEST-|\.(ldb|sst|log)$/.test(name))) {
    throw new StoreUnusable('the folder holds no store');
  }
}

/**
 * The copy is made in the folder itself, because links do not reach other disks; elsewhere if the folder is not
 * writable.
 */
async function copyOf(folder: string): Promise<string> {
  const copy = await mkdtemp(join(folder, 'check-')).catch(() => mkdtemp(join(tmpdir(), 'wampway-check-')));
  const files = (await readdir(folder, { withFileTypes: true })).filter(file => file.isFile());
  for (const { name } of files) {
    if (name === 'LOCK' || name.startsWith('LOG')) continue;
    const [from, to] = [join(folder, name), join(copy, name)];
    // LevelDB never changes a table, but it appends to the other files.
    if (/\.(ldb|sst)$/.test(name)) await link(from, to).catch(() => copyFile(from, to));
    else await copyFile(from, to);
  }
  return copy;
}
