/** What a decision is about: an agent, as its record describes it, and one request of it. Data only. */

import type { Policy, Rule } from '#contract/agents/policy.ts';
import type { ACTIONS } from '#contract/rules/fields.ts';

export interface PolicyAgent {
  readonly id: string;
  /** Empty: none. An agent that has an organization reaches that one alone; its rules open no other. */
  readonly organization: string;
  readonly status: 'active' | 'suspended';
  readonly policy: Policy;
  /** What its token carries beside the policy: each list has to allow the request too. Left out: nothing. */
  readonly grantedRules?: readonly (readonly Rule[])[];
}

/** `token`: the credential itself leaves. The other three use it, and the agent never sees it. */
export type Action = (typeof ACTIONS)[number];

/** What the credential is wanted for. A field is null where an action has nothing of the kind. */
export interface Use {
  readonly action: Action;
  /** Null of an `mcp` request: the list of a server's tools, of which a rule with `tools` shows those that it names. */
  readonly tool: string | null;
  /** In capital letters. */
  readonly method: string | null;
  /** As it leaves, byte for byte. */
  readonly path: string | null;
  /** Why, in the caller's own words. */
  readonly purpose: string | null;
}

/** Whether a request is for the list of a server's tools: it does nothing there, so that no person and no rate is asked. */
export function isListing({ action, tool }: Pick<Use, 'action' | 'tool'>): boolean {
  return action === 'mcp' && tool === null;
}

export const FOR_TOKEN: Use = { action: 'token', tool: null, method: null, path: null, purpose: null };

/** Whose account a request is for. `organization` is empty for none. */
export interface Place {
  readonly connection: string;
  readonly identifier: string;
  readonly organization: string;
}

/** All of a request that a rule may look at, but scopes: their names mean something only beside the account's grants. */
export interface PolicyRequest extends Place, Use {
  readonly nowMs: number;
  /** Indices of rules whose `rate` is spent; left out: none. */
  readonly spent?: readonly number[];
}

/** A request for the credential itself. @param purpose why, as the caller says it; null: it does not */
export function tokenRequest(
  { connection, identifier, organization }: Place,
  nowMs: number,
  purpose: string | null = null,
): PolicyRequest {
  return { ...FOR_TOKEN, connection, identifier, organization, purpose, nowMs };
}
