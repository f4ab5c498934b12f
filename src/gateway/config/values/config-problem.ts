/** A place in a text. Line and column start at 1. The length is in characters, within the line. */
export interface Span {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** One problem of a configuration. */
export interface ConfigProblem {
  /** Name of the file or environment variable, or `configuration` for a value from a program. */
  readonly source: string;
  readonly span?: Span;
  /** The line of the span, with secrets hidden. */
  readonly excerpt?: string;
  /** `listeners[0].port`. Empty for the whole configuration. */
  readonly path: string;
  /** The expected and the received value: `must be an integer (got string "x")`. */
  readonly text: string;
  readonly hint?: string;
}

/** A path into a configuration, as zod and YAML name it. */
export type ConfigPath = readonly PropertyKey[];

/** `listeners[0].port` */
export function showPath(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** The configuration cannot be used. `problems` has all problems. `message` formats them for people. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const sorted = [...problems].sort(
      (a, b) => (a.span?.line ?? 0) - (b.span?.line ?? 0) || (a.span?.column ?? 0) - (b.span?.column ?? 0),
    );
    super(sorted.map(showProblem).join('\n'));
    this.problems = sorted;
  }
}

const GUTTER = 5;

/** Maximum length of an excerpt, in characters. */
const MAX_EXCERPT = 100;

/** Formats a problem as compilers do: place, path and text, then the line, a caret under the value, and the hint. */
export function showProblem(problem: ConfigProblem): string {
  const { span } = problem;
  const place = span === undefined ? problem.source : `${problem.source}:${span.line}:${span.column}`;
  const what = problem.path === '' ? problem.text : `${problem.path}: ${problem.text}`;
  const first = `${place}  error  ${what}`;
  if (span === undefined || problem.excerpt === undefined) {
    return problem.hint === undefined ? first : `${first}\n${' '.repeat(GUTTER)}   hint: ${problem.hint}`;
  }
  // A long line is cut so that the column stays in view.
  const from = span.column > MAX_EXCERPT ? span.column - Math.floor(MAX_EXCERPT / 2) : 0;
  const line = problem.excerpt.slice(from, from + MAX_EXCERPT).replace(/\t/g, ' ');
  const indent = ' '.repeat(span.column - 1 - from);
  const carets = '^'.repeat(Math.max(1, Math.min(span.length, line.length - indent.length)));
  const hint = problem.hint === undefined ? '' : `   hint: ${problem.hint}`;
  return [
    first,
    `${String(span.line).padStart(GUTTER)} | ${line}`,
    `${' '.repeat(GUTTER)} | ${indent}${carets}${hint}`,
  ].join('\n');
}
