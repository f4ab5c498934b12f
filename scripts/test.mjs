// Runs the compiled tests; `node scripts/test.mjs --help` lists the suites.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingForInterop } from './interop-needs.mjs';

const usage = `usage: npm test                          the unit tests
       npm test -- PART …               each test file whose path contains a PART, of any suite but interop
       npm run test:watch [-- PART …]   the same; runs a file again when it changes, or a file that it imports
       npm run test:long [-- PART …]    the long suites
       npm run test:interop [-- PART …] real clients, a browser, pseudo-terminals
       node scripts/test.mjs SUITE [PART …]

suites:
  unit      all folders except those of the other suites: pure tests, dialogues, sockets on 127.0.0.1
  attacks   test/attacks: clients that try to log in, or to block other clients
  fuzz      test/fuzz: random bytes for each parser and each listener
  process   test/process: the program as a process: signals, exit codes, output, a terminal
  property  test/property: random programs of clients, compared with models
  long      these four
  release   unit and process: the tests that may differ between releases of Node
  interop   test/interop; prints which programs of the system are missing`;

const longSuites = ['attacks', 'fuzz', 'process', 'property'];
/** For each suite, whether it contains the tests of a folder in test/. */
const suites = {
  unit: folder => folder !== 'interop' && !longSuites.includes(folder),
  long: folder => longSuites.includes(folder),
  release: folder => suites.unit(folder) || folder === 'process',
  ...Object.fromEntries([...longSuites, 'interop'].map(name => [name, folder => folder === name])),
};

/** Maximum number of test files that share a process. */
const FILES_PER_PROCESS = 8;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiled = join('dist', 'test');
const folderOf = file => file.split(sep)[2];

/** Returns the compiled test files of the folders for which `includes` is true. */
function filesOf(includes) {
  return readdirSync(join(root, compiled), { recursive: true, encoding: 'utf8' })
    .map(name => join(compiled, name))
    .filter(file => file.endsWith('.test.js') && includes(folderOf(file)))
    .sort();
}

/**
 * Returns fewer files with the same tests. Each file imports several test files of one folder, because loading the modules
 * of the gateway takes longer than most unit tests. The long suites measure memory and end processes, so each of their
 * files runs alone.
 */
function grouped(files) {
  const groups = join(root, 'dist', 'test-groups');
  rmSync(groups, { recursive: true, force: true });
  mkdirSync(groups, { recursive: true });
  const folders = new Set(files.map(folderOf).filter(suites.unit));
  const shared = [...folders].flatMap(folder => {
    const members = files.filter(file => folderOf(file) === folder);
    const count = Math.ceil(members.length / FILES_PER_PROCESS);
    return Array.from({ length: count }, (_, at) => {
      const path = join(groups, `${folder}-${at + 1}.js`);
      const lines = members.filter((_, index) => index % count === at);
      writeFileSync(path, lines.map(file => `import '${relative(groups, join(root, file))}';\n`).join(''));
      return relative(root, path);
    });
  });
  return [...shared, ...files.filter(file => !suites.unit(folderOf(file)))];
}

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(usage);
  process.exit();
}
const watch = args.includes('--watch');
const [suite = 'unit', ...parts] = args.filter(arg => arg !== '--watch');
if (suites[suite] === undefined) {
  console.error(`${suite} is not a suite\n\n${usage}`);
  process.exit(1);
}
const missing = suite === 'interop' ? missingForInterop() : [];
const printMissing = () => {
  if (missing.length > 0) console.error(['missing; the interop tests that need it fail:', ...missing].join('\n  '));
};
printMissing();
const wanted = suite === 'unit' && parts.length > 0 ? folder => folder !== 'interop' : suites[suite];
const matching = filesOf(wanted).filter(file => parts.length === 0 || parts.some(part => file.includes(part)));
if (matching.length === 0) {
  console.error(`no ${suite} test matches ${parts.join(' ')}`);
  process.exit(1);
}
const files = matching.length > FILES_PER_PROCESS && !watch ? grouped(matching) : matching;
// Interop tests share programs and ports of the machine, so one file runs at a time. Other tests wait for sockets and
// timers half of their time, so two processes run on each core.
const concurrency = suite === 'interop' ? 1 : 2 * availableParallelism();
const options = ['--enable-source-maps', '--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`];
if (watch) {
  options.push('--watch');
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', 'tsconfig.json', '--watch', '--preserveWatchOutput'];
  // A process group of its own, because the compiler starts a further process, which has to end too.
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  process.on('exit', () => child.exitCode === null && process.kill(-child.pid));
}
// Ends the processes that `start` has started. The default action of a signal would leave them running.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
const [status] = await once(start(...options, ...files), 'exit');
// Printed again, because the results have scrolled it away.
if (status !== 0) printMissing();
process.exit(status ?? 1);

/** Starts a process of Node that ends together with this process. */
function start(...args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  process.on('exit', () => child.kill());
  return child;
}
