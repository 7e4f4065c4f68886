/** A rule with `approval` at the door of an account: one yes, one request, whatever comes in between. */

import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_PENDING_PER_AGENT } from '#accounts/approvals/machine.ts';
import { askApproval } from '#accounts/approvals/ask.ts';
import type { Decision } from '#accounts/approvals/requests.ts';
import type { ReleaseRequest } from '#accounts/door/answer.ts';
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
  evict,
  kill,
  records,
  release,
  remove,
  request,
  right,
  ring,
  rows,
  stub,
  tamper,
  withStorage,
} from './world.ts';

let id = '';
beforeAll(async () => {
  id = await account();
});

afterEach(() => void vi.useRealTimers());

const events = (at: string) =>
  rows(at, `SELECT body FROM event WHERE type = 'agent.approval_required'`).then((all) =>
    all.map(({ body }) => JSON.parse(String(body)).data),
  );

describe('a rule with `approval`', () => {
  it('refuses the first request with a question, says it once, and takes the same request for the same question', async () => {
    const at = await account();
    const first = await release(at, asking());
    expect(first.code).toBe('approval_required');
    expect(Object.keys(first.refusal.members).toSorted()).toEqual(['approval_id', 'expires_at']);
    // Neither scope nor lifetime nor route makes another request of it.
    const again = await Promise.all([
      release(at, asking({ minTtlMs: 1_000, byId: false })),
      release(at, asking({ scopes: ['contacts.read'] })),
    ]);
    for (const one of again.filter(({ code }) => code === 'approval_required'))
      expect(idOf(one)).toBe(idOf(first));
    expect(again[0]?.code).toBe('approval_required');
    const told = await events(at);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      agent: 'agent',
      approval_id: idOf(first),
      action: 'token',
      reason: APPROVAL.reason,
    });
    expect(JSON.stringify(first)).not.toContain(String(told[0].approval_url ?? '/approve/'));
    expect((await records(at)).filter(({ reason }) => reason === 'approval_required').length).toBeGreaterThan(
      1,
    );
  });

  it('lets exactly that request through, once', async () => {
    const at = await account();
    const use = DELETE;
    const asked = await release(at, asking({ use }));
    await decide(at, idOf(asked), 'approved');
    const others: ReleaseRequest['use'][] = [
      { ...use, path: '/contacts/8' },
      { ...use, method: 'PATCH' },
      { ...use, digest: 'of-another-body' },
      { ...use, digest: null },
      { action: 'token' },
      { action: 'tool', tool: 'crm_delete', digest: use.digest },
    ];
    for (const other of others)
      expect((await release(at, asking({ use: other as never }))).code).toBe('approval_required');
    expect((await release(at, asking({ use, agent: agentOf([RULE], 'other') }))).code).toBe(
      'approval_required',
    );
    expect((await look(at, idOf(asked))).status).toBe('approved');
    expect((await release(at, asking({ use: { ...use, purpose: 'in other words' } }))).code).toBe('ok');
    expect(await look(at, idOf(asked))).toMatchObject({ status: 'used', decidedBy: 'admin' });
    const replayed = await release(at, asking({ use }));
    expect(replayed.code).toBe('approval_required');
    expect(idOf(replayed)).not.toBe(idOf(asked));
  });

  it('lets one of many that come at once through', async () => {
    const at = await account();
    await decide(at, idOf(await release(at, asking())), 'approved');
    const codes = await Promise.all(
      Array.from({ length: 8 }, async () => (await release(at, asking())).code),
    );
    expect(codes.filter((code) => code === 'ok')).toHaveLength(1);
    expect(codes.filter((code) => code === 'approval_required')).toHaveLength(7);
    expect(
      (await records(at)).filter((one) => one.action === 'token.issue' && one.outcome === 'ok'),
    ).toHaveLength(1);
  });

  it('refuses for a while after a no, and then asks anew', async () => {
    const at = await account();
    const asked = await release(at, asking());
    await decide(at, idOf(asked), 'denied');
    const refused = await release(at, asking());
    expect(refused).toMatchObject({
      code: 'policy_denied',
      refusal: { members: { reason: 'approval_denied' } },
    });
    later(APPROVAL.ttl_s * 1000);
    const anew = await release(at, asking());
    expect(anew.code).toBe('approval_required');
    expect(idOf(anew)).not.toBe(idOf(asked));
  });

  it('is asked anew where the yes or the question has lapsed, and says so in the audit', async () => {
    const at = await account();
    const asked = await release(at, asking());
    await decide(at, idOf(asked), 'approved');
    later(APPROVAL.ttl_s * 1000);
    expect((await release(at, asking())).code).toBe('approval_required');
    await ring(at);
    expect((await look(at, idOf(asked))).status).toBe('expired');
    expect((await records(at)).filter(({ action }) => action === 'approval.expire')).toHaveLength(1);
    expect(right(await stub(at).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('does not spend the yes where the broker refuses', async () => {
    const at = await account();
    const asked = await release(at, asking());
    await decide(at, idOf(asked), 'approved');
    right(await stub(at).signal({ context, signal: 'disabled' }));
    expect((await release(at, asking())).code).toBe('account_disabled');
    right(await stub(at).signal({ context, signal: 'enabled' }));
    const suspended = { ...agentOf(), status: 'suspended' as const };
    expect((await release(at, asking({ agent: suspended }))).code).toBe('policy_denied');
    const elsewhere = agentOf([{ connection: 'nothing' }]);
    expect((await release(at, asking({ agent: elsewhere, byId: false }))).code).toBe('policy_denied');
    expect((await release(at, asking())).code).toBe('ok');
  });

  it('never widens: the rules of that moment decide, and a shorter time counts', async () => {
    const at = await account();
    const use = { action: 'proxy', method: 'DELETE', path: '/contacts/9' } as const;
    const asked = await release(at, asking({ use }));
    await decide(at, idOf(asked), 'approved');
    const reading = agentOf([{ ...RULE, requests: [{ methods: ['GET'] }] }]);
    expect((await release(at, asking({ use, agent: reading }))).refusal.members.reason).toBe(
      'method_not_allowed',
    );
    later(120_000);
    const shorter = agentOf([{ ...RULE, approval: { ttl_s: 60 } }]);
    expect((await release(at, asking({ use, agent: shorter }))).code).toBe('approval_required');
    // A rule that asks nobody any more needs no yes, and spends none.
    expect((await release(at, asking({ use, agent: request().agent }))).code).toBe('ok');
    expect((await look(at, idOf(asked))).status).toBe('approved');
  });

  it('holds back what another rule behind it would let through', async () => {
    const at = await account();
    const both = agentOf([
      { ...RULE, requests: [{ methods: ['DELETE'] }] },
      { connection: '*', identifiers: ['*'] },
    ]);
    expect((await release(at, { agent: both, use: DELETE })).code).toBe('approval_required');
    expect((await release(at, { agent: both, use: { ...DELETE, method: 'GET' } })).code).toBe('ok');
  });
});

describe('one decision', () => {
  it('stands: the same once more changes nothing, and the other comes too late', async () => {
    const asked = idOf(await release(id, asking({ use: { ...DELETE, path: '/once' } })));
    expect(await decide(id, asked, 'approved')).toMatchObject({
      kind: 'decided',
      approval: { status: 'approved' },
    });
    expect((await decide(id, asked, 'approved')).kind).toBe('decided');
    expect(await decide(id, asked, 'denied')).toMatchObject({
      kind: 'over',
      approval: { status: 'approved' },
    });
    const told = (await records(id)).filter(({ evidence }) => evidence?.includes(`approval:${asked}`));
    expect(told.map(({ action }) => action)).toEqual(['proxy.call', 'approval.approve']);
    expect(told[1]?.actor.id).toBe('admin');
  });

  it('by the link is one too, and the link opens nothing after it', async () => {
    const asked = idOf(await release(id, asking({ use: { ...DELETE, path: '/link' } })));
    const { token } = await look(id, asked);
    const open = async (decision: Decision | null, by = token) =>
      right(await askApproval(config, id, 'open', { token: by, decision, context })).kind;
    expect([await open(null), await open(null)]).toEqual(['ask', 'ask']);
    expect((await look(id, asked)).status).toBe('pending');
    const last = token.at(-1) === 'A' ? 'B' : 'A';
    expect(await open('approved', token.slice(0, -1) + last)).toBe('unknown');
    const other = idOf(await release(id, asking({ use: { ...DELETE, path: '/other' } })));
    expect(await open('approved', token.replace(asked, other))).toBe('unknown');
    expect(await open('denied')).toBe('decided');
    expect([await open(null), await open('approved')]).toEqual(['over', 'over']);
    expect(await look(id, asked)).toMatchObject({ status: 'denied', decidedBy: 'link' });
  });

  it('is not made by a caller of another organization, and no other agent sees the question', async () => {
    const asked = idOf(await release(id, asking({ use: { ...DELETE, path: '/walls' } })));
    const foreign = await askApproval(config, id, 'decide', {
      id: asked,
      organization: 'elsewhere',
      decision: 'approved',
      context,
    });
    expect(foreign).toMatchObject({ ok: false, error: { code: 'not_found' } });
    const seenBy = (agentId: string) =>
      askApproval(config, id, 'look', { id: asked, organization: null, agentId });
    expect(await seenBy('other')).toMatchObject({ ok: false, error: { code: 'not_found' } });
    expect(await seenBy('agent')).toMatchObject({ ok: true });
  });
});

describe('what is stored', () => {
  it('is bounded: an agent with ten open questions is refused, others are not', async () => {
    const at = await account();
    const ask = async (path: string, agent = 'agent') =>
      (await release(at, { agent: agentOf([RULE], agent), use: { ...DELETE, path } })).code;
    for (let n = 0; n < MAX_PENDING_PER_AGENT; n += 1) expect(await ask(`/n/${n}`)).toBe('approval_required');
    expect(await ask('/one-more')).toBe('rate_limited');
    expect(await ask('/n/0')).toBe('approval_required');
    expect(await ask('/one-more', 'other')).toBe('approval_required');
    expect(await rows(at, 'SELECT id FROM approval')).toHaveLength(MAX_PENDING_PER_AGENT + 1);
  });

  it('outlives the death of the object between the yes and the request, and is spent for good', async () => {
    const at = await account();
    const asked = idOf(await release(at, asking()));
    await kill(at);
    await decide(at, asked, 'approved');
    await kill(at);
    expect((await release(at, asking())).code).toBe('ok');
    await kill(at);
    expect((await release(at, asking())).code).toBe('approval_required');
  });

  it('is whole or not at all: a release that cannot be recorded spends nothing', async () => {
    const at = await account();
    const asked = idOf(await release(at, asking()));
    await decide(at, asked, 'approved');
    await evict(at);
    await withStorage(at, ({ sql }) =>
      sql.exec(`CREATE TRIGGER full BEFORE INSERT ON audit_head BEGIN SELECT RAISE(ABORT, 'full'); END`),
    );
    expect((await release(at, asking())).code).not.toBe('ok');
    await withStorage(at, ({ sql }) => sql.exec('DROP TRIGGER full'));
    await evict(at);
    expect((await look(at, asked)).status).toBe('approved');
    expect((await release(at, asking())).code).toBe('ok');
  });

  it.each([
    [
      'changed',
      (spent: string) => `UPDATE approval SET body = replace(body, 'used', 'approved') WHERE id = '${spent}'`,
    ],
    ['taken away', (spent: string) => `DELETE FROM approval WHERE id = '${spent}'`],
  ])('is refused where a row was %s behind the broker’s back', async (_, statement) => {
    const at = await account();
    const asked = idOf(await release(at, asking()));
    await decide(at, asked, 'approved');
    await release(at, asking());
    await tamper(at, statement(asked));
    expect((await release(at, asking())).code).toBe('record_corrupt');
    // What asks nobody goes on.
    expect((await release(at)).code).toBe('ok');
  });

  it('is refused where the whole row of before is put back: a yes is not spent twice', async () => {
    const at = await account();
    const asked = idOf(await release(at, asking()));
    await decide(at, asked, 'approved');
    const [old] = await rows(at, 'SELECT * FROM approval WHERE id = ?', asked);
    expect((await release(at, asking())).code).toBe('ok');
    await withStorage(at, ({ sql }) =>
      sql.exec('UPDATE approval SET body = ?, mac = ? WHERE id = ?', old?.['body'], old?.['mac'], asked),
    );
    await evict(at);
    expect((await release(at, asking())).code).toBe('record_corrupt');
  });

  it('goes with the account, in the directory too', async () => {
    const at = await account();
    const asked = idOf(await release(at, asking()));
    const inList = () =>
      (env as { DB: D1Database }).DB.prepare('SELECT status FROM approval_index WHERE id = ?')
        .bind(asked)
        .first('status');
    expect(await inList()).toBe('pending');
    await remove(at);
    await ring(at);
    // The alarm may be under way by itself.
    await expect.poll(inList).toBeNull();
    expect(await rows(at, 'SELECT id FROM approval')).toEqual([]);
  });
});
