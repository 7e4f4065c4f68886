/** What a tool call needs of the broker, made for one proved agent: the way through accounts' doors, and the stores. */

import type { AgentProof } from '#callers/proof.ts';
import { AccountGate } from '../asking/account-gate.ts';
import { newId } from '#crypto/api-keys.ts';
import { contentDigest } from '#crypto/digest.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import { customToolDefinitions } from '#directory/tools/custom-tools.ts';
import { callOnce } from '#directory/tools/kept-results.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import type { ReachedAccount, ToolContext, ToolUse } from '#tools/context.ts';
import { demandOf } from '#tools/demand.ts';
import type { Tool } from '#tools/tool.ts';
import type { Resource } from '#contract/accounts/connected-accounts.ts';
import type { Arrival } from '../arrival.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import { findReachable } from '../rules/reachable.ts';

const LIST = 'tool pages';
/** Accounts that one list of tools looks at. */
const MAX_ACCOUNTS = 1_000;
const MAX_SHOWN_CHARS = 2_000;

/** @param signal aborted when the caller hangs up */
export function toolContext(arrival: Arrival, caller: AgentProof, signal: AbortSignal): ToolContext {
  const { config } = arrival;
  return {
    agent: caller,
    nowMs: systemNow,
    signal,
    toolCallId: arrival.toolCallId,
    newCallId: () => newId('tc'),
    gate: (account, use) => {
      const named = 'accountId' in account ? account : { ...account, agentId: 'self' };
      const { tool, toolCallId, method, path } = use;
      const calling = { ...arrival, toolCallId };
      return new AccountGate(calling, named, { action: 'tool', tool: tool.name, method, path }, (proof) => ({
        use: contentOf(proof, use),
        demand: demandOf(tool),
      }));
    },
    reached: async () => {
      const { data } = await findReachable(config, caller, { limit: MAX_ACCOUNTS, start: null }, reachedOf);
      return data;
    },
    providerOf: async (connection) => (await connectionSettings(config, connection, ''))?.provider ?? null,
    customTools: () => customTools(config),
    cursors: {
      seal: (about, place) => encodeCursor(config, LIST, about, place),
      open: async (about, cursor) => (await decodeCursor(config, LIST, about, cursor)) ?? [],
    },
    once: async (key, payload, call) => {
      const scope = { caller: caller.id, organization: caller.organization, key };
      const run = async () => {
        const { value, isKept } = await call();
        return { value: JSON.stringify(value), isKept };
      };
      const { value, isReplayed } = await callOnce(config, scope, payload, systemNow(), run);
      return { value: JSON.parse(value), isReplayed };
    },
  };
}

function reachedOf(account: Resource): ReachedAccount {
  const { id, connection, provider, identifier, organization, status, scopes } = account;
  const hasScopes = scopes.length > 0;
  return {
    id,
    connection,
    provider,
    identifier,
    organization: organization ?? '',
    status,
    scopes,
    hasScopes,
  };
}

/** A tool's parameters are what a person approves. Made only for agents with a rule that asks. */
function contentOf({ policy, grantedRules }: AgentProof, { tool, content }: ToolUse) {
  const rules = [policy.rules, ...grantedRules].flat();
  if (rules.every(({ approval }) => approval === undefined)) return {};
  const digest = contentDigest(['tool parameters', JSON.stringify(tool)], new TextEncoder().encode(content));
  return { digest, preview: content.length > MAX_SHOWN_CHARS ? null : content };
}

/** Definitions as they were read, by their text: an isolate parses each once. */
const parsed = new Map<string, Tool>();
const MAX_PARSED = 1_000;

/** The operators' own tools, by name. @throws ProblemError */
export async function customTools(config: Config): Promise<readonly Tool[]> {
  const definitions = await customToolDefinitions(config, systemNow());
  return definitions.map((text) => {
    let tool = parsed.get(text);
    if (tool === undefined) {
      if (parsed.size >= MAX_PARSED) parsed.clear();
      tool = JSON.parse(text) as Tool;
      parsed.set(text, tool);
    }
    return tool;
  });
}
