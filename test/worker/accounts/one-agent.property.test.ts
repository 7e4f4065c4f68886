/** Whatever one agent asks, alone and in any order: an account whose token lives goes on for all others. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReleaseRequest } from '#accounts/door/answer.ts';
import { fresh, http, must, newConnection, release, request, rows, view } from './world.ts';

const SCOPES = ['a.read', 'a.write', 'b.read'];

/** One request of the agent that means no good: it knows the fingerprint of every token that it was handed. */
interface Ask {
  readonly rejected: 'current' | 'other' | null;
  readonly scopes: readonly string[] | null;
  readonly rule: readonly string[] | null;
  readonly minTtlS: number;
}

/** Often none, or all: a request that may have the token as it is comes further than one that may not. */
const scopeSet = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constant(SCOPES) },
  {
    weight: 2,
    arbitrary: fc.uniqueArray(fc.constantFrom(...SCOPES, 'unknown'), { minLength: 1, maxLength: 3 }),
  },
);
const anyAsk: fc.Arbitrary<Ask> = fc.record({
  rejected: fc.constantFrom('current' as const, 'current' as const, 'other' as const, null),
  scopes: scopeSet,
  rule: scopeSet,
  minTtlS: fc.constantFrom(0, 60, 3600),
});

function by(agent: string, ask: Partial<Ask>, fingerprint: string | null): Partial<ReleaseRequest> {
  const base = request();
  return {
    agent: {
      ...base.agent,
      id: agent,
      policy: {
        rules: [
          { connection: '*', identifiers: ['*'], ...(ask.rule == null ? {} : { scopes: [...ask.rule] }) },
        ],
      },
    },
    scopes: ask.scopes ?? null,
    minTtlMs: (ask.minTtlS ?? 60) * 1000,
    minTtlExplicit: true,
    rejected: ask.rejected == null ? null : ask.rejected === 'other' ? 'never-issued' : fingerprint,
    context: { ...base.context, actor: { type: 'agent', id: agent, method: 'agent_key', key_id: null } },
  };
}

/** Accounts with an access token alone: whose life was told or not, at a provider that narrows or does not. */
const KINDS = [
  { what: 'a told life', expires: 3600, facts: {} },
  { what: 'a life that nobody told', expires: null, facts: {} },
  { what: 'a provider that narrows', expires: 3600, facts: { refresh_scope_downscoping: 'supported' } },
];

describe('one agent alone', () => {
  it.each(KINDS)('ends no account that has $what, and takes it from nobody', async ({ expires, facts }) => {
    // The metadata would name a userinfo endpoint: here nobody can be asked.
    const connection = await newConnection({
      issuer: undefined,
      token_url: 'https://auth.example.com/token',
      authorization_url: 'https://auth.example.com/authorize',
      ...facts,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyAsk, { minLength: 1, maxLength: 8 }), async (asks) => {
        const token = fresh('token');
        const { id } = await must(
          http('PUT', `/v1/credentials/${connection}?identifier=${fresh('user')}`, {
            access_token: token,
            scope: SCOPES.join(' '),
            ...(expires === null ? {} : { expires_in: expires }),
          }),
          201,
        );
        const other = await release(id, by('other', {}, null));
        expect(other.token).toBe(token);
        for (const ask of asks) {
          const got = await release(id, by('greedy', ask, other.fingerprint));
          expect(['ok', 'policy_denied']).toContain(got.code);
          if (got.code === 'ok') expect(got.token).toBe(token);
        }
        expect(await view(id)).toMatchObject({ status: 'active' });
        expect((await release(id, by('other', {}, null))).token).toBe(token);
        expect(await rows(id, 'SELECT id FROM refresh_attempt')).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});
