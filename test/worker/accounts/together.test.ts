/** Requests of several agents that come to an account at the same time: each is its own decision, record and answer. */

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
  Promise.all(changes.map((one) => stub(id).release(request(one))));

/** As the Worker does it: a request that has waited for long comes again. */
const untilDecided = (id: string, changes: readonly Partial<ReleaseRequest>[]) =>
  Promise.all(changes.map((one) => release(id, one)));

/** So often that some of them share a commit (`door/pump.ts`). */
const often = <T>(requests: readonly T[]): T[] => Array.from({ length: 20 }, () => requests).flat();

const said = (result: ReleaseResult) => {
  if (result.ok) return 'ok';
  return 'refusal' in result ? result.refusal.code : 'again';
};

/** Who got what, by the account's own chain. */
const issued = async (id: string) =>
  (await records(id))
    .filter(({ action }) => action === 'token.issue')
    .map(({ outcome, correlation_id }) => [outcome, correlation_id]);

describe('requests that come together', () => {
  it('are decided by the policy of each, with one record each', async () => {
    const account = await connected();
    await release(account.id);
    const before = (await issued(account.id)).length;
    const scoped = [{ connection: '*', identifiers: ['*'], scopes: ['nobody-granted'] }];
    const asked = [
      agentOf('first'),
      agentOf('stranger', { organization: 'elsewhere' }),
      agentOf('narrow', { policy: { rules: scoped } }),
      agentOf('without', { policy: { rules: [] } }),
      agentOf('last'),
    ];
    const results = await untilDecided(account.id, often(asked));
    expect(results.map(({ code }) => code)).toEqual(
      often(['ok', 'not_found', 'policy_denied', 'not_found', 'ok']),
    );
    for (const { code, token, refusal } of results) {
      expect(token).toBe(code === 'ok' ? account.grant.accessToken : null);
      expect(JSON.stringify(refusal)).not.toContain(account.grant.accessToken);
    }
    const recorded = [
      ['ok', 'asked-by-first'],
      ['refused', 'asked-by-narrow'],
      ['ok', 'asked-by-last'],
    ];
    expect((await issued(account.id)).slice(before).toSorted()).toEqual(often(recorded).toSorted());
    const verified = await stub(account.id).verifyAudit({});
    expect(verified).toMatchObject({ ok: true, value: { intact: true } });
  });

  it('to an account that sleeps beside a token that has ended all get the one that a single refresh brings', async () => {
    const account = await expired();
    await evict(account.id);
    const before = (await issued(account.id)).length;
    const names = often(['a', 'b', 'c']);
    const results = await untilDecided(
      account.id,
      names.map((name) => agentOf(name)),
    );
    expect(results.map(({ code }) => code)).toEqual(names.map(() => 'ok'));
    expect(new Set(results.map(({ token }) => token)).size).toBe(1);
    expect(await calls(account.grant.grantId)).toHaveLength(1);
    expect(await issued(account.id)).toHaveLength(before + names.length);
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
    const results = await together(account.id, often([agentOf('a'), agentOf('b')]));
    expect(results.map(said)).not.toContain('ok');
    expect(JSON.stringify(results)).not.toContain(account.grant.accessToken);
  });
});
