const placeholder = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The names in braces in `template`, each once, in order. Braces around other text are literal. */
export function placeholdersOf(template: string): string[] {
  return [...new Set([...template.matchAll(placeholder)].map(match => match[1] ?? ''))];
}

/** The text that a procedure writes to a device: fixed text with placeholders for arguments. */
export class WriteTemplate {
  readonly #source: string;
  /** The end of the command, if the template has one: the fixed text after the last placeholder. */
  readonly terminator: string;

  constructor(source: string) {
    this.#source = source;
    const last = [...source.matchAll(placeholder)].at(-1);
    this.terminator = last === undefined ? '' : source.slice(last.index + last[0].length);
  }

  /** The text with each placeholder replaced. `values` must hold every name. */
  render(values: ReadonlyMap<string, string>): string {
    return this.#source.replace(placeholder, (_, name: string) => values.get(name) ?? '');
  }
}
