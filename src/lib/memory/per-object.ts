/** One value for each object that it is asked for, as long as that object lives. */

/** Values that are made when they are first asked for. */
export interface PerObject<K extends object, V> {
  (key: K): V;
  /** The next question makes another value. */
  readonly forget: (key: K) => void;
}

/** @param make called once for each object */
export function perObject<K extends object, V>(make: (key: K) => V): PerObject<K, V> {
  const values = new WeakMap<K, { readonly value: V }>();
  const of = (key: K): V => {
    let kept = values.get(key);
    if (kept === undefined) {
      kept = { value: make(key) };
      values.set(key, kept);
    }
    return kept.value;
  };
  return Object.assign(of, {
    forget: (key: K): void => {
      values.delete(key);
    },
  });
}
