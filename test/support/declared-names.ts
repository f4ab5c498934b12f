import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** The kind of an exported declaration, such as `class`, and the names of its members. */
export interface Declared {
  readonly kind: string;
  readonly members: readonly string[];
}

/**
 * The names that a compiled declaration file exports, values and types, by following its re-exports. The members of
 * classes, interfaces and object types are included, their types are not: a type may be renamed inside the program.
 */
export function declaredNames(file: string): Map<string, Declared> {
  const text = withoutComments(readFileSync(file, 'utf8'));
  const found = new Map<string, Declared>();
  for (const [, names = '', from] of text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from '([^']+)')?;/gm)) {
    const source = from === undefined ? localDeclarations(file, text) : declaredNames(declarationFile(file, from));
    for (const part of names.split(',').filter(name => name.trim() !== '')) {
      const [, inside = '', outside = inside] = /^\s*(?:type )?(\w+)(?: as (\w+))?\s*$/.exec(part) ?? [];
      const declared = source.get(inside);
      if (declared === undefined)
        throw new Error(`${file}: "${part.trim()}" is not declared in ${from ?? 'this file'}`);
      found.set(outside, declared);
    }
  }
  for (const [, from = ''] of text.matchAll(/^export (?:type )?\* from '([^']+)';/gm)) {
    for (const [name, declared] of declaredNames(declarationFile(file, from))) found.set(name, declared);
  }
  for (const [name, declared, exported] of declarations(text)) if (exported) found.set(name, declared);
  return found;
}

function localDeclarations(file: string, text: string): Map<string, Declared> {
  const found = new Map<string, Declared>();
  for (const [, names = '', from = ''] of text.matchAll(/^import (?:type )?\{([^}]*)\} from '([^']+)';/gm)) {
    if (!from.startsWith('.')) continue;
    const source = declaredNames(declarationFile(file, from));
    for (const part of names.split(',')) {
      const [, inside = '', local = inside] = /^\s*(?:type )?(\w+)(?: as (\w+))?\s*$/.exec(part) ?? [];
      const declared = source.get(inside);
      if (declared !== undefined) found.set(local, declared);
    }
  }
  for (const [name, declared] of declarations(text)) found.set(name, declared);
  return found;
}

function declarationFile(from: string, specifier: string): string {
  return resolve(dirname(from), specifier.replace(/\.[jt]s$/, '.d.ts'));
}

function declarations(text: string): [name: string, declared: Declared, exported: boolean][] {
  const pattern =
    /^(export )?(?:declare )?(?:abstract )?(class|interface|type|const|function|enum|let) (\w+)([\s\S]*?)(?=^(?:export|declare|import|interface|type|class)\b|(?![\s\S]))/gm;
  return [...text.matchAll(pattern)].map(([, exported, kind = '', name = '', body = '']) => [
    name,
    { kind, members: membersOf(kind, body) },
    exported !== undefined,
  ]);
}

/** The member names of a body, each with `?` if it is optional; for a union, those of each part. */
function membersOf(kind: string, body: string): string[] {
  if (kind === 'function') return [];
  const members = new Set<string>();
  const pattern = /^ {4}(?:(?:static|readonly|abstract|get|set|protected) )*(\[[\w.]+\]|\w+)(\??)(?=[(:<;])/gm;
  for (const [, name = '', optional = ''] of body.matchAll(pattern)) members.add(name + optional);
  // A private member is no part of the surface.
  for (const [, name = ''] of body.matchAll(/^ {4}private (?:readonly )?(\w+)/gm)) members.delete(name);
  return [...members].sort();
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
