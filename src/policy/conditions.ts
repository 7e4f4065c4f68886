/**
 * What the fields of a rule demand of a request, one pure function each. A field of the contract is built by adding its
 * condition to the table; a rule with a field that the table does not have allows nothing. Scopes are not compared here:
 * they mean something only beside the account's grants (`pick-grant.ts`).
 */

import type { DenyReason } from '#contract/codes.ts';
import type { Rule } from '#contract/agents/policy.ts';
import { timeOf } from '#lib/clock.ts';
import { isWithinHours } from './fields/hours.ts';
import { takesMethod, takesRequest } from './fields/requests.ts';
import { matchesGlob } from './glob.ts';
import { matchesIdentifiers } from './identifiers.ts';
import { matchesOrganization } from './organizations.ts';
import type { Action, PolicyAgent, PolicyRequest } from './request.ts';

export interface Asked {
  readonly agent: PolicyAgent;
  readonly request: PolicyRequest;
}

/** On which side of the scopes the contract has a condition; its order decides which reason a refusal gives. */
type Stage = 'before_scopes' | 'after_scopes';

interface Condition {
  /** Null: it looks at the rule as a whole. */
  readonly field: keyof Rule | null;
  readonly stage: Stage;
  /** Why the rule does not allow the request; null: as far as this field goes, it does. */
  readonly refusal: (rule: Rule, asked: Asked) => DenyReason | null;
}

/** In the order of the contract. */
const CONDITIONS: readonly Condition[] = [
  {
    field: 'connection',
    stage: 'before_scopes',
    refusal: (rule, { request }) =>
      matchesGlob(rule.connection, request.connection) ? null : 'connection_not_allowed',
  },
  {
    field: 'organizations',
    stage: 'before_scopes',
    refusal: (rule, { request, agent }) =>
      matchesOrganization(rule.organizations, request.organization, agent)
        ? null
        : 'organization_not_allowed',
  },
  {
    field: 'identifiers',
    stage: 'before_scopes',
    refusal: (rule, { request, agent }) =>
      matchesIdentifiers(rule.identifiers, request.identifier, agent.id) ? null : 'identifier_not_allowed',
  },
  {
    // A field of a later version restricts something that is not known here.
    field: null,
    stage: 'before_scopes',
    refusal: (rule) => (Object.keys(rule).every((field) => KNOWN.has(field)) ? null : 'action_not_allowed'),
  },
  {
    field: 'actions',
    stage: 'before_scopes',
    refusal: (rule, { request }) => (allowsAction(rule, request.action) ? null : 'action_not_allowed'),
  },
  {
    field: 'tools',
    stage: 'before_scopes',
    refusal: ({ tools }, { request: { action, tool } }) =>
      tools === undefined ||
      !OF_TOOLS.has(action) ||
      (tool === null ? action === 'mcp' : tools.some((one) => matchesGlob(one, tool)))
        ? null
        : 'tool_not_allowed',
  },
  {
    field: 'requests',
    stage: 'before_scopes',
    refusal: ({ requests }, { request: { action, method, path } }) => {
      if (requests === undefined || action !== 'proxy') return null;
      if (!takesMethod(requests, method)) return 'method_not_allowed';
      return takesRequest(requests, method, path) ? null : 'path_not_allowed';
    },
  },
  {
    field: 'hours',
    stage: 'after_scopes',
    refusal: ({ hours }, { request }) =>
      hours === undefined || isWithinHours(hours, request.nowMs) ? null : 'outside_hours',
  },
  {
    field: 'not_after',
    stage: 'after_scopes',
    refusal: ({ not_after: end }, { request }) =>
      end === undefined || request.nowMs <= (timeOf(end) ?? -Infinity) ? null : 'policy_expired',
  },
  {
    field: 'purpose',
    stage: 'after_scopes',
    refusal: ({ purpose }, { request }) =>
      purpose === undefined || (request.purpose ?? '').trim() !== '' ? null : 'purpose_missing',
  },
];

const OF_TOOLS: ReadonlySet<Action> = new Set(['tool', 'mcp']);

/** A credential that is handed out can be limited to no tool and no request any more. */
export function allowsAction({ actions, tools, requests }: Rule, action: Action): boolean {
  if (action === 'token' && (tools !== undefined || requests !== undefined)) return false;
  return actions?.includes(action) ?? true;
}

/** `scopes` is read beside the grants, `rate` where all the rest allows, `approval` behind the decision; `connect` restricts nothing. */
const READ_ELSEWHERE: readonly (keyof Rule)[] = ['scopes', 'rate', 'approval', 'connect'];

const KNOWN: ReadonlySet<string | null> = new Set([
  ...CONDITIONS.map(({ field }) => field),
  ...READ_ELSEWHERE,
]);

/** The first condition of that stage that the request does not meet, as the reason of a refusal; null: it meets all. */
export function refusalBy(rule: Rule, asked: Asked, stage: Stage): DenyReason | null {
  for (const condition of CONDITIONS) {
    const reason = condition.stage === stage ? condition.refusal(rule, asked) : null;
    if (reason !== null) return reason;
  }
  return null;
}
