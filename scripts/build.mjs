// Builds dist/: the compiled program, its tests, and the console. If no source has changed, it does nothing.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');
const sources = [
  'src',
  'bridges',
  'test',
  'bench',
  'console',
  'examples',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];

function newest(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  // A folder's own time changes when a file in it is added or removed.
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), info.mtimeMs);
}

/** Removes the compiled files of deleted sources. A deleted test would otherwise still run. */
function removeStale(part) {
  for (const name of readdirSync(join(root, 'dist', part), { recursive: true, encoding: 'utf8' })) {
    const [, stem] = /^(.*?)(?:\.js|\.js\.map|\.d\.ts)$/.exec(name) ?? [];
    if (stem === undefined || existsSync(join(root, part, `${stem}.ts`))) continue;
    rmSync(join(root, 'dist', part, name));
  }
}

if (!existsSync(join(root, 'node_modules', 'typescript'))) {
  if (existsSync(join(root, 'dist', 'src', 'main.js'))) process.exit(0);
  console.error('wampway: cannot build: the development packages are missing; run: npm ci --include=dev');
  process.exit(1);
}

const changed = Math.max(...sources.map(name => newest(join(root, name))));
const built = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (built <= changed) {
  const run = (file, ...args) =>
    execFileSync(process.execPath, [join(root, file), ...args], { cwd: root, stdio: 'inherit' });
  try {
    run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
    for (const part of ['src', 'bridges', 'test', 'bench']) removeStale(part);
    if (existsSync(join(root, 'scripts', 'build-console.mjs'))) run('scripts/build-console.mjs');
  } catch {
    console.error('wampway: the build failed; see the errors above');
    process.exit(1);
  }
  writeFileSync(stamp, '');
}
