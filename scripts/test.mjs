// Runs the compiled tests: `node scripts/test.mjs unit|release|interop [part of a path …]`. `release` is what may differ
// between releases of Node: the unit tests without the long ones, which compute, or start the program again and again.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interopLacks } from './interop-needs.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [suite = 'unit', ...parts] = process.argv.slice(2);
const interop = `${sep}interop${sep}`;
const long = ['attacks', 'fuzz', 'property'].map(folder => join('dist', 'test', folder) + sep);
const files = readdirSync(join(root, 'dist', 'test'), { recursive: true, encoding: 'utf8' })
  .map(name => join('dist', 'test', name))
  .filter(name => name.endsWith('.test.js'))
  .filter(name => name.includes(interop) === (suite === 'interop'))
  .filter(name => suite !== 'release' || !long.some(folder => name.startsWith(folder)))
  .filter(name => parts.length === 0 || parts.some(part => name.includes(part)))
  .sort();
const lacks = suite === 'interop' ? interopLacks() : [];
const sayLacks = () => {
  if (lacks.length > 0) console.error(['the interop tests lack, and fail for want of it:', ...lacks].join('\n  '));
};
sayLacks();
if (files.length === 0) {
  console.error(`no ${suite} test matches ${parts.join(' ')}`);
  process.exit(1);
}
// Interop tests share programs and ports of the machine: one file at a time. Unit tests wait more than they compute, so
// they use each core; the default of the runner leaves one idle.
const concurrency = suite === 'interop' ? 1 : Math.max(2, availableParallelism());
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`, ...files],
  { cwd: root, stdio: 'inherit' },
);
// Again, as it has scrolled away.
if (status !== 0) sayLacks();
process.exit(status ?? 1);
