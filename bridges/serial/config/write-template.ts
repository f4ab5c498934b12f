const placeholder = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The names in braces in `template`, each once, in order. Braces around anything else stand for themselves. */
export function placeholdersOf(template: string): string[] {
  return [...new Set([...template.matchAll(placeholder)].map(match => match[1] ?? ''))];
}

/** What is written to a device for one procedure: fixed text with arguments in it. */
export class WriteTemplate {
  readonly #source: string;
  /** What ends the command, as far as the template says: the fixed text after the last argument. */
  readonly terminator: string;

  constructor(source: string) {
    this.#source = source;
    const last = [...source.matchAll(placeholder)].at(-1);
    this.terminator = last === undefined ? '' : source.slice(last.index + last[0].length);
  }

  /** The text with each placeholder replaced; `values` has one for every name. */
  render(values: ReadonlyMap<string, string>): string {
    return this.#source.replace(placeholder, (_, name: string) => values.get(name) ?? '');
  }
}
