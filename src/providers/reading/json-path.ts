/**
 * Reads values out of a provider's parsed body by the small path language of the descriptors.
 * It refuses to do more than look: no wildcard but `[]`, no inherited property, no exception for any body.
 *
 * Grammar: `a.b`, `a[0].b`, `[0].a` (root array), `a[].b` (any element), `a[only].b` (the element of a list that has
 * one), `a[name=text].b` (the one element with that field), alternatives `x | y` (first that is present).
 */

/** One array in a hostile body may be long; nothing that a provider says about one error needs more elements. */
const MAX_ELEMENTS = 100;

type Step =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number | null }
  /** `field` null: of all elements. Where several fit, none is named: a guess could name another user's value. */
  | { readonly kind: 'only'; readonly field: string | null; readonly text: string };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const stepsOf = (path: string): Step[] => {
  const steps: Step[] = [];
  for (const part of path.split('.')) {
    const key = part.split('[', 1)[0] ?? '';
    if (key !== '') steps.push({ kind: 'key', key });
    for (const [, inner = ''] of part.matchAll(/\[([^[\]]*)\]/g)) {
      const [field = '', text] = inner.split('=');
      if (inner === 'only') steps.push({ kind: 'only', field: null, text: '' });
      else if (text !== undefined) steps.push({ kind: 'only', field, text });
      else steps.push({ kind: 'index', index: inner === '' ? null : Number(inner) });
    }
  }
  return steps;
};

/**
 * All values that one path (without alternatives) names.
 *
 * @returns an empty list where nothing stands there; own properties only, so that `__proto__` or `constructor`
 * in a path or a body finds nothing.
 */
export function valuesAt(root: unknown, path: string): unknown[] {
  let found: unknown[] = [root];
  for (const step of stepsOf(path)) {
    const next: unknown[] = [];
    for (const value of found) {
      if (step.kind === 'key') {
        if (isRecord(value) && Object.hasOwn(value, step.key)) next.push(value[step.key]);
      } else if (step.kind === 'only') {
        next.push(...theOnlyOne(value, step));
      } else if (Array.isArray(value)) {
        const elements: unknown[] =
          step.index === null ? value.slice(0, MAX_ELEMENTS) : value.slice(step.index, step.index + 1);
        next.push(...elements);
      }
    }
    found = next.slice(0, MAX_ELEMENTS);
  }
  return found;
}

function theOnlyOne(list: unknown, { field, text }: Extract<Step, { kind: 'only' }>): unknown[] {
  if (!Array.isArray(list) || list.length > MAX_ELEMENTS) return [];
  const fits = (one: unknown): boolean =>
    field === null || (isRecord(one) && Object.hasOwn(one, field) && String(one[field]) === text);
  const found = list.filter(fits);
  return found.length === 1 ? found : [];
}

/** The first value of one path, or undefined. */
export function valueAt(root: unknown, path: string): unknown {
  return valuesAt(root, path)[0];
}

/** The alternatives of an expression, in their order: `a | b` → `['a', 'b']`. */
export function alternativesOf(expression: string): string[] {
  return expression.split('|').map((path) => path.trim());
}

/** The first alternative of `a | b` that is present; null counts as absent, as in JSON answers it means "none". */
export function firstAt(root: unknown, expression: string): unknown {
  for (const path of alternativesOf(expression)) {
    const value = valueAt(root, path);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}
