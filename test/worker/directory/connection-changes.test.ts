/** Changes of stored connections: what they may not make good, and what a deletion leaves behind. */

import { beforeEach, describe, expect, it } from 'vitest';
import { upsertAccountIndex } from '#directory/indexes/account-index.ts';
import { changeConnection, deleteConnection } from '#directory/connections/connection-changes.ts';
import type { ConnectionRow } from '#directory/connections/connection-row.ts';
import { connectionSettings, createConnection, findConnection } from '#directory/connections/connections.ts';
import { accountRow } from './account-row.ts';
import { configWith, db, draft, dump, emptyVault, masterKey } from './world.ts';

const ring = `k1:${masterKey()}`;
let config = configWith(ring);

beforeEach(async () => {
  await emptyVault();
  await db.batch([db.prepare('DELETE FROM account_index'), db.prepare('DELETE FROM connection_grave')]);
  config = configWith(ring);
  await createConnection(config, draft('one'), 1);
});

/** What the route does: everything as it is but what `changed` says. */
const to =
  (changed: Partial<ConnectionRow>) =>
  async (row: ConnectionRow): Promise<ConnectionRow & { clientSecrets: null }> =>
    ({ ...row, ...changed, clientSecrets: null }) as ConnectionRow & { clientSecrets: null };

describe('a change', () => {
  it('keeps the secrets that it says nothing of, raises the version, and leaves the health alone', async () => {
    const before = await connectionSettings(config, 'one', '');
    await db.prepare(`UPDATE connection SET health = 'outage' WHERE id = 'one'`).run();
    expect(await changeConnection(config, 'one', to({ tokenAccess: 'proxy_only' }), 2)).toBe(true);
    expect(await connectionSettings(config, 'one', '')).toEqual({
      ...before,
      version: 2,
      tokenAccess: 'proxy_only',
    });
    expect((await findConnection(db, 'one'))?.connection).toMatchObject({ health: 'outage', updatedAtMs: 2 });
  });

  it('replaces the secrets by those it brings', async () => {
    const change = async (row: ConnectionRow) => ({
      ...row,
      clientSecrets: ['planted-secret-2', 'planted-secret-3'],
    });
    await changeConnection(config, 'one', change, 2);
    expect((await connectionSettings(config, 'one', ''))?.clientSecrets).toHaveLength(2);
    expect(await dump()).not.toContain('planted-secret');
  });

  it('never makes good a row that was changed outside the broker', async () => {
    await db
      .prepare(`UPDATE connection SET return_urls = '["https://evil.example/"]' WHERE id = 'one'`)
      .run();
    const before = await dump();
    await expect(changeConnection(config, 'one', to({ rotation: 'proactive' }), 2)).rejects.toMatchObject({
      code: 'record_corrupt',
    });
    expect(await dump()).toBe(before);
  });

  it('is not made under another ring', async () => {
    const before = await dump();
    const wrong = configWith(`k1:${masterKey()}`);
    await expect(changeConnection(wrong, 'one', to({ rotation: 'proactive' }), 2)).rejects.toMatchObject({
      code: 'vault_locked',
    });
    expect(await dump()).toBe(before);
  });

  it('is made again from what another has stored meanwhile', async () => {
    let rounds = 0;
    const slow = async (row: ConnectionRow) => {
      rounds += 1;
      if (rounds === 1) await changeConnection(config, 'one', to({ location: 'me' }), 2);
      return to({ rotation: 'proactive' })(row);
    };
    await changeConnection(config, 'one', slow, 3);
    expect((await findConnection(db, 'one'))?.connection).toMatchObject({
      location: 'me',
      rotation: 'proactive',
      version: 3,
    });
  });

  it('of a connection that is not there is none', async () => {
    expect(await changeConnection(config, 'none', to({}), 2)).toBe(false);
  });
});

describe('a deletion', () => {
  it('is refused while the index knows an account, and changes nothing', async () => {
    await upsertAccountIndex(db, accountRow({ id: 'ca_1', connection: 'one' }));
    const before = await dump();
    expect(await deleteConnection(config, 'one', false, 5)).toBe('in_use');
    expect(await dump()).toBe(before);
    expect(await deleteConnection(config, 'one', true, 5)).toBe('deleted');
    expect(await deleteConnection(config, 'one', true, 5)).toBe('not_found');
  });

  it('lets the version of the id go on', async () => {
    await changeConnection(config, 'one', to({ rotation: 'proactive' }), 2);
    await deleteConnection(config, 'one', false, 5);
    await createConnection(config, draft('one'), 6);
    expect((await connectionSettings(config, 'one', ''))?.version).toBe(3);
  });
});
