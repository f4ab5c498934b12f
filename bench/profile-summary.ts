import { readFileSync } from 'node:fs';

/** The used parts of the output of `--cpu-prof`. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions with the most time, without idle time: lines of share and place. */
export function profileSummary(file: string, count: number): readonly string[] {
  // Node has just written it.
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const places = new Map<number, string>();
  for (const { id, callFrame } of profile.nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const path = url.replace(/^.*\/(dist|node_modules)\//, '');
    places.set(id, `${functionName || '(anonymous)'}${path === '' ? '' : `  ${path}:${lineNumber + 1}`}`);
  }
  const times = new Map<string, number>();
  let total = 0;
  profile.samples.forEach((id, i) => {
    const place = places.get(id) ?? '?';
    if (place === '(idle)') return;
    const time = profile.timeDeltas[i] ?? 0;
    total += time;
    times.set(place, (times.get(place) ?? 0) + time);
  });
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([place, time]) => `${((100 * time) / total).toFixed(1).padStart(6)} %  ${place}`);
}
