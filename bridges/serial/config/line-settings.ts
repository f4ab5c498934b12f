import { z } from 'zod';

const PARITIES = { n: 'none', e: 'even', o: 'odd', m: 'mark', s: 'space' } as const;

const baud = z.int().min(50).max(4_000_000).describe('Bits per second; unusual rates such as 256000 are supported.');
const bits = z.union([z.literal(5), z.literal(6), z.literal(7), z.literal(8)]);
const stop = z.union([z.literal(1), z.literal(1.5), z.literal(2)]);
const parity = z.enum(['none', 'even', 'odd', 'mark', 'space']);

/** `9600n81`, `9600,7e1`, `115200 8n1`: the rate, then parity, data bits and stop bits in either common order. */
const short =
  /^(?<baud>\d{2,7})[\s,/-]?(?:(?<p1>[neoms])(?<d1>[5-8])(?<s1>[12])|(?<d2>[5-8])(?<p2>[neoms])(?<s2>[12]))?$/i;

const full = z.strictObject({
  baud: baud.default(9600),
  bits: bits.default(8),
  parity: parity.default('none'),
  stop: stop.default(1),
  rtscts: z.boolean().default(false).describe('Hardware flow control.'),
  xonxoff: z.boolean().default(false).describe('Software flow control.'),
});

/** The settings of the serial line. */
export type LineSettings = z.output<typeof full>;

/** The settings of a short form, or undefined if `text` is not one. */
export function parseLineSettings(text: string): LineSettings | undefined {
  const groups = short.exec(text.trim())?.groups;
  if (groups === undefined) return undefined;
  const letter = (groups['p1'] ?? groups['p2'] ?? 'n').toLowerCase();
  const parsed = full.safeParse({
    baud: Number(groups['baud']),
    bits: Number(groups['d1'] ?? groups['d2'] ?? 8),
    parity: Object.entries(PARITIES).find(([key]) => key === letter)?.[1],
    stop: Number(groups['s1'] ?? groups['s2'] ?? 1),
  });
  return parsed.success ? parsed.data : undefined;
}

/** The short form, a rate alone, or the fields. Defaults: 8 data bits, no parity, 1 stop bit. */
export const lineSettings = z
  .union([z.string(), z.int(), full])
  .transform((value, context): LineSettings => {
    if (typeof value === 'object') return value;
    const parsed = parseLineSettings(String(value));
    if (parsed !== undefined) return parsed;
    context.addIssue({
      code: 'custom',
      message: `must be a short form such as "9600n81" or "115200 8n1" (got "${value}")`,
    });
    return z.NEVER;
  })
  .describe('Line settings: "9600n81", or baud, bits, parity and stop.');

/** Milliseconds to transmit `bytes`: start bit, data, parity, stop bits. */
export function transmitTime(bytes: number, line: LineSettings): number {
  const bitsPerByte = 1 + line.bits + (line.parity === 'none' ? 0 : 1) + line.stop;
  return Math.ceil((bytes * bitsPerByte * 1000) / line.baud);
}
