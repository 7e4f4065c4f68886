/** What the tests of approvals share: an account, an agent whose rule asks, and a person who answers. */

import { vi } from 'vitest';
import { askApproval } from '#accounts/approvals/ask.ts';
import type { ApprovalView, Decision } from '#accounts/approvals/requests.ts';
import type { ReleaseRequest } from '#accounts/door/answer.ts';
import type { Rule } from '#contract/agents/policy.ts';
import { config, connected, context, request, right, type Outcome } from './world.ts';

export const APPROVAL = { reason: 'a person looks at it', ttl_s: 600 };
export const RULE: Rule = { connection: '*', identifiers: ['*'], approval: APPROVAL };
export const agentOf = (rules: Rule[] = [RULE], id = 'agent') => ({
  ...request().agent,
  id,
  policy: { rules },
});
export const DELETE = {
  action: 'proxy',
  method: 'DELETE',
  path: '/contacts/7',
  digest: 'of-the-body',
} as const;
export const asking = (changes: Partial<ReleaseRequest> = {}) => ({ agent: agentOf(), ...changes });

export async function account(): Promise<string> {
  return (await connected({ facts: { api_base_urls: ['https://api.example.com'] } })).id;
}

/** So much time goes by; the test puts the clock back. */
export function later(byMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs });
}

export const idOf = (outcome: Outcome): string => outcome.refusal.members.approval_id;
export const decide = async (at: string, approvalId: string, decision: Decision) =>
  right(await askApproval(config, at, 'decide', { id: approvalId, organization: null, decision, context }));
export const look = async (at: string, approvalId: string): Promise<ApprovalView> =>
  right(await askApproval(config, at, 'look', { id: approvalId, organization: null, agentId: null }));
