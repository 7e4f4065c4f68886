import fc from 'fast-check';
import { expect, it } from 'vitest';
import { asAgent, asEither, asOperator } from '#callers/planes.ts';
import {
  actorOf,
  ENDED_KEY,
  isFresh,
  WRONG_KEY,
  type AuthFailure,
  type Outcome,
  type Proof,
} from '#callers/proof.ts';
import type { Policy } from '#contract/agents/policy.ts';
import { err, ok } from '#lib/result.ts';

const proved = {
  id: fc.string(),
  keyId: fc.option(fc.string()),
  provedAtMs: fc.nat(),
  method: fc.constantFrom(
    'agent_key' as const,
    'workload_jwt' as const,
    'client_certificate' as const,
    'access_jwt' as const,
    'admin_key' as const,
  ),
  expiresAtMs: fc.option(fc.nat()),
  issuedAtMs: fc.option(fc.nat()),
  grantedRules: fc.constant([]),
  chain: fc.constant<readonly string[]>([]),
};
/** Of each plane by any method: nothing may be read from the method. */
const proof: fc.Arbitrary<Proof> = fc.oneof(
  fc.record({
    plane: fc.constant('agent' as const),
    ...proved,
    life: fc.constant('1.0'),
    organization: fc.constantFrom('', 'acme'),
    status: fc.constantFrom('active' as const, 'suspended' as const),
    policy: fc.record({ rules: fc.constant<Policy['rules']>([]) }),
  }),
  fc.record({
    plane: fc.constant('operator' as const),
    ...proved,
    organization: fc.constantFrom(null, 'acme'),
    role: fc.constantFrom('admin' as const, 'operator' as const, 'auditor' as const),
  }),
);
const failure: fc.Arbitrary<AuthFailure> = fc.oneof(
  fc.constantFrom(WRONG_KEY, ENDED_KEY),
  fc.record({
    code: fc.constantFrom(
      'unauthenticated' as const,
      'rate_limited' as const,
      'vault_locked' as const,
      'record_corrupt' as const,
      'unavailable' as const,
    ),
    detail: fc.string(),
  }),
);
const adminKeyProblem = fc.constantFrom(null, 'ADMIN_KEY is not set');

it('a proof opens the routes of its plane and those of both, and is forbidden at those of the other', () => {
  fc.assert(
    fc.property(proof, adminKeyProblem, (value, problem) => {
      const config = { adminKeyProblem: problem };
      const mine = value.plane === 'agent' ? asAgent(ok(value)) : asOperator(ok(value), config);
      const other = value.plane === 'agent' ? asOperator(ok(value), config) : asAgent(ok(value));
      expect(mine).toEqual(ok(value));
      expect(other).toMatchObject({ ok: false, error: { code: 'forbidden' } });
      expect(asEither(ok(value), config)).toEqual(ok(value));
    }),
  );
});

it('no failure opens a route; each keeps its code, and all but the unauthenticated their words', () => {
  fc.assert(
    fc.property(failure, adminKeyProblem, (error, problem) => {
      const outcome: Outcome = err(error);
      const config = { adminKeyProblem: problem };
      expect(asAgent(outcome)).toEqual(outcome);
      for (const answer of [asEither(outcome, config), asOperator(outcome, config)]) {
        expect(answer).toMatchObject({ ok: false, error: { code: error.code } });
        if (error.code !== 'unauthenticated') expect(answer).toEqual(outcome);
        else if (problem !== null) expect(JSON.stringify(answer)).toContain(problem);
        else expect(answer).toEqual(error === ENDED_KEY ? err(WRONG_KEY) : outcome);
      }
    }),
  );
});

it('a record names a caller by its plane, whatever its method', () => {
  fc.assert(
    fc.property(proof, (value) => {
      const { id, method, keyId } = value;
      expect(actorOf(value)).toEqual({ type: value.plane, id, method, key_id: keyId });
    }),
  );
});

it('a proof is fresh for a second, and not for longer', () => {
  fc.assert(
    fc.property(proof, fc.nat(3_000), (value, ageMs) => {
      expect(isFresh(value, value.provedAtMs + ageMs)).toBe(ageMs <= 1_000);
    }),
  );
});
