/** Which rows of a long list to draw. */
export interface RowWindow {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
}

/** The rows within sight of a scrolled area, and some more on either side. Heights in pixels. */
export function rowWindow(rows: number, rowHeight: number, scrollTop: number, height: number, spare = 8): RowWindow {
  const seen = Math.ceil(height / rowHeight);
  const top = Math.floor(scrollTop / rowHeight);
  const first = Math.max(0, Math.min(top, rows - seen) - spare);
  return { first, end: Math.min(rows, Math.max(0, top) + seen + spare) };
}

/** The row that a key moves to from `row` (-1: none); undefined for a key that moves nothing. */
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
