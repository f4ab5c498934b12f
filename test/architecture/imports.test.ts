import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Who may import whom: the picture in ARCHITECTURE.md, as data. A layer may always import itself. */
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

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function sources(): string[] {
  return ['src', 'bridges', 'console']
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)),
    )
    .filter(name => /\.tsx?$/.test(name));
}

function layerOf(file: string): string {
  const [top = '', folder = ''] = file.split(sep);
  if (top !== 'src') return top;
  return folder.endsWith('.ts') ? 'main' : folder;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found: Import[] = [];
  const pattern =
    /^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[2] ?? match[3] ?? '';
    const to = specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier;
    found.push({ from: file, to, typeOnly: match[1] !== undefined });
  }
  return found;
}

const imports = sources().flatMap(importsOf);
const internal = imports.filter(({ to }) => /^(src|bridges|console)[/\\]/.test(to));
const external = imports.filter(({ to }) => !/^(src|bridges|console)[/\\]/.test(to) && !to.startsWith('.'));

describe('architecture', () => {
  it('reads the imports at all', () => {
    assert.ok(internal.length > 20, `only ${internal.length} imports found`);
  });

  it('has no arrow that points up', () => {
    const wrong = internal.filter(({ from, to }) => {
      const [here, there] = [layerOf(from), layerOf(to)];
      if (here === there) return here === 'bridges' && isOtherBridge(from, to);
      return !(allowed[here] ?? []).some(name => name === there || (there === 'gateway' && to === join('src', name)));
    });
    assert.deepEqual(wrong, []);
  });

  it('has no cycle', () => {
    const edges = new Map<string, string[]>();
    for (const { from, to, typeOnly } of internal) if (!typeOnly) edges.set(from, [...(edges.get(from) ?? []), to]);
    const state = new Map<string, 'open' | 'done'>();
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      assert.notEqual(state.get(file), 'open', `import cycle: ${[...path, file].join(' -> ')}`);
      state.set(file, 'open');
      for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of edges.keys()) visit(file, []);
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
  const [fromFolder, toFolder] = [from.split(sep)[1], to.split(sep)[1]];
  return from !== join('bridges', 'index.ts') && fromFolder !== toFolder;
}
