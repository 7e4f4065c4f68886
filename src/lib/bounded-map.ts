/** A map of bounded size: beyond it the key that was set longest ago goes, however often it was read. For per-isolate caches. */
export class BoundedMap<K, V> {
  readonly #limit: number;
  readonly #items = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: K): V | undefined {
    return this.#items.get(key);
  }

  set(key: K, value: V): void {
    this.#items.delete(key);
    this.#items.set(key, value);
    if (this.#items.size > this.#limit) {
      const oldest = this.#items.keys().next();
      if (!oldest.done) this.#items.delete(oldest.value);
    }
  }

  delete(key: K): void {
    this.#items.delete(key);
  }

  get size(): number {
    return this.#items.size;
  }
}
