import { z } from 'zod';

const factors: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** A number of bytes from `min` to `max`, written as a number or as `512 KiB`, `1MiB`, `4 MB`. */
export function byteSize(min: number, max: number): z.ZodType<number, number | string> {
  return z
    .union([
      z.int(),
      z.string().regex(/^\d+(\.\d+)? ?([kKMG]i?)?B?$/, { error: 'must be bytes: 65536, or 64 KiB, 1 MiB …' }),
    ])
    .transform(value => (typeof value === 'number' ? value : parse(value)))
    .pipe(
      z
        .number()
        .min(min, { error: `must be at least ${showBytes(min)}` })
        .max(max, { error: `must be at most ${showBytes(max)}` }),
    );
}

function parse(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+) ?(.*)$/.exec(text) ?? [];
  const upper = unit.toUpperCase();
  return Math.round(Number(number) * (factors[upper] ?? factors[`${upper}B`] ?? 1));
}

/** Formats a size for people: `1 MiB`, `1500 bytes`. */
export function showBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes >= size && bytes % (size / 4) === 0) return `${bytes / size} ${unit}`;
  }
  return `${bytes} bytes`;
}
