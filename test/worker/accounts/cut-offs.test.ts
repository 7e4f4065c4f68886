/** Cut-offs inside an account: what a list closes at once, what opens again, and who ends with a deleted connection. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { endOrphans } from '#accounts/ending/orphans.ts';
import type { CutOffs } from '#directory/revocations/cut-offs.ts';
import { changeConnection, deleteConnection } from '#directory/connections/connection-changes.ts';
import { buriedAccounts } from '#directory/graves.ts';
import type { ConnectionRow } from '#directory/connections/connection-row.ts';
import {
  config,
  connected,
  context,
  evict,
  fresh,
  http,
  indexed,
  must,
  records,
  release,
  request,
  right,
  stub,
  view,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const none: CutOffs = { proxyOnly: [], deleted: [] };
const to = (tokenAccess: 'any' | 'proxy_only') => async (row: ConnectionRow) => ({
  ...row,
  tokenAccess,
  clientSecrets: null,
});
const access = (connection: string, tokenAccess: 'any' | 'proxy_only') =>
  changeConnection(config, connection, to(tokenAccess), Date.now());

describe('a list that comes with a call', () => {
  it('closes the account before it has heard of the change itself, and is recorded once per refusal', async () => {
    const { id, connection } = await connected();
    const cutOffs = { proxyOnly: [{ connection, version: 99 }], deleted: [] };
    expect((await release(id)).code).toBe('ok');
    expect((await release(id, { cutOffs })).code).toBe('account_sealed');
    const refused = (await records(id)).filter(({ reason }) => reason === 'account_sealed');
    expect(refused).toHaveLength(1);
  });

  it('is forgotten by nobody who has taken the newer settings: the copy closes by itself', async () => {
    const { id, connection } = await connected();
    await release(id);
    await access(connection, 'proxy_only');
    const cutOffs = { proxyOnly: [{ connection, version: 2 }], deleted: [] };
    expect((await release(id, { cutOffs })).code).toBe('account_sealed');
    await evict(id);
    expect((await release(id, { cutOffs: null })).code).toBe('account_sealed');
  });

  it('opens nothing by its silence: the settings say when', async () => {
    const { id, connection } = await connected();
    await access(connection, 'proxy_only');
    await release(id, { cutOffs: { proxyOnly: [{ connection, version: 2 }], deleted: [] } });
    expect((await release(id, { cutOffs: none })).code).toBe('account_sealed');
    await access(connection, 'any');
    await vi.waitFor(async () => expect((await release(id, { cutOffs: none })).code).toBe('ok'), {
      timeout: PATIENCE_MS,
    });
  });
});

describe('requests of an isolate that has no list', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('ask the directory once, and each gets its token', async () => {
    const { id, connection } = await connected();
    const policy = { rules: [{ connection, identifiers: ['*'] }] };
    const agent = { id: fresh('agent'), key: true, policy };
    const { key } = await must(http('POST', '/v1/agents', agent), 201);
    const path = `/v1/connected-accounts/${id}/token`;
    await must(http('GET', path, undefined, key), 200);
    // Whoever changes a connection makes its isolate ask anew.
    await must(http('PATCH', `/v1/connections/${connection}`, { max_refreshes_per_second: 7 }), 200);
    const prepare = vi.spyOn(Object.getPrototypeOf(config.directory), 'prepare');
    const answers = await Promise.all(Array.from({ length: 100 }, () => http('GET', path, undefined, key)));
    const asked = prepare.mock.calls.filter(([sql]) => String(sql).includes('FROM connection_grave'));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 200));
    // More than one only where the hundred took longer than a list is good for.
    expect(asked.length).toBeLessThan(50);
    expect(asked.length).toBeGreaterThan(0);
  });
});

describe('a deleted connection', () => {
  it('ends its accounts by the sweep, each once, and none of another connection', async () => {
    const one = await connected();
    const other = await connected();
    await indexed(one.id);
    await indexed(other.id);
    await deleteConnection(config, one.connection, true, Date.now());
    expect((await buriedAccounts(config.directory, one.connection, null, 10)).length).toBe(1);
    expect(await endOrphans(config)).toBeGreaterThan(0);
    expect(await stub(one.id).view({ organization: null })).toMatchObject({ error: { code: 'not_found' } });
    expect((await view(other.id)).status).toBe('active');
    await vi.waitFor(
      async () => expect(await buriedAccounts(config.directory, one.connection, null, 10)).toEqual([]),
      { timeout: PATIENCE_MS },
    );
    expect(right(await stub(one.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it.each([
    ['a request for its token', (id: string, cutOffs: CutOffs) => release(id, { cutOffs })],
    [
      'requests that come together',
      (id: string, cutOffs: CutOffs) =>
        Promise.all([cutOffs, none, none].map((list) => stub(id).release(request({ cutOffs: list })))),
    ],
    [
      'somebody who waits for it',
      (id: string, cutOffs: CutOffs) =>
        stub(id).waitTurn({
          organization: null,
          agent: null,
          status: 'revoked',
          timeoutMs: 1,
          waitId: fresh('req'),
          last: true,
          cutOffs,
        }),
    ],
  ])('that reaches an account with %s is remembered: a list without it opens nothing', async (_, reach) => {
    const { id, connection } = await connected();
    // Its token is in memory, so that requests that come together are decided at once.
    expect((await release(id, { cutOffs: none })).code).toBe('ok');
    await reach(id, { ...none, deleted: [{ connection, version: 99, deletedAtMs: Date.now() + 1_000 }] });
    await vi.waitFor(async () => expect((await release(id, { cutOffs: none })).code).toBe('not_found'), {
      timeout: PATIENCE_MS,
    });
    expect(right(await stub(id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('of an earlier life than the account ends nothing by a call', async () => {
    const { id, connection } = await connected();
    const old = { ...none, deleted: [{ connection, version: 0, deletedAtMs: 1 }] };
    expect((await release(id, { cutOffs: old })).code).toBe('ok');
    expect((await release(id, { cutOffs: none })).code).toBe('ok');
  });

  it('takes no account with it that says that it is of a later life', async () => {
    const { id, connection } = await connected();
    const grave = { connection, version: 0, deletedAtMs: 1 };
    expect(await stub(id).endWith({ grave, context })).toMatchObject({ ok: true });
    expect((await view(id)).status).toBe('active');
  });
});
