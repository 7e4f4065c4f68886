/**
 * Looks into a parsed answer by the paths that tools write. They are those of descriptors, and `*` for every member of an
 * object. It refuses to do more than look: own properties alone, and no exception for any body.
 */

import { alternativesOf, valuesAt } from '#providers/reading/json-path.ts';
import type { Sign } from '../tool.ts';

/** Members of one object that a `*` looks at. */
const MAX_MEMBERS = 1_000;

/** All values that a path names. */
export function valuesOf(root: unknown, path: string): unknown[] {
  // A name such as `@odata.nextLink` is one key, dot and all.
  if (isObject(root) && Object.hasOwn(root, path)) return [root[path]];
  const star = /(?:^|\.)\*(?:\.|$)/.exec(path);
  if (star === null) {
    const last = /^(.*)\[-1\](.*)$/.exec(path);
    return last === null ? valuesAt(root, path) : lastOf(root, last[1] ?? '', last[2] ?? '');
  }
  const front = path.slice(0, star.index);
  const rest = path.slice(star.index + star[0].length);
  const holders = front === '' ? [root] : valuesAt(root, front);
  const members = holders.flatMap((one) => (isObject(one) ? Object.values(one).slice(0, MAX_MEMBERS) : []));
  return rest === '' ? members : members.flatMap((one) => valuesOf(one, rest));
}

function lastOf(root: unknown, front: string, rest: string): unknown[] {
  const [list] = front === '' ? [root] : valuesAt(root, front);
  if (!Array.isArray(list) || list.length === 0) return [];
  const last: unknown = list.at(-1);
  return rest === '' ? [last] : valuesAt(last, rest.replace(/^\./, ''));
}

/** The first alternative of `a | b` that is there and not null. */
export function firstOf(root: unknown, expression: string): unknown {
  for (const path of alternativesOf(expression)) {
    const value = valuesOf(root, path).find((one) => one !== undefined && one !== null);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Does the answer bear the sign? */
export function bears(root: unknown, { at, equals }: Sign): boolean {
  const values = valuesOf(root, at);
  return equals === undefined ? values.some(isSomething) : values.includes(equals);
}

function isSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return !(Array.isArray(value) && value.length === 0);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
