/** Stands in a pattern for "and whatever else": more members of a dictionary, more items of a list. */
const REST = '...';
const ANY = '<any>';

/**
 * Reads one JSON value in which `<any>` stands for any value, `{"a":1,...}` for a dictionary with at least these
 * members, and `[1,...]` for a list that begins with these items.
 */
export function parsePattern(text: string): unknown {
  let out = '';
  const open: string[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '"') {
      const end = endOfString(text, i);
      out += text.slice(i, end);
      i = end - 1;
    } else if (text.startsWith(REST, i)) {
      out += open.at(-1) === '{' ? `"${REST}":0` : `"${REST}"`;
      i += REST.length - 1;
    } else if (text.startsWith(ANY, i)) {
      out += `"${ANY}"`;
      i += ANY.length - 1;
    } else {
      if (char === '{' || char === '[') open.push(char);
      if (char === '}' || char === ']') open.pop();
      out += char;
    }
  }
  return JSON.parse(out);
}

/** Whether `value` is what `pattern` describes. */
export function matchesPattern(pattern: unknown, value: unknown): boolean {
  if (pattern === ANY) return true;
  if (Array.isArray(pattern)) {
    if (!Array.isArray(value)) return false;
    const rest = pattern.at(-1) === REST;
    const items = rest ? pattern.slice(0, -1) : pattern;
    if (rest ? value.length < items.length : value.length !== items.length) return false;
    return items.every((item, i) => matchesPattern(item, value[i]));
  }
  if (isObject(pattern)) {
    if (!isObject(value)) return false;
    const keys = Object.keys(pattern).filter(key => key !== REST);
    if (!Object.hasOwn(pattern, REST) && keys.length !== Object.keys(value).length) return false;
    return keys.every(key => Object.hasOwn(value, key) && matchesPattern(pattern[key], value[key]));
  }
  return Object.is(pattern, value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text.charAt(i) === '\\') i++;
    else if (text.charAt(i) === '"') return i + 1;
  }
  throw new SyntaxError(`a string without end in ${text}`);
}
