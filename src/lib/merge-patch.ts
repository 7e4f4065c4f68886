/** RFC 7396 (JSON Merge Patch): a named field is replaced, objects are merged, null removes. Pure. */

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `target` with `patch` applied; neither is changed. A value that the patch adds has its nulls removed too. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  // `fromEntries` defines what an assignment would not: a key named `__proto__` stays a key.
  return Object.fromEntries(merged);
}
