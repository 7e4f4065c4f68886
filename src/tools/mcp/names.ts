/**
 * The names under which tools of MCP servers are offered: `{connection}__{tool}`, in the characters and the length that
 * every client takes. Pure. A name that needs no change keeps itself, so that no other tool can take its place by being
 * spelled nearly alike; where two would still be one, both carry a piece of a digest of what they are.
 */

import { contentDigest } from '#crypto/digest.ts';

/** As most clients bound it. */
const LONGEST = 64;
const HASH_CHARACTERS = 4;

export interface Named {
  readonly connection: string;
  /** As its server calls it. */
  readonly tool: string;
}

/** What a policy, a record and a client call this tool where no other takes the name. */
export function plainName({ connection, tool }: Named): string {
  return cleaned(`${connection}__${tool}`);
}

/** Starts the name of every tool of a connection, whatever else became of the name. */
export function prefixOf(connection: string): string {
  return cleaned(`${connection}__`).slice(0, LONGEST - HASH_CHARACTERS - 1);
}

/**
 * A name for each tool, none twice and none of `taken`. The same tools get the same names in any order.
 *
 * @param taken names of other tools, which stay theirs
 */
export function exposedNames<T extends Named>(
  tools: readonly T[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, T> {
  const unchanged = new Map<string, number>();
  const cleanedAlike = new Map<string, number>();
  const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const tool of tools) {
    const plain = plainName(tool);
    count(isUnchanged(tool) ? unchanged : cleanedAlike, plain);
  }
  const isAlone = (tool: T): boolean => {
    const plain = plainName(tool);
    const exact = unchanged.get(plain) ?? 0;
    const rivals = isUnchanged(tool) ? exact : exact + (cleanedAlike.get(plain) ?? 0);
    return rivals === 1 && plain.length <= LONGEST && !taken.has(plain);
  };
  const named = new Map<string, T>();
  for (const tool of tools) if (isAlone(tool)) named.set(plainName(tool), tool);
  const others = tools.filter((tool) => !isAlone(tool)).map((tool) => ({ tool, name: hashed(tool) }));
  const alike = Map.groupBy(others, ({ name }) => name);
  // Four characters of a digest agree once in ten million pairs: then both are left out, rather than mistaken.
  for (const { tool, name } of others)
    if (alike.get(name)?.length === 1 && !named.has(name) && !taken.has(name)) named.set(name, tool);
  return named;
}

/** The tool of this name, as `exposedNames` gives it; null: none has it. Looks at few of many. */
export function namedTool<T extends Named>(
  tools: readonly T[],
  taken: ReadonlySet<string>,
  name: string,
): T | null {
  const cut = LONGEST - HASH_CHARACTERS - 1;
  const withoutHash = name.slice(0, -HASH_CHARACTERS - 1);
  const alike = tools.filter((tool) => {
    const plain = plainName(tool);
    return plain === name || plain.slice(0, cut) === withoutHash;
  });
  return exposedNames(alike, taken).get(name) ?? null;
}

function isUnchanged({ connection, tool }: Named): boolean {
  const whole = `${connection}__${tool}`;
  return whole.length <= LONGEST && cleaned(whole) === whole;
}

function cleaned(text: string): string {
  return text.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
}

function hashed(named: Named): string {
  const { connection, tool } = named;
  const hash = contentDigest(['mcp tool name v1', connection, tool], new Uint8Array(0))
    .replaceAll(/[^a-zA-Z0-9]/g, '')
    .slice(0, HASH_CHARACTERS);
  return `${plainName(named).slice(0, LONGEST - HASH_CHARACTERS - 1)}_${hash}`;
}
