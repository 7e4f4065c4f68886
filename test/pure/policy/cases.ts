/** The shape of test/vectors/policy-cases.json, and the words its cases leave out. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PolicyInput, Rule } from '#contract/agents/policy.ts';
import { decideAtDoor1, decideAtDoor2 } from '#policy/decide.ts';
import type { Granted } from '#policy/pick-grant.ts';
import { tokenRequest, type PolicyAgent } from '#policy/request.ts';
import type { Coverage } from '#policy/scopes.ts';
import { expandPolicy } from '#policy/shorthand.ts';

/** What either door decides; `grant` is an index into the case's grants. */
export interface Decided {
  allowed: boolean;
  reason?: string;
  rule: number | null;
  grant?: number;
  scopes?: string[] | null;
  narrowTo?: string[] | null;
  allowedScopes?: string[] | null;
  grantedScopes?: string[] | null;
}

export interface DecisionCase {
  name: string;
  status?: 'active' | 'suspended';
  policy: PolicyInput;
  request: { connection: string; identifier?: string; scopes?: string[] };
  aliases?: Record<string, string[]>;
  grants?: (string[] | null)[];
  canNarrow?: boolean;
  expect: Partial<Decided>;
}

export interface PolicyCases {
  globs: { pattern: string; value: string; matches: boolean }[];
  coverage: {
    name: string;
    granted: string[] | null;
    allowed: string[] | null;
    asked: string[] | null;
    kind: Coverage['kind'];
    to?: string[];
  }[];
  shorthand: { input: PolicyInput; rules: unknown[] }[];
  decisions: DecisionCase[];
  /** `errors`: path and message of each issue; `paths`: the paths alone, where the message is the library's. */
  bodies: { name: string; body: unknown; errors?: string[]; paths?: string[] }[];
}

const file = path.join(import.meta.dirname, '../../vectors/policy-cases.json');
export const cases = JSON.parse(readFileSync(file, 'utf8')) as PolicyCases;

export const AGENT_ID = 'agent-1';

export function grantsOf(scopeSets: (string[] | null)[], aliases: Record<string, string[]> = {}): Granted[] {
  const resolve = (names: string[]): string[] => names.flatMap((name) => aliases[name] ?? [name]);
  return scopeSets.map((scopes) => ({ scopes, resolve }));
}

export function agentWith(
  rules: Rule[],
  changes: Partial<Pick<PolicyAgent, 'status' | 'organization'>> = {},
): PolicyAgent {
  return { id: AGENT_ID, organization: '', status: 'active', policy: { rules }, ...changes };
}

/** A request for a token, by what a case says of it. */
export function requestFor(
  place: { connection: string; identifier?: string; organization?: string },
  nowMs = Date.UTC(2026, 0, 1),
) {
  return tokenRequest({ identifier: AGENT_ID, organization: '', ...place }, nowMs);
}

/** At door 2 where the case has grants, else at door 1. */
export function decideCase(given: Omit<DecisionCase, 'name' | 'expect'>): Decided {
  const { rules } = expandPolicy(given.policy);
  const agent = agentWith(rules, { status: given.status ?? 'active' });
  const { scopes = null, ...place } = given.request;
  const request = requestFor(place);
  if (given.grants === undefined) return decideAtDoor1(agent, request);
  const grants = grantsOf(given.grants, given.aliases);
  const canNarrow = given.canNarrow ?? false;
  const decision = decideAtDoor2(agent, request, { asked: scopes, grants, canNarrow });
  return decision.allowed ? { ...decision, grant: grants.indexOf(decision.grant) } : decision;
}
