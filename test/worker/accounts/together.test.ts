/** Requests of several agents that come to an account in one call: each is its own decision, record and answer. */

import { describe, expect, it } from 'vitest';
import type { ReleaseRequest, ReleaseResult } from '#accounts/door/answer.ts';
import { connected, expired, calls, evict, records, release, request, stub, tamper } from './world.ts';

const agentOf = (id: string, changes: Partial<ReleaseRequest['agent']> = {}): Partial<ReleaseRequest> => ({
  agent: { ...request().agent, id, ...changes },
  context: {
    ...request().context,
    actor: { type: 'agent', id, method: 'agent_key', key_id: null },
    correlationId: `asked-by-${id}`,
  },
});

const together = (id: string, changes: readonly Partial<ReleaseRequest>[]) =>
  stub(id).releaseMany({ requests: changes.map((one) => request(one)) });

const said = (result: ReleaseResult | null | undefined) => {
  if (result == null) return 'alone';
  if (result.ok) return 'ok';
  return 'again' in result ? 'again' : result.refusal.code;
};

/** Who got what, by the account's own chain. */
const issued = async (id: string) =>
  (await records(id))
    .filter(({ action }) => action === 'token.issue')
    .map(({ outcome, correlation_id }) => [outcome, correlation_id]);

describe('requests that come together', () => {
  it('are decided by the policy of each, with one record each, in the order in which they came', async () => {
    const account = await connected();
    await release(account.id);
    const before = (await issued(account.id)).length;
    const scoped = [{ connection: '*', identifiers: ['*'], scopes: ['nobody-granted'] }];
    const results = await together(account.id, [
      agentOf('first'),
      agentOf('stranger', { organization: 'elsewhere' }),
      agentOf('narrow', { policy: { rules: scoped } }),
      agentOf('without', { policy: { rules: [] } }),
      agentOf('last'),
    ]);
    expect(results.map(said)).toEqual(['ok', 'not_found', 'policy_denied', 'not_found', 'ok']);
    for (const index of [0, 4]) {
      const result = results[index];
      expect(result != null && 'body' in result && JSON.parse(result.body).access_token).toBe(
        account.grant.accessToken,
      );
    }
    expect(JSON.stringify([results[1], results[2], results[3]])).not.toContain(account.grant.accessToken);
    expect((await issued(account.id)).slice(before)).toEqual([
      ['ok', 'asked-by-first'],
      ['refused', 'asked-by-narrow'],
      ['ok', 'asked-by-last'],
    ]);
    const verified = await stub(account.id).verifyAudit({});
    expect(verified).toMatchObject({ ok: true, value: { intact: true } });
  });

  it('are told to come alone where an answer takes a key, a decryption or a refresh, and nothing is recorded', async () => {
    const account = await expired();
    await evict(account.id);
    expect((await together(account.id, [agentOf('a'), agentOf('b')])).map(said)).toEqual(['alone', 'alone']);
    // Opens the key and renews the token.
    await release(account.id);
    const before = await issued(account.id);
    const results = await together(account.id, [
      agentOf('a'),
      { ...agentOf('b'), minTtlMs: 86_400_000_000, minTtlExplicit: true },
    ]);
    expect(said(results[0])).toBe('ok');
    const after = await issued(account.id);
    expect(after.slice(before.length).map(([, by]) => by)).toEqual(
      said(results[1]) === 'alone' ? ['asked-by-a'] : ['asked-by-a', 'asked-by-b'],
    );
    expect(await calls(account.grant.grantId)).toHaveLength(1);
  });

  it('are to be proved again where the Worker has held them for long', async () => {
    const account = await connected();
    await release(account.id);
    const before = await issued(account.id);
    const results = await together(account.id, [
      { ...agentOf('late'), heldMs: 500 },
      { ...agentOf('soon'), heldMs: 2 },
    ]);
    expect(results.map(said)).toEqual(['again', 'ok']);
    expect((await issued(account.id)).slice(before.length)).toEqual([['ok', 'asked-by-soon']]);
  });

  it('are all refused by rows that were tampered with', async () => {
    const account = await connected();
    await release(account.id);
    await tamper(account.id, "UPDATE account SET organization = 'theirs'");
    const results = await together(account.id, [agentOf('a'), agentOf('b')]);
    expect(results.map(said)).not.toContain('ok');
    expect(JSON.stringify(results)).not.toContain(account.grant.accessToken);
  });
});
