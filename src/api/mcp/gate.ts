/** The way of an MCP call through an account's door: for the list of a server's tools, or for one of them. */

import type { AskedUse } from '#accounts/approvals/machine.ts';
import type { AgentProof } from '#callers/proof.ts';
import { contentDigest } from '#crypto/digest.ts';
import type { Gate } from '#proxy/forward.ts';
import { canonical } from '#tools/mcp/described.ts';
import type { Arrival } from '../arrival.ts';
import { AccountGate } from '../asking/account-gate.ts';

/** Whose account is meant: by its id, or by the short form. */
export type Addressee =
  { readonly accountId: string } | { readonly connection: string; readonly identifier: string | null };

/** The tool as policies, records and people know it, with its arguments; null: the list of all. */
export type AskedTool = {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
} | null;

const MOST_SHOWN = 2_000;

export function mcpGate(arrival: Arrival, addressee: Addressee, tool: AskedTool): Gate {
  const target = 'accountId' in addressee ? addressee : { agentId: 'self', organization: null, ...addressee };
  const named = tool === null ? {} : { tool: tool.name };
  const use = { action: 'mcp', method: null, path: null, ...named } as const;
  return new AccountGate(arrival, target, use, (caller) => ({ use: approved(caller, tool) }));
}

/** A tool's arguments are what a person approves; made only for agents with a rule that asks. */
function approved(
  { policy, grantedRules }: Pick<AgentProof, 'policy' | 'grantedRules'>,
  tool: AskedTool,
): Partial<Pick<AskedUse, 'digest' | 'preview'>> {
  const rules = [policy.rules, ...grantedRules].flat();
  if (tool === null || rules.every(({ approval }) => approval === undefined)) return {};
  const told = canonical(tool.arguments);
  const preview = JSON.stringify(tool.arguments, null, 2);
  return {
    digest: contentDigest(['mcp call v1', tool.name], new TextEncoder().encode(told)),
    preview: preview.length > MOST_SHOWN ? null : preview,
  };
}
