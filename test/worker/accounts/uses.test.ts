/** What a credential may be wanted for: a seal is about the credential itself, and every other refusal about each use. */

import { describe, expect, it } from 'vitest';
import type { Use } from '#policy/request.ts';
import {
  connected,
  context,
  evict,
  http,
  must,
  newConnection,
  records,
  release,
  right,
  stub,
  view,
} from './world.ts';

const NOTHING = { tool: null, method: null, path: null, purpose: null };
const TOKEN: Use = { ...NOTHING, action: 'token' };
const OTHERS: readonly Use[] = [
  { ...NOTHING, action: 'proxy', method: 'GET', path: '/v1/contacts' },
  { ...NOTHING, action: 'tool', tool: 'crm_list_contacts' },
  { ...NOTHING, action: 'mcp', tool: 'crm__list' },
];
const codes = (id: string, uses: readonly (Use | undefined)[]) =>
  Promise.all(uses.map(async (use) => (await release(id, use === undefined ? {} : { use })).code));
const ALL = [TOKEN, ...OTHERS];

describe('an account whose credential does not leave', () => {
  it('refuses the credential alone when it is sealed', async () => {
    const { id } = await connected();
    expect(await codes(id, ALL)).toEqual(['ok', 'ok', 'ok', 'ok']);
    right(await stub(id).seal({ context }));
    expect(await codes(id, ALL)).toEqual(['account_sealed', 'ok', 'ok', 'ok']);
    // A Worker that names no use knows tokens alone.
    expect(await codes(id, [undefined])).toEqual(['account_sealed']);
  });

  it('refuses the credential alone when its connection is proxy_only, by its copy and by a list', async () => {
    const { id, connection } = await connected();
    const cutOffs = { proxyOnly: [{ connection, version: 9 }], deleted: [] };
    const byList = ALL.map(async (use) => (await release(id, { use, cutOffs })).code);
    expect(await Promise.all(byList)).toEqual(['account_sealed', 'ok', 'ok', 'ok']);
    await must(http('PATCH', `/v1/connections/${connection}`, { token_access: 'proxy_only' }), 200);
    // Awake anew, the account looks for the settings at once because of the list, and keeps them.
    await evict(id);
    await release(id, { use: TOKEN, cutOffs });
    expect(await codes(id, ALL)).toEqual(['account_sealed', 'ok', 'ok', 'ok']);
  });

  it('is refused to every use when its status says so, sealed or not', async () => {
    const { id } = await connected();
    right(await stub(id).seal({ context }));
    right(await stub(id).signal({ context, signal: 'disabled' }));
    expect(await codes(id, ALL)).toEqual(['account_sealed', ...OTHERS.map(() => 'account_disabled')]);
  });

  it('is refused to every use when its connection is deleted', async () => {
    const { id, connection } = await connected();
    const deleted = [{ connection, version: 99, deletedAtMs: Date.now() + 1_000 }];
    for (const use of OTHERS)
      expect((await release(id, { use, cutOffs: { proxyOnly: [], deleted } })).code).toMatch(
        /^(?:account_revoked|not_found)$/,
      );
  });
});

it('each use has its own record: a token as handed out, a call as begun', async () => {
  const connection = await newConnection();
  const { id } = await connected({ connection });
  await codes(id, ALL);
  right(await stub(id).signal({ context, signal: 'disabled' }));
  await codes(id, OTHERS.slice(0, 1));
  const told = (await records(id))
    .filter(({ actor }) => actor.id === 'agent')
    .map(({ action, outcome }) => `${action} ${outcome}`);
  expect(told.toSorted()).toEqual(
    [
      'token.issue ok',
      'proxy.call started',
      'tool.execute started',
      'tool.execute started',
      'proxy.call refused',
    ].toSorted(),
  );
  expect(right(await stub(id).verifyAudit({}))).toMatchObject({ intact: true });
  expect(await view(id)).toMatchObject({ status: 'disabled' });
});
