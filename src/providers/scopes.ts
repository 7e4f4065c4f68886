/** Resolves the short names that a descriptor gives to scopes. It knows nothing of policies and grants. */

/** Short name → scope or scopes; what the `scope_aliases` of the facts are. */
export type ScopeAliasTable = Readonly<Record<string, string | readonly string[]>>;

/**
 * The provider's own scopes for a list of names, each once, in their order.
 *
 * A name without an alias is a scope already; an alias is resolved once and never into another alias.
 */
export function resolveScopes(
  aliases: ScopeAliasTable | { readonly scope_aliases: ScopeAliasTable },
  names: readonly string[],
): string[] {
  const table = isDescriptor(aliases) ? aliases.scope_aliases : aliases;
  const scopes = names.flatMap((name) => (Object.hasOwn(table, name) ? (table[name] ?? name) : name));
  return [...new Set(scopes)];
}

/** A table's values are texts and lists, so an object under this key is a whole descriptor's table. */
function isDescriptor(
  value: ScopeAliasTable | { readonly scope_aliases: ScopeAliasTable },
): value is { readonly scope_aliases: ScopeAliasTable } {
  const inner: unknown = Object.hasOwn(value, 'scope_aliases') ? value['scope_aliases'] : undefined;
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner);
}

/** One text for a set of scopes, whatever their order: names a narrowed token's row and its ciphertext's place. */
export function scopeKeyOf(scopes: readonly string[]): string {
  return [...new Set(scopes)].toSorted().join(' ');
}
