/** Compares three sets of scopes. Knows the provider's own names only: aliases are resolved before. */

/** What one stored grant is worth to one request under one rule. */
export type Coverage =
  | { kind: 'covered' }
  | { kind: 'narrow'; to: string[] }
  | { kind: 'missing_scopes' }
  | { kind: 'scope_not_allowed' }
  | { kind: 'unknown_grant' };

/**
 * `granted`: what the provider gave, null where that is not known. `allowed`: what the rule allows, null for no limit.
 * `asked`: what the request names, null for "whatever I may have".
 *
 * - `covered`: can be handed out as it is: holds all that was asked for and nothing that was neither allowed nor asked.
 * - `narrow`: holds more; may leave only narrowed to `to`. An empty `to` means that nothing can leave: an authorization
 *   server takes a refresh without scopes for one with all of them (RFC 6749, section 6).
 * - `scope_not_allowed`: asked for more than the rule allows. Decided first, so that the answer tells nothing of grants.
 * - `missing_scopes`: allowed, but not granted.
 * - `unknown_grant`: there is a limit, and nothing to compare with it.
 *
 * `include` adds to a set what the provider counts as included in it: a grant with the wider scope holds the narrower
 * one, and a limit that allows the wider one allows both.
 */
export function coverage(input: {
  granted: readonly string[] | null;
  allowed: readonly string[] | null;
  asked: readonly string[] | null;
  include?: (scopes: string[]) => string[];
}): Coverage {
  const { granted, allowed, asked } = input;
  const include = (scopes: readonly string[]): string[] => input.include?.([...scopes]) ?? [...scopes];
  if (asked !== null && allowed !== null && !isSubset(asked, include(allowed)))
    return { kind: 'scope_not_allowed' };

  const limit = asked ?? allowed;
  if (limit === null) return { kind: 'covered' };
  if (granted === null) return { kind: 'unknown_grant' };
  const held = include(granted);
  if (asked !== null && !isSubset(asked, held)) return { kind: 'missing_scopes' };
  if (isSubset(granted, include(limit))) return { kind: 'covered' };
  return { kind: 'narrow', to: distinct(limit).filter((scope) => held.includes(scope)) };
}

/**
 * The limit that two limits make together; null: no limit. What one allows by including it, the other may name: the
 * shorter names are kept, so that a wider scope is never asked for in the place of a narrower one.
 */
export function sharedLimit(
  one: readonly string[] | null,
  other: readonly string[] | null,
  include: (scopes: string[]) => string[] = (scopes) => scopes,
): readonly string[] | null {
  if (one === null || other === null) return one ?? other;
  const [allOfOne, allOfOther] = [include([...one]), include([...other])];
  const named = distinct([
    ...one.filter((scope) => allOfOther.includes(scope)),
    ...other.filter((scope) => allOfOne.includes(scope)),
  ]);
  const opened = include([...named]);
  const both = allOfOne.filter((scope) => allOfOther.includes(scope) && !opened.includes(scope));
  return distinct([...named, ...both]);
}

/** Each once, in the order of their first appearance. */
export function distinct(scopes: readonly string[]): string[] {
  return [...new Set(scopes)];
}

export function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  const members = new Set(whole);
  return part.every((scope) => members.has(scope));
}
