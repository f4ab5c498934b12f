import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type ScalarTag,
  type YAMLError,
} from 'yaml';
import { errorMessage } from '../../base/error-message.ts';
import { type ConfigSource, type Origin, secretKey } from './config-source.ts';
import { type ConfigPath, type ConfigProblem, type Span, showPath } from './values/config-problem.ts';

/** The sources of `!env` and `!file`. `file` returns the text of a file relative to the configuration, or throws. */
export interface SecretSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  file(path: string): string;
}

/** Maximum of values in a configuration with aliases resolved. More are an alias bomb. */
const MAX_VALUES = 20_000;
const MAX_DEPTH = 50;

type Range = readonly [start: number, end: number];

interface Place {
  readonly value: Range | undefined;
  readonly key: Range | undefined;
  readonly origin: Origin | undefined;
  readonly broken: boolean;
}

/** A tagged value in the tree. It is resolved when the tree is walked, because the path is known then. */
class Tagged {
  readonly tag: '!env' | '!file';
  readonly text: string;

  constructor(tag: '!env' | '!file', text: string) {
    this.tag = tag;
    this.text = text;
  }
}

const tags: ScalarTag[] = (['!env', '!file'] as const).map(tag => ({ tag, resolve: text => new Tagged(tag, text) }));

/** Reads YAML 1.2 (core schema) with `!env NAME`, `!env NAME:default` and `!file path`. Never throws. */
export function yamlSource(file: string, text: string, secrets: SecretSources): ConfigSource {
  return new YamlSource(file, text, secrets);
}

class YamlSource implements ConfigSource {
  readonly value: unknown;
  readonly problems: ConfigProblem[] = [];
  readonly #file: string;
  readonly #lines: readonly string[];
  readonly #counter = new LineCounter();
  readonly #secrets: SecretSources;
  readonly #places = new Map<string, Place>();
  #values = 0;

  constructor(file: string, text: string, secrets: SecretSources) {
    this.#file = file;
    this.#lines = text.split(/\r?\n/);
    this.#secrets = secrets;
    const document = this.#parse(text);
    this.value = document === undefined ? undefined : this.#convert(document, document.contents, [], undefined);
  }

  locate(path: ConfigPath, key: boolean): Pick<ConfigProblem, 'source' | 'span' | 'excerpt'> {
    for (let length = path.length; length >= 0; length--) {
      const place = this.#places.get(nameOf(path.slice(0, length)));
      if (place === undefined) continue;
      // If a container lacks a key, mark the key of the container and not its whole block.
      const range = key || length < path.length ? (place.key ?? place.value) : (place.value ?? place.key);
      return range === undefined ? { source: this.#file } : this.#at(range);
    }
    return { source: this.#file };
  }

  origin(path: ConfigPath): Origin | undefined {
    return this.#places.get(nameOf(path))?.origin;
  }

  broken(path: ConfigPath): boolean {
    return path.some((_, index) => this.#places.get(nameOf(path.slice(0, index + 1)))?.broken === true);
  }

  #parse(text: string): Document.Parsed | undefined {
    let document: Document.Parsed;
    try {
      document = parseDocument(text, {
        lineCounter: this.#counter,
        prettyErrors: false,
        schema: 'core',
        customTags: tags,
      });
    } catch (error) {
      // The parser is recursive, so a text with thousands of nested levels overflows its stack.
      this.problems.push({ source: this.#file, path: '', text: `cannot be read as YAML: ${String(error)}` });
      return undefined;
    }
    // One error often causes more on the same line. Report only the first.
    const seen = new Set<number>();
    for (const error of [...document.errors, ...document.warnings]) {
      const { line } = this.#counter.linePos(error.pos[0]);
      if (seen.has(line)) continue;
      seen.add(line);
      this.problems.push(this.#syntaxProblem(error, text));
    }
    return document.errors.every(error => error.code === 'DUPLICATE_KEY') ? document : undefined;
  }

  #syntaxProblem(error: YAMLError, text: string): ConfigProblem {
    if (error.code === 'DUPLICATE_KEY') {
      const start = text.slice(0, error.pos[0]).search(/\S*$/);
      const key = /^("[^"\n]*"|'[^'\n]*'|[^:\n]+?)(?=\s*(:|$))/m.exec(text.slice(start))?.[0] ?? '';
      const what = `the key "${key}" is used twice in one mapping`;
      return { ...this.#at([start, start + key.length]), path: '', text: what, hint: 'keep one of them' };
    }
    const place = this.#at([error.pos[0], error.pos[1]]);
    if (error.code === 'TAB_AS_INDENT') {
      return { ...place, path: '', text: 'YAML allows no tabs in indentation', hint: 'use spaces' };
    }
    if (error.code === 'TAG_RESOLVE_FAILED') {
      return { ...place, path: '', text: error.message, hint: 'known tags: !env NAME, !file PATH' };
    }
    if (error.code === 'MULTIPLE_DOCS') {
      return {
        ...place,
        path: '',
        text: 'a second YAML document begins here, but a configuration must be one document',
      };
    }
    return { ...place, path: '', text: `not valid YAML: ${error.message}` };
  }

  /** Converts a node to a plain value. Records the places of the value and of all values in it. */
  #convert(document: Document.Parsed, node: ParsedNode | null, path: ConfigPath, key: Range | undefined): unknown {
    const range = rangeOf(node);
    const place: Place = { value: range, key, origin: undefined, broken: false };
    this.#places.set(nameOf(path), place);
    if (++this.#values > MAX_VALUES || path.length > MAX_DEPTH) {
      return this.#fail(path, place, 'the configuration is too large here', 'look for aliases (*name) that multiply');
    }
    if (node === null) return null;
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined || isAlias(target))
        return this.#fail(path, place, `no anchor &${node.source} before this`);
      const value = this.#convert(document, target as ParsedNode, path, key);
      // Problems of the value are shown at the alias.
      this.#places.set(nameOf(path), { ...(this.#places.get(nameOf(path)) ?? place), value: range });
      return value;
    }
    if (isSeq(node)) return node.items.map((item, index) => this.#convert(document, item, [...path, index], undefined));
    if (isMap(node)) {
      // Without a prototype, because a key may have any name.
      const result: Record<string, unknown> = Object.create(null);
      for (const item of node.items) {
        if (!isPair(item) || !isScalar(item.key) || typeof item.key.value === 'object') {
          this.#fail([...path, '?'], { ...place, value: rangeOf(item.key) ?? range }, 'a key must be plain text');
          continue;
        }
        const name = String(item.key.value);
        result[name] = this.#convert(document, item.value, [...path, name], rangeOf(item.key));
      }
      return result;
    }
    return node.value instanceof Tagged ? this.#resolve(node.value, path, place) : node.value;
  }

  #resolve(tagged: Tagged, path: ConfigPath, place: Place): unknown {
    const origin: Origin = { name: `${tagged.tag} ${tagged.text.split(':')[0]}`, secret: true };
    let text: string;
    if (tagged.tag === '!env') {
      const [, name = '', fallback] = /^([^:]*)(?::(.*))?$/s.exec(tagged.text.trim()) ?? [];
      const found = this.#secrets.environment[name] ?? fallback;
      if (found === undefined) {
        const hint = `set it, or give a default: !env ${name}:value`;
        return this.#fail(path, place, `the environment variable ${name} is not set`, hint);
      }
      text = found;
    } else {
      try {
        text = this.#secrets.file(tagged.text).replace(/\r?\n$/, '');
      } catch (error) {
        const reason = errorMessage(error);
        return this.#fail(path, place, `cannot read the file ${tagged.text}: ${reason}`);
      }
    }
    this.#places.set(nameOf(path), { ...place, origin: { ...origin, otherwise: scalarOf(text) } });
    return text;
  }

  /** Records that the value at `path` cannot be read. */
  #fail(path: ConfigPath, place: Place, text: string, hint?: string): undefined {
    this.#places.set(nameOf(path), { ...place, broken: true });
    const at = place.value === undefined ? { source: this.#file } : this.#at(place.value);
    // Reported once, because an alias bomb has thousands of them.
    if (this.#values > MAX_VALUES + 1) return undefined;
    this.problems.push({ ...at, path: showPath(path), text, ...(hint === undefined ? {} : { hint }) });
    return undefined;
  }

  #at([start, end]: Range): Pick<ConfigProblem, 'source' | 'span' | 'excerpt'> {
    const { line, col } = this.#counter.linePos(start);
    const excerpt = this.#lines[line - 1] ?? '';
    const length = Math.max(1, Math.min(end - start, excerpt.length - col + 1));
    const span: Span = { line, column: Math.max(1, col), length };
    return { source: this.#file, span, excerpt: hideSecret(excerpt) };
  }
}

function nameOf(path: ConfigPath): string {
  return path.map(part => `${typeof part === 'number' ? '#' : '.'}${String(part)}`).join('\n');
}

function rangeOf(node: ParsedNode | null | undefined): Range | undefined {
  const range = node?.range;
  return range === undefined || range === null ? undefined : [range[0], range[1]];
}

/** Reads a scalar as YAML does. Returns the text itself if it is not a valid scalar. */
export function scalarOf(text: string): unknown {
  const document = parseDocument(text, { schema: 'core', prettyErrors: false, logLevel: 'silent' });
  if (document.errors.length > 0 || document.warnings.length > 0 || !isScalar(document.contents)) return text;
  return document.contents.value;
}

/** Hides the value in a line if its key names a secret. */
function hideSecret(line: string): string {
  return line.replace(secretEntry, (_, key: string, value: string) => key + '*'.repeat(Math.min(8, value.length)));
}

const secretEntry = new RegExp(`([\\w-]*(?:${secretKey.source})[\\w-]*["']?\\s*:\\s*)(?![!#])(\\S.*)`, 'i');
