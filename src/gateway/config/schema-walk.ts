import { isDict } from '../../wamp/dict.ts';
import { plainName } from './values/nearest.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** Walks a JSON Schema along a value. Finds the keys that are allowed at a place. The value selects the alternative. */
export class SchemaWalk {
  readonly #root: JsonSchema;
  /** The alternatives that fit the value. */
  readonly #here: readonly JsonSchema[];
  readonly #value: unknown;

  private constructor(root: JsonSchema, here: readonly JsonSchema[], value: unknown) {
    this.#root = root;
    this.#value = value;
    const all = here.flatMap(schema => alternatives(root, schema));
    const fitting = all.filter(schema => fits(schema, value));
    // If a constant is wrong everywhere (`version: 2`), keep all alternatives.
    this.#here = fitting.some(schema => isDict(schema['properties'])) ? fitting : all;
  }

  static start(root: JsonSchema, value: unknown): SchemaWalk {
    return new SchemaWalk(root, [root], value);
  }

  /** The value, or the default of the schema if it is absent. */
  get value(): unknown {
    if (this.#value !== undefined) return this.#value;
    return this.#here.find(schema => 'default' in schema)?.['default'];
  }

  /** The keys that are allowed here. */
  get keys(): readonly string[] {
    const found = this.#here.flatMap(schema => (isDict(schema['properties']) ? Object.keys(schema['properties']) : []));
    return [...new Set(found)];
  }

  /** Whether a list is allowed here. */
  get list(): boolean {
    return this.#here.some(schema => schema['type'] === 'array');
  }

  /** Whether a number here must be whole. */
  get integer(): boolean {
    return this.#here.some(schema => schema['type'] === 'integer');
  }

  /** The key that `typed` names, ignoring case, dashes and underscores. Undefined without a match. */
  keyNamed(typed: string): string | undefined {
    const same = (key: string): boolean => plainName(key) === plainName(typed);
    const known = this.keys.find(same);
    if (known !== undefined) return known;
    if (!this.#here.some(schema => isDict(schema['additionalProperties']))) return undefined;
    const present = isDict(this.#value) ? Object.keys(this.#value).find(same) : undefined;
    return present ?? typed.toLowerCase();
  }

  /** The place of a key or an index. */
  step(part: PropertyKey): SchemaWalk {
    const value = this.value;
    const below = this.#here.flatMap(schema => stepsOf(schema, part));
    const next =
      typeof part === 'number' && Array.isArray(value) ? value[part] : isDict(value) ? value[String(part)] : undefined;
    return new SchemaWalk(this.#root, below, next);
  }
}

function stepsOf(schema: JsonSchema, part: PropertyKey): JsonSchema[] {
  const { properties, additionalProperties, items, prefixItems } = schema;
  const candidates =
    typeof part === 'number'
      ? [Array.isArray(prefixItems) ? prefixItems[part] : undefined, items]
      : [
          isDict(properties) && Object.hasOwn(properties, part) ? properties[String(part)] : undefined,
          additionalProperties,
        ];
  const found = candidates.find(isDict);
  return found === undefined ? [] : [found];
}

/** The schema itself and the schemas in its anyOf, oneOf, allOf and $ref. */
function alternatives(root: JsonSchema, schema: JsonSchema, depth = 0): JsonSchema[] {
  if (depth > 8) return [];
  const { $ref } = schema;
  if (typeof $ref === 'string') {
    const target = $ref
      .split('/')
      .slice(1)
      .reduce<unknown>((at, key) => (isDict(at) ? at[key] : undefined), root);
    return isDict(target) ? alternatives(root, target, depth + 1) : [];
  }
  const inner = ['anyOf', 'oneOf', 'allOf'].flatMap(key =>
    Array.isArray(schema[key]) ? schema[key].filter(isDict) : [],
  );
  return [schema, ...inner.flatMap(one => alternatives(root, one, depth + 1))];
}

/** Whether `value` may be of this alternative: it has the same constants, such as `type: web`. */
function fits(schema: JsonSchema, value: unknown): boolean {
  if (!isDict(value) || !isDict(schema['properties'])) return true;
  return Object.entries(schema['properties']).every(([key, property]) => {
    const expected = isDict(property) ? property['const'] : undefined;
    return expected === undefined || value[key] === undefined || value[key] === expected;
  });
}
