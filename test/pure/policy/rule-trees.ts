/** Rules with any fields of the contract, requests that meet them, and the lists that a token would carry. */

import fc from 'fast-check';
import type { Rule } from '#contract/agents/policy.ts';
import type { Granted } from '#policy/pick-grant.ts';
import type { PolicyRequest } from '#policy/request.ts';
import { AGENT_ID } from './cases.ts';

/** A Thursday, at noon. */
const NOW = Date.UTC(2026, 0, 1, 12);
const SCOPES = ['a', 'b', 'c', 'wide'] as const;
/** `s` is an alias of two scopes; `wide` includes another. */
const ALIASES: Readonly<Record<string, string[]>> = { s: ['a', 'b'] };
const INCLUDED: Readonly<Record<string, string[]>> = { wide: ['a', 'c'] };

export const resolve = (names: readonly string[]): string[] =>
  names.flatMap((name) => ALIASES[name] ?? [name]);
export const include = (scopes: readonly string[]): string[] => [
  ...new Set(scopes.flatMap((scope) => [scope, ...(INCLUDED[scope] ?? [])])),
];

export const FIELDS = {
  scopes: fc.uniqueArray(fc.constantFrom(...SCOPES, 's'), { maxLength: 3 }),
  organizations: fc.constantFrom(['acme'], ['*'], ['beta']),
  actions: fc.constantFrom<NonNullable<Rule['actions']>[]>(['token'], ['token', 'proxy'], ['tool']),
  tools: fc.constantFrom(['crm_*'], ['*'], ['mail_send']),
  requests: fc.constantFrom<NonNullable<Rule['requests']>[]>(
    [{ methods: ['GET'], paths: ['/a/*'] }],
    [{ paths: ['/a/b'] }],
    [{ methods: ['POST'] }],
  ),
  hours: fc.constantFrom<NonNullable<Rule['hours']>[]>(
    { timezone: 'UTC', days: ['thu'] },
    { timezone: 'UTC', days: ['fri'] },
  ),
  not_after: fc.constantFrom('2025-01-01T00:00:00Z', '2027-01-01T00:00:00Z'),
  purpose: fc.constant<NonNullable<Rule['purpose']>>('required'),
} as const;

/** `mostly`: a field stands in few of the rules, so that many of them allow something. */
const sometimes = <T>(field: fc.Arbitrary<T>) => fc.option(field, { freq: 1, nil: undefined });
const withoutAbsent = (rule: object): Rule =>
  Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) as Rule;

export const anyRule: fc.Arbitrary<Rule> = fc
  .record({
    connection: fc.constantFrom('hubspot', 'hub*', '*', 'slack'),
    identifiers: fc.option(fc.constantFrom(['user_*'], ['*'], [AGENT_ID]), { freq: 4, nil: undefined }),
    ...Object.fromEntries(
      Object.entries(FIELDS).map(([name, field]) => [name, sparse(name, field as fc.Arbitrary<unknown>)]),
    ),
    connect: sometimes(fc.boolean()),
  })
  .map(withoutAbsent);

function sparse(name: string, field: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const often = name === 'scopes' ? 2 : 8;
  return fc.oneof({ weight: often, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: field });
}

export const anyRules = fc.array(anyRule, { minLength: 1, maxLength: 4 });

export const anyRequest: fc.Arbitrary<PolicyRequest> = fc.record({
  connection: fc.constantFrom('hubspot', 'hubspot', 'slack'),
  identifier: fc.constantFrom(AGENT_ID, 'default', 'user_1'),
  organization: fc.constantFrom('', '', 'acme'),
  action: fc.constantFrom('token', 'token', 'proxy', 'tool', 'mcp'),
  tool: fc.constantFrom('crm_list', 'mail_send'),
  method: fc.constantFrom('GET', 'POST'),
  path: fc.constantFrom('/a/b', '/z'),
  purpose: fc.constantFrom(null, 'a report'),
  nowMs: fc.constant(NOW),
});

export const anyAccount = fc.record({
  asked: fc.option(fc.uniqueArray(fc.constantFrom(...SCOPES), { maxLength: 2 }), { freq: 2 }),
  grants: fc
    .array(fc.option(fc.uniqueArray(fc.constantFrom(...SCOPES), { maxLength: 3 }), { freq: 6 }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((sets): Granted[] => sets.map((scopes) => ({ scopes, resolve, include }))),
  canNarrow: fc.boolean(),
});
