import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

export interface Import {
  readonly from: string;
  /** A file of this repository as a path from its root, or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly reExport: boolean;
}

export interface Folder {
  readonly folder: string;
  readonly files: number;
}

/** The source files in `src`, `bridges` and `console`, as paths from the root with `/`. */
export function sources(): string[] {
  return ['src', 'bridges', 'console']
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map(name => join(folder, name)),
    )
    .filter(name => /\.tsx?$/.test(name))
    .map(name => name.replaceAll('\\', '/'))
    .sort();
}

/** The imports of a file, `import()` and re-exports included. */
export function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern =
    /^\s*(import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
  return [...text.matchAll(pattern)].map(([, keyword, type, named, dynamic]) => ({
    from: file,
    to: target(file, named ?? dynamic ?? ''),
    typeOnly: type !== undefined,
    reExport: keyword === 'export',
  }));
}

function target(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return relative(root, resolve(root, dirname(file), specifier)).replaceAll('\\', '/');
}

/** Whether `to` of an import is a source file and not a package. */
export function isInternal({ to }: Import): boolean {
  return /^(?:src|bridges|console)\//.test(to);
}

/** The circles between files, type imports included: each as the sorted list of the files that import each other. */
export function fileCircles(imports: readonly Import[]): string[][] {
  return circles(imports.map(({ from, to }) => [from, to]));
}

/** The circles between folders. A folder is what `dirname` says: a folder and its sub-folder are two. */
export function folderCircles(imports: readonly Import[]): string[][] {
  return circles(
    imports.map(({ from, to }) => [dirname(from), dirname(to)] as const).filter(([from, to]) => from !== to),
  );
}

/** The folders with more than `limit` files, sub-folders not counted. */
export function crowdedFolders(files: readonly string[], limit: number): Folder[] {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > limit).map(([folder, count]) => ({ folder, files: count }));
}

/** The names that more than one file declares and exports, each with the files. A re-export is not a declaration. */
export function repeatedNames(files: readonly string[]): Record<string, string[]> {
  const users = new Map<string, string[]>();
  for (const file of files) {
    for (const name of new Set(declaredNamesOf(file))) users.set(name, [...(users.get(name) ?? []), file]);
  }
  return Object.fromEntries([...users].filter(([, places]) => places.length > 1).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function declaredNamesOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const declarations =
    /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:class|function\*?|const|let|type|interface|enum) +(\w+)/gm;
  const lists = /^export (?:type )?\{([^}]*)\}(?! from)/gm;
  return [
    ...[...text.matchAll(declarations)].map(([, name = '']) => name),
    ...[...text.matchAll(lists)].flatMap(([, names = '']) =>
      names
        .split(',')
        .map(name => (/(\w+)\s*$/.exec(name) ?? [])[1] ?? '')
        .filter(name => name !== ''),
    ),
  ];
}

/** The strongly connected components with more than one node, or with an edge to itself. */
function circles(edges: readonly (readonly [from: string, to: string])[]): string[][] {
  const forward = new Map<string, Set<string>>();
  const backward = new Map<string, Set<string>>();
  for (const [from, to] of edges) {
    forward.set(from, (forward.get(from) ?? new Set()).add(to));
    backward.set(to, (backward.get(to) ?? new Set()).add(from));
  }
  const order: string[] = [];
  const seen = new Set<string>();
  for (const node of forward.keys()) visit(node, forward, seen, order);
  const placed = new Set<string>();
  const found: string[][] = [];
  for (const node of order.reverse()) {
    const component: string[] = [];
    visit(node, backward, placed, component);
    if (component.length > 1 || forward.get(node)?.has(node) === true) found.push(component.sort());
  }
  return found.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

/** Depth first; `order` receives each node after the nodes that it leads to. */
function visit(
  node: string,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
  seen: Set<string>,
  order: string[],
): void {
  if (seen.has(node)) return;
  seen.add(node);
  for (const next of edges.get(node) ?? []) visit(next, edges, seen, order);
  order.push(node);
}
