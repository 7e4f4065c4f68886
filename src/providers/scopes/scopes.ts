/**
 * What a scope is called, and which names mean the same one. Reads the facts of a provider: short names (aliases),
 * families (`read`, `write`), the provider's other spellings, capital letters, the scopes that a refresh token needs.
 * It knows nothing of policies and grants: it turns names into the one spelling in which they can be compared.
 *
 * Families are lists and not patterns: a scope that a provider makes tomorrow is in none of them until a maintainer has
 * looked at it. A scope that is in none of the facts is a warning, never a refusal.
 */

import type { Descriptor } from '../descriptor.ts';

/** Short name → scope or scopes; what the `scope_aliases` of the facts are. */
export type ScopeAliasTable = Readonly<Record<string, string | readonly string[]>>;

/** The part of a descriptor that says what scopes are called. */
export type ScopeFacts = Pick<
  Descriptor,
  | 'scope_aliases'
  | 'scope_families'
  | 'scope_synonyms'
  | 'scope_implies'
  | 'scope_prefix'
  | 'scopes_ignore_case'
  | 'offline_scopes'
  | 'baseline_scopes'
  | 'known_scopes'
  | 'default_scopes_example'
>;

/** The facts of a provider, looked up once: by a name as it is compared. */
interface Lookup {
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  readonly families: ReadonlyMap<string, readonly string[]>;
  readonly synonyms: ReadonlyMap<string, string>;
  /** How a scope that is known is spelled. */
  readonly spelling: ReadonlyMap<string, string>;
}

const lookups = new WeakMap<ScopeFacts, Lookup>();

function folded(facts: ScopeFacts, name: string): string {
  return facts.scopes_ignore_case ? name.toLowerCase() : name;
}

function lookupOf(facts: ScopeFacts): Lookup {
  const known = lookups.get(facts);
  if (known !== undefined) return known;
  const fold = (name: string): string => folded(facts, name);
  const lists = (table: ScopeAliasTable) =>
    new Map(Object.entries(table).map(([name, means]) => [fold(name), [means].flat()]));
  const aliases = lists(facts.scope_aliases);
  // A short name that the provider's facts give to another scope is taken.
  const synonyms = Object.entries(facts.scope_synonyms)
    .map(([name, means]) => [fold(name), means] as const)
    .filter(([name]) => !aliases.has(name));
  const spelled = [
    ...facts.known_scopes,
    ...facts.default_scopes_example,
    ...facts.offline_scopes,
    ...facts.baseline_scopes,
    ...Object.values(facts.scope_synonyms),
    ...Object.values(facts.scope_families).flat(),
    ...Object.values(facts.scope_aliases).flat(),
  ];
  const made: Lookup = {
    aliases,
    families: lists(facts.scope_families),
    synonyms: new Map(synonyms),
    // Of two spellings the first stands.
    spelling: new Map(spelled.toReversed().map((name) => [fold(name), name])),
  };
  lookups.set(facts, made);
  return made;
}

/** Each once, in the order of their first appearance. Names that a provider's own comma keeps together are taken apart. */
function separate(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => name.split(/[\s,]+/)).filter((name) => name !== ''))];
}

/** A scope in the spelling in which it is asked for and compared; an unknown scope stays as it is. */
function spelled(facts: ScopeFacts, name: string): string {
  const { synonyms, spelling } = lookupOf(facts);
  const prefix = facts.scope_prefix;
  const bare =
    prefix !== null && folded(facts, name).startsWith(folded(facts, prefix)) && name[prefix.length] !== '.'
      ? name.slice(prefix.length)
      : name;
  const key = folded(facts, bare);
  const renamed = synonyms.get(key);
  return renamed ?? spelling.get(key) ?? key;
}

/** Scopes as a provider states them, in the spelling in which all others are compared with them, each once. */
export function statedScopes(facts: ScopeFacts, scopes: readonly string[]): string[] {
  return [...new Set(separate(scopes).map((name) => spelled(facts, name)))];
}

/**
 * The provider's own scopes for a list of names, each once, in their order: what is asked for.
 *
 * A name without an alias is a scope already; an alias is resolved once and never into another alias.
 */
export function resolveScopes(facts: ScopeFacts, names: readonly string[]): string[] {
  const { aliases } = lookupOf(facts);
  const scopes = separate(names).flatMap((name) => aliases.get(folded(facts, name)) ?? [name]);
  return [...new Set(scopes.map((name) => spelled(facts, name)))];
}

/** What a limit of these names lets through: a family (`read`) lets every scope of its kind through. */
export function scopesWithin(facts: ScopeFacts, names: readonly string[]): string[] {
  const { families } = lookupOf(facts);
  const members = separate(names).flatMap((name) => families.get(folded(facts, name)) ?? []);
  return [...new Set([...resolveScopes(facts, names), ...statedScopes(facts, members)])];
}

/**
 * What a request for these names asks of a grant: of a family as much as was granted, of everything else all of it.
 *
 * @param granted what there is to have, as `statedScopes` gives it; null: not known
 */
export function scopesAskedOf(
  facts: ScopeFacts,
  names: readonly string[],
  granted: readonly string[] | null,
): string[] {
  const { families } = lookupOf(facts);
  const asked = separate(names).flatMap((name) => {
    const family = families.get(folded(facts, name));
    const members = family === undefined ? [] : scopesWithin(facts, [name]);
    const there = members.filter((scope) => granted?.includes(scope) === true);
    return there.length > 0 ? there : resolveScopes(facts, [name]);
  });
  return [...new Set(asked)];
}

/** Of stated scopes those that open something: what only keeps a grant alive is no access, and no policy names it. */
export function openingScopes(facts: ScopeFacts, scopes: readonly string[]): string[] {
  const idle = new Set(statedScopes(facts, [...facts.offline_scopes, ...facts.baseline_scopes]));
  return statedScopes(facts, scopes).filter((scope) => !idle.has(scope));
}

/** Stated scopes with all that they include: a provider that was asked for both answers the wider one alone. */
export function withImplied(facts: ScopeFacts, scopes: readonly string[]): string[] {
  const found = new Set(scopes);
  // A set that grows while it is walked is walked to its new end.
  for (const scope of found) {
    const implied = Object.hasOwn(facts.scope_implies, scope) ? facts.scope_implies[scope] : undefined;
    for (const one of implied ?? []) found.add(one);
  }
  return [...found];
}

/** What a provider is asked for, and what was put in that nobody had named. */
export interface AskedScopes {
  readonly scopes: readonly string[];
  /** Without these the provider gives no refresh token. */
  readonly added: readonly string[];
}

/** What a connect flow asks for where these names were given; none: the catalogue's defaults. A default that still has a `{variable}` in it is none. */
export function scopesToAsk(facts: ScopeFacts, names: readonly string[]): AskedScopes {
  const usual = facts.default_scopes_example.filter((name) => !name.includes('{'));
  const scopes = resolveScopes(facts, names.length === 0 ? usual : names);
  const added = statedScopes(facts, facts.offline_scopes).filter((scope) => !scopes.includes(scope));
  return { scopes: [...scopes, ...added], added };
}

/** A name that nothing here knows, and the known one that it may have been meant for. */
export interface UnknownScope {
  readonly name: string;
  readonly meant: string | null;
}

/**
 * The names among `names` that are in no fact of the provider, nor in `others`. Where the facts name no scope at all,
 * nothing can be said and none is unknown.
 */
export function unknownScopes(
  facts: ScopeFacts,
  names: readonly string[],
  others: readonly string[] = [],
): UnknownScope[] {
  const { aliases, families, synonyms, spelling } = lookupOf(facts);
  const known = [aliases, families, synonyms, spelling].flatMap((table) => [...table.keys()]);
  const all = new Set([...known, ...statedScopes(facts, others).map((name) => folded(facts, name))]);
  if (all.size === 0) return [];
  return separate(names)
    .filter((name) => !all.has(folded(facts, name)) && !all.has(folded(facts, spelled(facts, name))))
    .map((name) => ({ name, meant: nearest(folded(facts, name), [...all]) }));
}

/** Farther apart two names are two names. */
const MAX_TYPOS = 2;

function nearest(name: string, known: readonly string[]): string | null {
  const close = known
    .map((other) => ({
      other,
      apart: Math.abs(other.length - name.length) > MAX_TYPOS ? Infinity : typos(name, other),
    }))
    .filter(({ apart }) => apart <= MAX_TYPOS && apart < name.length / 2)
    .toSorted((one, two) => one.apart - two.apart);
  return close[0]?.other ?? null;
}

/** Letters put in, left out, replaced or swapped with their neighbour (optimal string alignment). */
function typos(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      const ways = [
        (rows[row - 1]?.[column] ?? 0) + 1,
        (line[column - 1] ?? 0) + 1,
        (rows[row - 1]?.[column - 1] ?? 0) + same,
      ];
      if (one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1])
        ways.push((rows[row - 2]?.[column - 2] ?? 0) + 1);
      line.push(Math.min(...ways));
    }
    rows.push(line);
  }
  return rows[one.length]?.[other.length] ?? 0;
}

/** One text for a set of scopes in any order: names a narrowed token's row and its ciphertext's place. */
export function scopeKeyOf(scopes: readonly string[]): string {
  return [...new Set(scopes)].toSorted().join(' ');
}
