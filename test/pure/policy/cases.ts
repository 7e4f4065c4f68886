/** The shape of test/vectors/policy-cases.json, and the words its cases leave out. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { PolicyInput } from '#contract/policy.ts';
import type { Decision, Granted } from '#policy/decide.ts';
import { decide } from '#policy/decide.ts';
import type { Coverage } from '#policy/scopes.ts';
import { expandPolicy } from '#policy/shorthand.ts';

export interface DecisionCase {
  name: string;
  status?: 'active' | 'suspended';
  policy: PolicyInput;
  request: { connection: string; identifier?: string; scopes?: string[] };
  aliases?: Record<string, string[]>;
  grants?: (string[] | null)[];
  canNarrow?: boolean;
  expect: Partial<Decision> & { grant?: number };
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

export function decideCase(given: Omit<DecisionCase, 'name' | 'expect'>): ReturnType<typeof decide> {
  return decide({
    agent: { id: AGENT_ID, status: given.status ?? 'active', policy: expandPolicy(given.policy) },
    request: {
      action: 'token',
      connection: given.request.connection,
      identifier: given.request.identifier ?? AGENT_ID,
      scopes: given.request.scopes ?? null,
    },
    ...(given.grants && { granted: grantsOf(given.grants, given.aliases) }),
    ...(given.canNarrow !== undefined && { canNarrow: given.canNarrow }),
  });
}
