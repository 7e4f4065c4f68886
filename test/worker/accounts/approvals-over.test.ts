/** A yes that let something out which went nowhere is good again, and the end of each question is told once. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { askApproval } from '#accounts/approvals/ask.ts';
import { PENDING_MS } from '#accounts/approvals/machine.ts';
import type { ReleaseRequest, Spent } from '#accounts/door/answer.ts';
import { askById, type Ask } from '../../../src/api/asking/asking.ts';
import { RequestRates } from '../../../src/api/rules/rates.ts';
import { PATIENCE } from '../../support/patience.ts';
import {
  account,
  agentOf,
  APPROVAL,
  asking,
  decide,
  DELETE,
  idOf,
  later,
  look,
  RULE,
} from './approval-world.ts';
import {
  config,
  context,
  fresh,
  http,
  must,
  records,
  release,
  request,
  right,
  ring,
  rows,
  stub,
} from './world.ts';

afterEach(() => void vi.useRealTimers());

describe('a yes that let something out', () => {
  const spentBy = async (at: string, changes: Partial<ReleaseRequest>) => {
    const result = await stub(at).release(request(asking(changes)));
    if (!result.ok || result.spent === undefined) throw new Error('nothing was spent');
    return result.spent;
  };
  const giveBack = (at: string, spent: Spent) => askApproval(config, at, 'give_back', { spent, context });

  it('is good again where that went nowhere, and of another use than that one nothing is taken back', async () => {
    const at = await account();
    const asked = idOf(await release(at, asking({ use: DELETE })));
    await decide(at, asked, 'approved');
    const first = await spentBy(at, { use: DELETE });
    expect(first.approvalId).toBe(asked);
    expect(right(await giveBack(at, { ...first, usedAs: first.usedAs - 1 }))).toBeNull();
    expect(right(await giveBack(at, first))).toMatchObject({ status: 'approved', usedAtMs: null });
    expect(right(await giveBack(at, first))).toBeNull();
    const second = await spentBy(at, { use: DELETE });
    expect(second.usedAs).toBeGreaterThan(first.usedAs);
    // The same news once more, late: what went out by then stays spent.
    expect(right(await giveBack(at, first))).toBeNull();
    expect((await look(at, asked)).status).toBe('used');
    expect((await release(at, asking({ use: DELETE }))).code).toBe('approval_required');
    const returned = (await records(at)).filter(({ action }) => action === 'approval.return');
    expect(returned).toHaveLength(1);
  });

  it('is no longer good than it was', async () => {
    const at = await account();
    await decide(at, idOf(await release(at, asking())), 'approved');
    const spent = await spentBy(at, {});
    later(APPROVAL.ttl_s * 1000);
    right(await giveBack(at, spent));
    expect((await look(at, spent.approvalId)).status).toBe('expired');
    expect((await release(at, asking())).code).toBe('approval_required');
  });

  it('is as it was where the Worker drops the answer, since the policy has changed in that second', async () => {
    const at = await account();
    const agentId = fresh('agent');
    const made = { id: agentId, key: true, policy: { rules: [] } };
    const { key } = await must(http('POST', '/v1/agents', made), 201);
    const rules = { policy: { rules: [RULE] } };
    let reads = 0;
    const caller = {
      plane: 'agent',
      id: agentId,
      life: '1.0',
      organization: '',
      status: 'active',
      ...rules,
      method: 'agent_key',
      keyId: null,
      expiresAtMs: null,
      issuedAtMs: null,
      grantedRules: [],
      chain: [],
      // Young when the account is asked, and old when its answer is there.
      get provedAtMs() {
        reads += 1;
        return reads === 1 ? Date.now() : Date.now() - 2_000;
      },
    } as const;
    const arrival = {
      config,
      correlationId: 'c',
      client: context.client,
      tlsClientAuth: null,
      toolCallId: null,
      method: 'GET',
      headers: new Headers({ authorization: `Bearer ${key}` }),
      url: 'https://broker.example/',
      waitUntil: () => undefined,
    } as unknown as Ask['arrival'];
    const ask: Ask = {
      arrival,
      caller,
      context,
      wish: { use: { action: 'token' }, scopes: null, rejected: null },
      byId: true,
      rates: new RequestRates(config, caller, context),
      cutOffs: null,
      waitedMs: 0,
      provenAtMs: Date.now(),
    };
    const own = { agent: agentOf([RULE], agentId), agentLife: '1.0' };
    const asked = idOf(await release(at, own));
    await decide(at, asked, 'approved');
    expect(await askById(ask, at)).toBe('again');
    expect((await look(at, asked)).status).toBe('approved');
    expect((await records(at)).filter(({ action }) => action === 'approval.return')).toHaveLength(1);
    expect((await release(at, own)).code).toBe('ok');
  });
});

describe('the end of a question', () => {
  it('is told once: by a yes, by a no, and by its time', async () => {
    const at = await account();
    const ask = async (path: string) => idOf(await release(at, asking({ use: { ...DELETE, path } })));
    const [yes, no, late] = [await ask('/yes'), await ask('/no'), await ask('/late')];
    await decide(at, yes, 'approved');
    await decide(at, yes, 'approved');
    await decide(at, no, 'denied');
    later(PENDING_MS);
    await vi.waitFor(async () => {
      await ring(at);
      expect((await look(at, late)).status).toBe('expired');
      const told = await rows(at, `SELECT body FROM event WHERE type = 'agent.approval_decided'`);
      const ends = told.map(({ body }) => JSON.parse(String(body)).data);
      expect(ends.map((one) => [one.approval_id, one.status, one.decided_by])).toEqual([
        [yes, 'approved', 'admin'],
        [no, 'denied', 'admin'],
        [late, 'expired', null],
      ]);
    }, PATIENCE);
  });
});
