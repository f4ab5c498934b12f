/** The filters that no client may subscribe. A filter is refused if a topic exists that matches it and one of these. */
export class RefusedFilters {
  readonly #filters: readonly (readonly string[])[];

  constructor(filters: readonly string[]) {
    this.#filters = filters.map(filter => filter.split('/'));
  }

  /** `filter` is without `$share/group/`. */
  refuses(filter: string): boolean {
    if (this.#filters.length === 0) return false;
    const levels = filter.split('/');
    return this.#filters.some(refused => overlap(refused, levels));
  }
}

/** Whether a topic exists that both filters match. [MQTT-4.7.1-2] [MQTT-4.7.1-3] */
function overlap(one: readonly string[], other: readonly string[]): boolean {
  const [first = '', second = ''] = [one[0], other[0]];
  // [MQTT-4.7.2-1]
  if ((isWildcard(first) && second.startsWith('$')) || (isWildcard(second) && first.startsWith('$'))) return false;
  for (let depth = 0; ; depth++) {
    const [a, b] = [one[depth], other[depth]];
    // `a/#` matches `a` too.
    if (a === '#' || b === '#') return true;
    if (a === undefined || b === undefined) return a === b;
    if (a !== b && a !== '+' && b !== '+') return false;
  }
}

function isWildcard(level: string): boolean {
  return level === '+' || level === '#';
}
