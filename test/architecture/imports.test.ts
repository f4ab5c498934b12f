import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  crowdedFolders,
  fileCircles,
  folderCircles,
  importsOf,
  isInternal,
  repeatedNames,
  sources,
} from '../support/import-graph.ts';

/** The allowed imports between layers, as drawn in ARCHITECTURE.md. A layer may always import itself. */
const allowed: Record<string, readonly string[]> = {
  base: [],
  wamp: ['base'],
  codec: ['base', 'wamp'],
  link: ['base', 'wamp', 'codec'],
  router: ['base', 'wamp', 'link'],
  auth: ['base', 'wamp', 'link', 'router'],
  client: ['base', 'wamp', 'codec', 'link'],
  meta: ['base', 'wamp', 'client', 'link', 'router'],
  transport: ['base', 'wamp', 'codec', 'link'],
  store: ['base'],
  gateway: ['base', 'wamp', 'codec', 'link', 'router', 'auth', 'client', 'meta', 'transport', 'store'],
  bridges: ['base', 'wamp', 'codec', 'link', 'client', 'gateway/bridge/bridge.ts'],
  console: ['base', 'wamp', 'codec', 'link', 'client', 'public'],
  cli: ['public', 'base', 'wamp', 'codec', 'link', 'auth', 'client', 'transport', 'store', 'gateway', 'bridges'],
  public: ['base', 'wamp', 'codec', 'link', 'client', 'transport', 'gateway'],
  main: [
    'base',
    'wamp',
    'codec',
    'link',
    'router',
    'auth',
    'client',
    'meta',
    'transport',
    'store',
    'gateway',
    'bridges',
    'cli',
  ],
};

/** Layers without input and output, and the only packages that they may import: those that do none. */
const pureLayers = ['base', 'wamp', 'codec', 'link', 'router', 'auth', 'client', 'meta'];
const purePackages: Record<string, readonly string[]> = {
  base: ['re2js'],
  codec: ['cbor-x'],
  client: [
    ...['@noble/hashes/argon2.js', '@noble/hashes/hmac.js', '@noble/hashes/pbkdf2.js', '@noble/hashes/sha2.js'],
    '@noble/curves/ed25519.js',
  ],
  auth: ['node:crypto', '@noble/hashes/argon2.js'],
};

/** The entry points: the files that may export what another file declares. */
const entryPoints = ['src/index.ts', 'src/gateway/bridge/bridge.ts'];

/** Folders with more than ten files, on purpose. */
const largeFolders = ['src/gateway/config'];

const files = sources();
const imports = files.flatMap(importsOf);
const internal = imports.filter(isInternal);
const external = imports.filter(found => !isInternal(found) && !found.to.startsWith('.'));

function layerOf(file: string): string {
  const [top = '', folder = ''] = file.split('/');
  if (top !== 'src') return top;
  return folder.endsWith('.ts') ? 'main' : folder;
}

describe('architecture', () => {
  it('reads the imports at all', () => {
    assert.ok(internal.length > 20, `only ${internal.length} imports found`);
  });

  it('has no arrow that points up', () => {
    const wrong = internal.filter(({ from, to }) => {
      const [here, there] = [layerOf(from), layerOf(to)];
      if (here === there) return here === 'bridges' && isOtherBridge(from, to);
      return !(allowed[here] ?? []).some(name => name === there || (there === 'gateway' && to === `src/${name}`));
    });
    assert.deepEqual(wrong, []);
  });

  it('has no circle between files, type imports included', () => {
    assert.deepEqual(fileCircles(internal), []);
  });

  it('has no circle between folders', () => {
    assert.deepEqual(folderCircles(internal), []);
  });

  it('has at most ten files in a folder', () => {
    const crowded = crowdedFolders(files, 10).map(({ folder }) => folder);
    assert.deepEqual(crowded, largeFolders);
  });

  it('declares each exported name in one file only', () => {
    // An entry point may replace a value for one platform, under its name.
    const inside = files.filter(file => !file.startsWith('src/public/'));
    assert.deepEqual(repeatedNames(inside), {});
  });

  it('re-exports in entry points only', () => {
    const wrong = imports.filter(
      ({ from, reExport }) => reExport && !entryPoints.includes(from) && !from.startsWith('src/public/'),
    );
    assert.deepEqual(wrong, []);
  });

  it('keeps input and output out of the pure layers', () => {
    const wrong = external.filter(({ from, to }) => {
      const layer = layerOf(from);
      if (!pureLayers.includes(layer)) return false;
      return !(purePackages[layer] ?? []).includes(to);
    });
    assert.deepEqual(wrong, []);
  });

  it('imports each package in one or two files', () => {
    const users = new Map<string, Set<string>>();
    for (const { from, to } of external) {
      if (to.startsWith('node:') || layerOf(from) === 'console') continue;
      // zod is the vocabulary of every bridge's schema.
      if (to === 'zod') continue;
      users.set(to, (users.get(to) ?? new Set()).add(from));
    }
    const wide = [...users].filter(([, files]) => files.size > 2).map(([name, files]) => [name, [...files]]);
    assert.deepEqual(wide, []);
  });
});

/** bridges/index.ts lists the bridges; otherwise a bridge keeps to its own folder. */
function isOtherBridge(from: string, to: string): boolean {
  const [fromFolder, toFolder] = [from.split('/')[1], to.split('/')[1]];
  return from !== 'bridges/index.ts' && fromFolder !== toFolder;
}
