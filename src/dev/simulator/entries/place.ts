/** Writes a value where a path of a descriptor reads it: `a.b`, `[0].a`, `a[only].b`, `a[name=text].b`. Pure. */

type Step = string | number | { readonly name: string; readonly text: string };

function stepsOf(path: string): Step[] {
  const steps: Step[] = [];
  for (const part of path.split('.')) {
    const key = part.split('[', 1)[0] ?? '';
    if (key !== '') steps.push(key);
    for (const [, inner = ''] of part.matchAll(/\[([^[\]]*)\]/g)) {
      const [name = '', text] = inner.split('=');
      steps.push(text === undefined ? (/^\d+$/.test(inner) ? Number(inner) : 0) : { name, text });
    }
  }
  return steps;
}

/** `root` with the value in it; values beside its place stay. */
export function placed(root: unknown, path: string, value: unknown): unknown {
  return put(root, stepsOf(path), value);
}

/** `root` without what stands there. */
export function without(root: unknown, path: string): unknown {
  return put(root, stepsOf(path), undefined);
}

function put(node: unknown, [step, ...rest]: readonly Step[], value: unknown): unknown {
  if (step === undefined) return value;
  if (typeof step === 'string') {
    const record = isRecord(node) ? { ...node } : {};
    record[step] = put(record[step], rest, value);
    if (record[step] === undefined) delete record[step];
    return record;
  }
  const list: unknown[] = Array.isArray(node) ? [...node] : [];
  if (typeof step === 'number') {
    list[step] = put(list[step], rest, value);
    return list;
  }
  const { name, text } = step;
  const found = list.findIndex((one) => isRecord(one) && String(one[name]) === text);
  const at = found < 0 ? list.length : found;
  list[at] = put(list[at] ?? { [name]: text === 'true' ? true : text }, rest, value);
  return list;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
