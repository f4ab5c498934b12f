const NOTHING: ReadonlyMap<never, never> = new Map<never, never>();

/** A map that allocates no `Map` until the first `set`. A session has several such maps, and most stay empty. */
export class LazyMap<K, V> {
  #map: Map<K, V> | undefined;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  get(key: K): V | undefined {
    return this.#map?.get(key);
  }

  has(key: K): boolean {
    return this.#map?.has(key) === true;
  }

  set(key: K, value: V): void {
    this.#map ??= new Map();
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    return this.#map?.delete(key) === true;
  }

  values(): IterableIterator<V> {
    return (this.#map ?? NOTHING).values();
  }
}
