/**
 * Scopes of a provider that has objects and lists in their place, both ways: `contents:read` is the level `read` of
 * `contents`, `repository:x` is an item of the list that limits a token. Pure.
 */

import type { ScopeObjects } from '../descriptor.ts';

const SCOPE = /^([A-Za-z_]{1,64}):(.{1,200})$/;
const MAX_ITEMS = 500;

/** The members of a token request for these scopes; a text that is no such scope asks for nothing. */
export function requestedObjects(facts: ScopeObjects, scopes: readonly string[]): Record<string, unknown> {
  const levels: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  for (const scope of scopes) {
    const [, first = '', rest = ''] = SCOPE.exec(scope) ?? [];
    const list = Object.hasOwn(facts.lists, first) ? facts.lists[first] : undefined;
    if (list !== undefined) {
      if (rest !== '*') (lists[list] ??= []).push(rest);
    } else if (first !== '') levels[first] = rest;
  }
  return { ...(Object.keys(levels).length === 0 ? {} : { [facts.levels]: levels }), ...lists };
}

/**
 * The scopes that an answer states; null: it states none.
 *
 * @param isWhole nothing less was asked for, so that a list which is not there limits nothing: `repository:*`
 */
export function statedObjects(facts: ScopeObjects, body: unknown, isWhole: boolean): string[] | null {
  const levels = memberOf(body, facts.levels);
  if (levels === null || typeof levels !== 'object' || Array.isArray(levels)) return null;
  const scopes = Object.entries(levels).flatMap(([name, level]) =>
    typeof level === 'string' && SCOPE.test(`${name}:${level}`) ? [`${name}:${level}`] : [],
  );
  for (const [first, field] of Object.entries(facts.lists)) {
    const items = memberOf(body, field);
    if (Array.isArray(items)) {
      const names = items.map((item) => memberOf(item, 'name') ?? item);
      scopes.push(...names.filter((name) => typeof name === 'string').map((name) => `${first}:${name}`));
    } else if (isWhole) scopes.push(`${first}:*`);
  }
  return scopes.slice(0, MAX_ITEMS);
}

/** Of names that rules use, those that a list without a limit includes. */
export function includedInAll(
  facts: ScopeObjects | undefined,
  scopes: readonly string[],
  named: readonly string[],
): string[] {
  const open = Object.keys(facts?.lists ?? {}).filter((first) => scopes.includes(`${first}:*`));
  return named.filter((name) => open.some((first) => name.startsWith(`${first}:`)));
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
  return Reflect.get(value, name) ?? null;
}
