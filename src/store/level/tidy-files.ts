import { checkFiles, damagedLogs, describeLog } from '../files/store-files.ts';
import { damagedTables, describe, keep, salvage } from '../files/table-salvage.ts';
import { probeLock } from './level-handle.ts';

/**
 * Finds damaged files before LevelDB opens them, and moves them aside. Resolves with a line for each. Rejects with
 * `StoreUnusable` if the store cannot be opened or is open in another process.
 */
export async function tidyFiles(folder: string): Promise<string[]> {
  await checkFiles(folder);
  await probeLock(folder);
  const logs = await damagedLogs(folder);
  const kept = logs.filter(({ bytes }) => bytes !== undefined).map(({ name }) => name);
  if (kept.length > 0) await keep(folder, kept);
  const tables = await damagedTables(folder);
  if (tables.length > 0) await salvage(folder, tables);
  return [...logs.map(describeLog), ...tables.flatMap(describe)];
}
