// Measures the router over real sockets, in turns with other routers: itself with a naive codec and naive writes,
// another revision of itself, and any other router that runs. `npm run bench -- --help` lists the options.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { comparedToBaseline, saveBaseline } from './baseline.ts';
import { beside, naive, ours } from './candidates.ts';
import { growthLines } from './growth.ts';
import { growthPlot } from './growth-plot.ts';
import { hostile } from './hostile.ts';
import { measureLoad } from './measure.ts';
import type { Candidate } from './measured-router.ts';
import { type BenchOptions, benchOptions, usage } from './options.ts';
import { profileSummary } from './profile-summary.ts';
import { Report } from './report.ts';
import { lostBy, type Result } from './results.ts';
import { Revision } from './revision.ts';
import type { LoadScenario, Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';

function fullName({ group, name }: Scenario): string {
  return `${group} ${name}`;
}

async function profile(scenario: LoadScenario, { effort }: BenchOptions): Promise<void> {
  const folder = fileURLToPath(new URL('../bench-profiles/', import.meta.url));
  const name = `${fullName(scenario).replaceAll(/[^a-z0-9]+/g, '-')}.cpuprofile`;
  mkdirSync(folder, { recursive: true });
  await measureLoad(scenario, effort, [ours({ profile: { folder, name } })]);
  console.log(`\n${fullName(scenario)}: ${join(folder, name)}`);
  for (const line of profileSummary(join(folder, name), 30)) console.log(line);
}

async function measure(scenario: Scenario, { effort }: BenchOptions, all: readonly Candidate[]): Promise<Result> {
  if (scenario.kind === 'load') return measureLoad(scenario, effort, scenario.candidates ?? all);
  const { kind, group, name } = scenario;
  const findings = await scenario.run(
    effort,
    all.filter(candidate => candidate !== naive),
  );
  return { kind, group, name, ...findings };
}

async function compare(selected: readonly Scenario[], options: BenchOptions): Promise<void> {
  using revision = options.against === undefined ? undefined : Revision.build(options.against);
  const candidates = [ours()];
  if (revision !== undefined) candidates.push(ours({ host: revision.host }, revision.name));
  if (options.beside !== undefined) candidates.push(beside(options.beside));
  if (options.naive) candidates.push(naive);
  const begun = performance.now();
  const report = options.json ? undefined : new Report();
  const results: Result[] = [];
  for (const scenario of selected) {
    const result = await measure(scenario, options, candidates);
    results.push(result);
    if (result.kind === 'load') report?.load(result);
    else report?.other(result);
  }
  report?.end((performance.now() - begun) / 1000);
  if (report !== undefined) for (const line of comparedToBaseline(results)) console.log(line);
  if (options.save) saveBaseline(results);
  if (options.plot !== undefined) writeFileSync(options.plot, growthPlot(growthLines()));
  if (options.json) console.log(JSON.stringify({ node: process.version, results }, undefined, 2));
  if (results.some(result => lostBy(result) > 0)) process.exitCode = 1;
}

async function main(): Promise<void> {
  const options = benchOptions(process.argv.slice(2));
  if (options.help) return console.log(usage);
  const { parts } = options;
  if (parts[0] === 'hostile') {
    if (!(await hostile(parts.slice(1)))) process.exitCode = 1;
    return;
  }
  const selected = scenarios.filter(each => parts.length === 0 || parts.some(part => fullName(each).includes(part)));
  if (selected.length === 0) throw new Error(`no scenario matches ${parts.join(' ')}; --list names them`);
  if (options.list) return selected.forEach(scenario => void console.log(fullName(scenario)));
  if (!options.profile) return await compare(selected, options);
  for (const scenario of selected) if (scenario.kind === 'load') await profile(scenario, options);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
