/** Normalizes a name: `maxMessageSize`, `MAX_MESSAGE_SIZE` and `max-message-size` have the same plain name. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}

/** The number of single-character edits or swaps of neighbours that turn `a` into `b` (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, at(i - 2, j - 2) + 1);
      row.push(best);
    }
  }
  return at(a.length, b.length);
}

/** The most similar name in `names`. Undefined if none is similar. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  // A name of 64 characters or more is not a typing error, and the table would be large.
  if (typed.length >= 64) return undefined;
  const plain = plainName(typed);
  let found: { name: string; distance: number } | undefined;
  for (const name of names) {
    const distance = editDistance(plain, plainName(name));
    const allowed = Math.max(1, Math.floor(Math.max(plain.length, name.length) / 3));
    if (distance <= allowed && (found === undefined || distance < found.distance)) found = { name, distance };
  }
  return found?.name;
}
