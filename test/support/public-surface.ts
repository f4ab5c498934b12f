import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { declaredNames } from './declared-names.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const run = promisify(execFile);

/** What users of this package depend on, as JSON. */
export type PublicSurface = Readonly<Record<string, unknown>>;

/** Collects the public surface from `dist/`, `package.json` and `config/gateway.schema.json`. */
export async function publicSurface(): Promise<PublicSurface> {
  const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>;
    bin: Record<string, string>;
  };
  const entries = Object.entries(exports).filter(([, target]) => typeof target === 'object');
  const program = Object.values(bin)[0] ?? '';
  return {
    entryPoints: Object.keys(exports),
    declarations: Object.fromEntries(entries.map(([name, target]) => [name, declarationsOf(target)])),
    values: await valuesOf(entries.map(([name, target]) => [name, at(target, 'default')])),
    nodeValues: await valuesOf([['./client', at(exports['./client'] ?? '', 'node')]]),
    page: await valuesOf([['/wampway.js', 'dist/page/wampway.js']]),
    uris: urisIn(['dist/src', 'dist/bridges']),
    commandLine: await commandLine(join(root, program)),
    configuration: withoutDescriptions(JSON.parse(readFileSync(join(root, 'config/gateway.schema.json'), 'utf8'))),
  };
}

function at(target: string | Record<string, string>, condition: string): string {
  return typeof target === 'string' ? target : (target[condition] ?? '');
}

function declarationsOf(target: string | Record<string, string>): Record<string, string> {
  const names = declaredNames(join(root, at(target, 'types')));
  return Object.fromEntries(
    [...names]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { kind, members }]) => [name, [kind, ...members].join(' ')]),
  );
}

/** The exported values of each module: `class`, `function`, or the entries of a plain object, such as the error URIs. */
async function valuesOf(modules: readonly (readonly [name: string, path: string])[]): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, path] of modules) {
    const loaded = (await import(pathToFileURL(join(root, path)).href)) as Record<string, unknown>;
    found[name] = Object.fromEntries(
      Object.keys(loaded)
        .sort()
        .map(key => [key, shapeOf(loaded[key])]),
    );
  }
  return found;
}

function shapeOf(value: unknown): unknown {
  if (typeof value === 'function') return /^class\b/.test(String(value)) ? 'class' : 'function';
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, typeof entry === 'string' ? entry : typeof entry]),
  );
}

/**
 * The URIs `wamp.…` and `wampway.…` in the strings of the compiled code: procedures, topics, errors and reasons. A URI
 * that the code puts together appears as its constant part.
 */
function urisIn(folders: readonly string[]): string[] {
  const uris = new Set<string>();
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.js')) continue;
      const code = readFileSync(join(root, folder, name), 'utf8').replaceAll(/^\s*(?:\/\/|\/\*|\* |\*\/).*$/gm, '');
      for (const [, uri = ''] of code.matchAll(/['"`]((?:wamp|wampway)\.[a-z0-9_.]+)/g)) uris.add(uri);
    }
  }
  return [...uris].sort();
}

/** The usage line and the options of each command, with choices and defaults, from its `--help`. */
async function commandLine(program: string): Promise<Record<string, unknown>> {
  const own = await help(program);
  const [, list = ''] = /^Commands:\n([\s\S]*?)\n\n/m.exec(own) ?? [];
  const names = [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name).filter(name => name !== 'help');
  const commands = await Promise.all(names.map(async name => [name, helpShape(await help(program, name))] as const));
  return { wampway: helpShape(own), ...Object.fromEntries(commands) };
}

/** The help text, with each entry on one line. */
async function help(program: string, ...command: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [program, ...command, '--help']);
  return stdout.replaceAll(/\n {8,}(?=\S)/g, ' ');
}

function helpShape(text: string): { usage: string; options: string[] } {
  const [, usage = ''] = /^Usage: (.*)$/m.exec(text) ?? [];
  const options = [...text.matchAll(/^ {2}(-.*?)(?: {2,}(.*))?$/gm)].map(([, flags = '', summary = '']) => {
    const terms = [/\(choices: .*$/, /\(default: "[^"]*"\)$/].map(pattern => pattern.exec(summary)?.[0]);
    return [flags, terms.find(term => term !== undefined)].filter(part => part !== undefined).join(' ');
  });
  return { usage, options };
}

function withoutDescriptions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDescriptions);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // A property that is called `description` has a schema, not a text.
      .filter(([key, entry]) => typeof entry !== 'string' || !/^(?:description|markdownDescription|title)$/.test(key))
      .map(([key, entry]) => [key, withoutDescriptions(entry)]),
  );
}
