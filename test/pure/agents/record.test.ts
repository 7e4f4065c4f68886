import { describe, expect, it } from 'vitest';
import { isWorthTouching, TOUCH_INTERVAL_MS } from '#agents/keys.ts';
import { authRecordOf, changed, NO_ENDED_TOKENS, type AgentRow } from '#agents/record.ts';
import { isFirstOfMinute } from '#agents/refusals.ts';
import { NO_PROOFS } from '#contract/callers/agent-proofs.ts';

const agent: AgentRow = {
  agentId: 'a',
  organization: '',
  name: 'A',
  status: 'active',
  policy: { rules: [{ connection: 'hubspot' }] },
  proofs: NO_PROOFS,
  proofFailAtMs: null,
  tokens: NO_ENDED_TOKENS,
  keyIds: ['k'],
  incarnation: 1,
  dataKey: 'wrapped',
  createdAtMs: 1_000,
  updatedAtMs: 2_000,
};

describe('an update', () => {
  it('records each thing that differs once', () => {
    const policy = { rules: [] };
    expect(changed(agent, { name: 'B' }, 3_000)?.actions).toEqual(['agent.update']);
    expect(changed(agent, { policy }, 3_000)?.actions).toEqual(['policy.update']);
    expect(changed(agent, { name: null, policy }, 3_000)).toEqual({
      after: { ...agent, name: null, policy, updatedAtMs: 3_000 },
      actions: ['agent.update', 'policy.update'],
      fields: ['name'],
    });
  });

  it('names the ways in that differ, and not what they are', () => {
    const thumbprint = { certificate_thumbprint: 'ab' };
    expect(changed(agent, { proofs: thumbprint }, 3_000)).toMatchObject({
      after: { proofs: { ...NO_PROOFS, ...thumbprint } },
      actions: ['agent.update'],
      fields: ['certificate_thumbprint'],
    });
    expect(changed(agent, { proofs: { oidc: null } }, 3_000)).toBeNull();
  });

  it('is none where everything is so already', () => {
    expect(changed(agent, {}, 3_000)).toBeNull();
    expect(changed(agent, { name: 'A', policy: structuredClone(agent.policy) }, 3_000)).toBeNull();
  });

  it('never falls back behind an earlier one', () => {
    expect(changed(agent, { name: 'B' }, 1_500)?.after.updatedAtMs).toBe(2_000);
  });
});

describe('the record for authentication', () => {
  it('holds nothing that authenticating does not need', () => {
    const keys = [{ id: 'k', digest: 'd', createdAtMs: 1, lastUsedAtMs: 2, authFailAtMs: 3, expiresAtMs: 4 }];
    expect(authRecordOf({ agent, keys })).toEqual({
      id: 'a',
      organization: '',
      status: 'active',
      policy: agent.policy,
      keys: [{ id: 'k', digest: 'd', expiresAtMs: 4, createdAtMs: 1 }],
      incarnation: 1,
    });
  });

  it('says whose workloads and which certificate prove it, where there are any', () => {
    const trust = { issuer: 'https://issuer.example', subject: 'a:*', audience: 'broker' };
    const proofs = { ...NO_PROOFS, oidc: trust, certificate_thumbprint: 'ab' };
    expect(authRecordOf({ agent: { ...agent, proofs }, keys: [] })).toMatchObject({
      trusts: [trust],
      thumbprint: 'ab',
    });
    const several = { ...NO_PROOFS, oidc: [trust, trust] };
    expect(authRecordOf({ agent: { ...agent, proofs: several }, keys: [] }).trusts).toEqual([trust, trust]);
  });
});

describe('a use of a key', () => {
  it('is worth a row when it is the first, and again after an hour', () => {
    expect(isWorthTouching(null, 5_000)).toBe(true);
    expect(isWorthTouching(5_000, 5_000 + TOUCH_INTERVAL_MS - 1)).toBe(false);
    expect(isWorthTouching(5_000, 5_000 + TOUCH_INTERVAL_MS)).toBe(true);
  });

  it('replaces a time that lies far ahead', () => {
    expect(isWorthTouching(5_000 + TOUCH_INTERVAL_MS, 5_000)).toBe(true);
  });
});

describe('a wrong secret', () => {
  it('is recorded once a minute', () => {
    expect(isFirstOfMinute(null, 0)).toBe(true);
    expect(isFirstOfMinute(120_000, 179_999)).toBe(false);
    expect(isFirstOfMinute(179_999, 180_000)).toBe(true);
  });
});
