import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDict } from '../src/wamp/dict.ts';
import type { Result } from './results.ts';

const file = fileURLToPath(new URL('../../bench/baseline.json', import.meta.url));

/** A smaller change is attributed to the machine. */
const NOISE = 0.15;

/**
 * For each scenario, how many times less CPU our router took than the naive router in the same run. This ratio can be
 * compared across machines and days.
 */
type Baseline = Readonly<Record<string, number>>;

function ratios(results: readonly Result[]): Baseline {
  const found: Record<string, number> = {};
  for (const result of results) {
    if (result.kind !== 'load') continue;
    const ours = result.routers[0]?.figures;
    const naive = result.routers.find(({ router }) => router === 'naive')?.figures;
    if (ours === undefined || naive === undefined) continue;
    found[`${result.group} ${result.name}`] = Math.round((100 * naive.cpu) / ours.cpu) / 100;
  }
  return found;
}

/** Stores the ratios of this run. Ratios of scenarios that did not run stay. */
export function saveBaseline(results: readonly Result[]): void {
  writeFileSync(file, `${JSON.stringify({ ...loadBaseline(), ...ratios(results) }, undefined, 2)}\n`);
}

function loadBaseline(): Baseline {
  if (!existsSync(file)) return {};
  const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isDict(kept)) return {};
  return Object.fromEntries(Object.entries(kept).map(([name, ratio]) => [name, Number(ratio)]));
}

/** The changes since the stored baseline, as lines to print. */
export function comparedToBaseline(results: readonly Result[]): readonly string[] {
  const kept = loadBaseline();
  const now = Object.entries(ratios(results)).filter(([name]) => kept[name] !== undefined);
  if (now.length === 0) return [];
  const changes = now.flatMap(([name, ratio]) => {
    const before = kept[name] ?? Number.NaN;
    const change = ratio / before;
    if (Math.abs(change - 1) < NOISE) return [];
    const word = change > 1 ? 'less' : 'MORE';
    return [
      `  ${name.padEnd(30)} ${word} CPU than the baseline: ${ratio.toFixed(2)}x of naive, was ${before.toFixed(2)}x`,
    ];
  });
  return changes.length > 0 ? changes : [`  As the baseline, within ${NOISE * 100} %, in all ${now.length} scenarios.`];
}
