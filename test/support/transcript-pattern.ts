/** Stands for further members of a dictionary, or further items of a list. */
const REST = '...';
const ANY = '<any>';
const PLACEHOLDER = /<[a-z]\w*>/y;

/** The values of placeholders. */
export type Bindings = Map<string, unknown>;

/**
 * Reads one JSON value in which `<any>` stands for any value, `<name>` for any value the first time and the same value
 * from then on, `{"a":1,...}` for a dictionary with at least these members, and `[1,...]` for a list that begins with
 * these items.
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
    } else if (char === '<') {
      PLACEHOLDER.lastIndex = i;
      const [placeholder] = PLACEHOLDER.exec(text) ?? [];
      if (placeholder === undefined) throw new SyntaxError(`not a placeholder: ${text.slice(i)}`);
      out += `"${placeholder}"`;
      i += placeholder.length - 1;
    } else {
      if (char === '{' || char === '[') open.push(char);
      if (char === '}' || char === ']') open.pop();
      out += char;
    }
  }
  return JSON.parse(out);
}

/** Whether `value` matches `pattern`. Adds the values of new placeholders to `bindings`. */
export function matchesPattern(pattern: unknown, value: unknown, bindings: Bindings): boolean {
  if (pattern === ANY) return true;
  if (isPlaceholder(pattern)) {
    if (!bindings.has(pattern)) bindings.set(pattern, value);
    return Object.is(bindings.get(pattern), value);
  }
  if (Array.isArray(pattern)) {
    if (!Array.isArray(value)) return false;
    const rest = pattern.at(-1) === REST;
    const items = rest ? pattern.slice(0, -1) : pattern;
    if (rest ? value.length < items.length : value.length !== items.length) return false;
    return items.every((item, i) => matchesPattern(item, value[i], bindings));
  }
  if (isObject(pattern)) {
    if (!isObject(value)) return false;
    const keys = Object.keys(pattern).filter(key => key !== REST);
    if (!Object.hasOwn(pattern, REST) && keys.length !== Object.keys(value).length) return false;
    return keys.every(key => Object.hasOwn(value, key) && matchesPattern(pattern[key], value[key], bindings));
  }
  return Object.is(pattern, value);
}

/** `pattern` with the values of its placeholders. */
export function filledIn(pattern: unknown, bindings: Bindings): unknown {
  if (Array.isArray(pattern)) return pattern.map(item => filledIn(item, bindings));
  if (isPlaceholder(pattern)) {
    if (bindings.has(pattern)) return bindings.get(pattern);
    throw new Error(`${pattern} has not been heard yet`);
  }
  if (!isObject(pattern)) return pattern;
  return Object.fromEntries(Object.entries(pattern).map(([key, item]) => [key, filledIn(item, bindings)]));
}

function isPlaceholder(value: unknown): value is string {
  return typeof value === 'string' && /^<[a-z]\w*>$/.test(value);
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
