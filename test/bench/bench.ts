// Measures the router over real sockets, against itself with a naive codec and naive writes, in one run:
//   npm run bench -- [--quick] [--json] [--profile] [part of a scenario's name …]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Effort, measureIdle, measureRate, type Result } from './measure.ts';
import { profileSummary } from './profile-summary.ts';
import { Report } from './report.ts';
import { type RateScenario, type Scenario, scenarios } from './scenarios.ts';

const full: Effort = { rounds: 5, roundMilliseconds: 500, warmUpMilliseconds: 800, idleSessions: 2000 };
const quick: Effort = { rounds: 3, roundMilliseconds: 150, warmUpMilliseconds: 100, idleSessions: 500 };

const usage = `usage: npm run bench -- [options] [part of a name …]
  --quick    shorter rounds: all in less than a minute, less exact
  --json     print results as JSON
  --profile  write a CPU profile of the router for each scenario and print where the time goes; no naive router
  --list     print the names of the scenarios`;

function fullName({ group, name }: Scenario): string {
  return `${group} ${name}`;
}

function chosen(parts: readonly string[]): readonly Scenario[] {
  return scenarios.filter(scenario => parts.length === 0 || parts.some(part => fullName(scenario).includes(part)));
}

function measure(scenario: Scenario, effort: Effort): Promise<Result> {
  if (scenario.kind === 'idle') return measureIdle(scenario, effort);
  return measureRate(scenario, effort, [{ naive: false }, { naive: true }]);
}

async function profile(scenario: RateScenario, effort: Effort): Promise<void> {
  const folder = fileURLToPath(new URL('../../bench-profiles/', import.meta.url));
  const name = `${fullName(scenario).replaceAll(/[^a-z0-9]+/g, '-')}.cpuprofile`;
  mkdirSync(folder, { recursive: true });
  await measureRate(scenario, effort, [{ naive: false, profile: { folder, name } }]);
  console.log(`\n${fullName(scenario)}: ${join(folder, name)}`);
  for (const line of profileSummary(join(folder, name), 30)) console.log(line);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const selected = chosen(positionals);
  if (values.list) return selected.forEach(scenario => void console.log(fullName(scenario)));
  if (selected.length === 0) throw new Error(`no scenario matches ${positionals.join(' ')}\n${usage}`);
  const effort = values.quick ? quick : full;
  if (values.profile) {
    for (const scenario of selected) if (scenario.kind === 'rate') await profile(scenario, effort);
    return;
  }
  const begun = performance.now();
  const report = values.json ? undefined : new Report();
  const results: Result[] = [];
  for (const scenario of selected) {
    const result = await measure(scenario, effort);
    results.push(result);
    report?.add(result);
  }
  report?.end((performance.now() - begun) / 1000);
  if (values.json) console.log(JSON.stringify({ node: process.version, effort, results }, undefined, 2));
  if (results.some(result => result.kind === 'rate' && result.lost > 0)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
