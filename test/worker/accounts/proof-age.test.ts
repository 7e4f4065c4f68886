/** Nothing leaves on a proof that has grown old: neither a credential nor a link that repairs the account. */

import { describe, expect, it } from 'vitest';
import type { ReleaseResult } from '#accounts/door/answer.ts';
import { connected, expired, fault, records, release, request, stub } from './world.ts';

const kindOf = (result: ReleaseResult): string => {
  if (result.ok) return 'ok';
  return 'refusal' in result ? result.refusal.code : 'again';
};
const issued = async (id: string) =>
  (await records(id)).filter(({ action, outcome }) => action === 'token.issue' && outcome === 'ok').length;

describe('a proof', () => {
  it('of less than a second is good, however long the Worker has held the request', async () => {
    const { id } = await connected();
    await release(id);
    for (const provedMsAgo of [0, 500, 900])
      expect(kindOf(await stub(id).release(request({ provedMsAgo, heldMs: 600 })))).toBe('ok');
  });

  it('of a second hands out nothing and records nothing, also where many come together', async () => {
    const { id } = await connected();
    await release(id);
    const before = await issued(id);
    const old = [951, 1_000, 60_000].map((provedMsAgo) => request({ provedMsAgo, heldMs: 0 }));
    for (const one of old) expect(kindOf(await stub(id).release(one))).toBe('again');
    const together = await Promise.all(old.map((one) => stub(id).release(one)));
    expect(together.map(kindOf)).toEqual(Array(3).fill('again'));
    expect(await issued(id)).toBe(before);
  });

  it('counts as before where a Worker does not say how old it is', async () => {
    const { id } = await connected();
    await release(id);
    expect(kindOf(await stub(id).release(request({ heldMs: 150 })))).toBe('ok');
    expect(kindOf(await stub(id).release(request({ heldMs: 250 })))).toBe('again');
  });

  it('that is old gets no link that repairs the account', async () => {
    const account = await expired();
    const dead = { status: 400, body: '{"error":"invalid_grant"}', contentType: 'application/json' };
    await fault(account.grant.grantId, dead, 5);
    expect(kindOf(await stub(account.id).release(request({ provedMsAgo: 0 })))).toMatch(
      /again|reauth_required/,
    );
    expect(kindOf(await stub(account.id).release(request({ provedMsAgo: 2_000 })))).toBe('again');
    const told = await stub(account.id).release(request({ provedMsAgo: 0 }));
    expect(JSON.stringify(told)).toContain('/connect/rp.');
  });
});
