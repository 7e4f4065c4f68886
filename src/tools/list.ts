/** Which tools an agent may use, and with which accounts: judged as the doors judge, from what the index shows. Pure but for reading. */

import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import { openingScopes, scopesAskedOf, scopesWithin, withImplied } from '#providers/scopes/scopes.ts';
import { decideAtDoor1, type Reason } from '#policy/decide.ts';
import { decideForNeeds, needsOf, serves } from '#policy/needs.ts';
import type { Granted } from '#policy/pick-grant.ts';
import type { PolicyAgent, PolicyRequest } from '#policy/request.ts';
import type { ReachedAccount, ToolContext } from './context.ts';
import { demandOf } from './demand.ts';
import { builtInTool, builtInTools } from './registry/registry.ts';
import type { Tool } from './tool.ts';

export interface ToolFilter {
  /** An entry of the catalogue. */
  readonly provider?: string | undefined;
  readonly connection?: string | undefined;
  /** Words, each of which name, title or description holds. */
  readonly q?: string | undefined;
}

export interface UsableAccount {
  readonly connected_account_id: string;
  readonly identifier: string;
  readonly connection: string;
}

export interface UsableTool {
  readonly tool: Tool;
  readonly accounts: readonly UsableAccount[];
}

export interface ListedTools {
  readonly tools: readonly UsableTool[];
  /** Tools that a rule allows, and what a reconnect would have to grant for them. */
  readonly missing: readonly { readonly tool: string; readonly scopes: readonly string[] }[];
}

/** A rule with `purpose` lets a tool through, if only the agent says why. */
const ANY_PURPOSE = 'any';
/** No tool can be called there, and nothing but an operator changes that. */
const CLOSED: ReadonlySet<string> = new Set(['disabled', 'revoked']);

/** @throws ProblemError where the directory cannot be asked */
export async function listTools(context: ToolContext, filter: ToolFilter = {}): Promise<ListedTools> {
  const [custom, accounts] = await Promise.all([context.customTools(), context.reached()]);
  const tools = [...builtInTools(), ...custom].filter((tool) => isAskedFor(tool, filter));
  return usableOf(context.agent, tools, accounts, filter, context.nowMs());
}

/** A tool by its name, whether or not the agent may use it. @throws ProblemError */
export async function findTool(
  context: Pick<ToolContext, 'customTools'>,
  name: string,
): Promise<Tool | null> {
  return builtInTool(name) ?? (await context.customTools()).find((tool) => tool.name === name) ?? null;
}

function isAskedFor({ name, title, description }: Tool, { q }: ToolFilter): boolean {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${name} ${title} ${description}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function usableOf(
  agent: PolicyAgent,
  tools: readonly Tool[],
  accounts: readonly ReachedAccount[],
  { provider, connection }: ToolFilter,
  nowMs: number,
): ListedTools {
  const open = accounts.filter(
    (account) =>
      !CLOSED.has(account.status) &&
      (provider === undefined || account.provider === provider) &&
      (connection === undefined || account.connection === connection),
  );
  const held = new Map<string, Held>();
  const heldBy = (account: ReachedAccount): Held => {
    const known = held.get(account.id) ?? heldOf(account);
    held.set(account.id, known);
    return known;
  };
  const usable: UsableTool[] = [];
  const missing: { tool: string; scopes: readonly string[] }[] = [];
  for (const tool of tools) {
    const verdicts = open
      .filter((account) => serves(demandOf(tool), account))
      .map((account) => ({ account, refusal: refusalFor(agent, tool, heldBy(account), nowMs) }));
    const allowed = verdicts.filter(({ refusal }) => refusal === null);
    if (allowed.length > 0) usable.push({ tool, accounts: allowed.map(({ account }) => shown(account)) });
    else if (verdicts.some(({ refusal }) => refusal === 'missing_scopes'))
      missing.push({ tool: tool.name, scopes: tool.scopes_any[0] ?? [] });
  }
  return { tools: usable, missing };
}

function shown({ id, identifier, connection }: ReachedAccount): UsableAccount {
  return { connected_account_id: id, identifier, connection };
}

/** An account's grants as rules compare them. */
interface Held {
  readonly account: ReachedAccount;
  readonly grant: Granted;
  readonly canNarrow: boolean;
  /** A tool's scopes as this provider names them. */
  readonly asked: (names: readonly string[]) => readonly string[];
}

function heldOf(account: ReachedAccount): Held {
  const facts = findDescriptor(account.provider);
  const known = account.hasScopes ? account.scopes : null;
  if (facts === undefined) {
    const grant = { scopes: known === null ? null : [...known], resolve: (names: string[]) => names };
    return { account, grant, canNarrow: false, asked: (names) => names };
  }
  const scopes = known === null ? null : openingScopes(facts, known);
  const there = withImplied(facts, scopes ?? []);
  return {
    account,
    grant: {
      scopes,
      resolve: (names) => scopesWithin(facts, names),
      include: (names) => withImplied(facts, names),
    },
    canNarrow: facts.refresh_scope_downscoping === 'supported',
    asked: (names) => scopesAskedOf(facts, names, there),
  };
}

/** Why the agent may not use this tool with this account; null: it may. */
function refusalFor(
  agent: PolicyAgent,
  tool: Tool,
  { account, grant, canNarrow, asked }: Held,
  nowMs: number,
): Reason | null {
  const { connection, identifier, organization } = account;
  const use = {
    action: 'tool',
    tool: tool.name,
    method: tool.method,
    path: null,
    purpose: ANY_PURPOSE,
  } as const;
  const request: PolicyRequest = { ...use, connection, identifier, organization, nowMs };
  const first = decideAtDoor1(agent, request);
  if (!first.allowed) return first.reason;
  // An account that is not connected yet has no grant to compare with: the call says how it is connected.
  if (account.status !== 'active' && !account.hasScopes) return null;
  const needs = needsOf(demandOf(tool), account.provider)?.map(asked) ?? null;
  const decision = decideForNeeds(agent, request, { asked: null, grants: [grant], canNarrow }, needs);
  return decision.allowed ? null : decision.reason;
}
