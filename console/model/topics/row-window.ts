/** The rows of a long list to render. */
export interface RowWindow {
  readonly first: number;
  /** Index after the last row. */
  readonly end: number;
}

/** Returns the rows that are visible in a scrolled area, and `spare` more on each side. Heights are in pixels. */
export function rowWindow(rows: number, rowHeight: number, scrollTop: number, height: number, spare = 8): RowWindow {
  const seen = Math.ceil(height / rowHeight);
  const top = Math.floor(scrollTop / rowHeight);
  const first = Math.max(0, Math.min(top, rows - seen) - spare);
  return { first, end: Math.min(rows, Math.max(0, top) + seen + spare) };
}

/** Returns the row that a key selects. `row` is the selected row, or -1. Returns undefined for any other key. */
export function rowAfterKey(key: string, row: number, rows: number, page: number): number | undefined {
  if (rows === 0) return undefined;
  const last = rows - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(last, row + 1);
    case 'ArrowUp':
      return row < 0 ? last : Math.max(0, row - 1);
    case 'PageDown':
      return Math.min(last, Math.max(0, row) + page);
    case 'PageUp':
      return Math.max(0, row - page);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}
