import { z } from 'zod';
import { byteSize } from './values/byte-size.ts';

const MEBIBYTE = 1024 * 1024;
const GIBIBYTE = 1024 * MEBIBYTE;

/** Settings of the data folder. */
export const dataSchema = z
  .strictObject({
    path: z.string().min(1).describe('Folder, relative to the configuration file. It is created if it does not exist'),
    sync: z
      .enum(['always', 'interval', 'never'])
      .default('always')
      .describe(
        'When a write is flushed to the disk. always: before it is acknowledged. interval: within syncInterval. never: when the operating system does it',
      ),
    syncInterval: z.int().min(10).default(1000).describe('Milliseconds, for sync: interval'),
    maxBytes: byteSize(MEBIBYTE, 1024 * GIBIBYTE)
      .default(GIBIBYTE)
      .describe('Maximum size of the folder. If it is full, new data is refused'),
    minFree: byteSize(0, 1024 * GIBIBYTE)
      .default(64 * MEBIBYTE)
      .describe('Space that is left free on the disk. A quarter of it, 256 KiB to 4 MiB, is the buffer of LevelDB'),
  })
  .optional()
  .describe('Stores data that must outlive the process. Without it, all data is in memory');

export type DataConfig = NonNullable<z.output<typeof dataSchema>>;
