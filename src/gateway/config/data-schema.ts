import { z } from 'zod';
import { byteSize } from './values/byte-size.ts';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;

/** Where and how what must outlive the process is kept. */
export const dataSchema = z
  .strictObject({
    path: z.string().min(1).describe('Folder, made where there is none; relative to the configuration'),
    sync: z
      .enum(['always', 'interval', 'never'])
      .default('always')
      .describe(
        'When a write is safe from a power cut: before it is acknowledged, within syncInterval, or when the system likes',
      ),
    syncInterval: z.int().min(10).default(1000).describe('Milliseconds, for sync: interval'),
    maxBytes: byteSize(MEBIBYTE, 1024 * GIBIBYTE)
      .default(GIBIBYTE)
      .describe('What the folder may take; with more, what has to be stored is refused'),
    minFree: byteSize(0, 1024 * GIBIBYTE)
      .default(64 * MEBIBYTE)
      .describe(
        'What is left free on the disk; a quarter of it, 256 KiB to 4 MiB, is what LevelDB gathers before it writes a table',
      ),
  })
  .optional()
  .describe('Keep what must outlive the process; without it, everything is in memory alone');

export type DataConfig = NonNullable<z.output<typeof dataSchema>>;
