/** The rows of an outbox: made when they are needed, left alone under a wrong ring, forgotten in time. */

import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { ConnectedAccount } from '#accounts/connected-account.ts';
import { ACCOUNT_SCHEMA, LATER_STEPS } from '#accounts/schema.ts';
import { AccountStore } from '#accounts/store.ts';
import { AccountVault } from '#accounts/vault.ts';
import { OUTBOX_SCHEMA } from '#outbox/tables/schema.ts';
import {
  alarmAt,
  config,
  dump,
  inObject,
  ring,
  rows,
  tamper,
  withAllTables,
  withStorage,
} from '../accounts/world.ts';
import {
  arrived,
  behave,
  deliveryTo,
  disable,
  done,
  ended,
  enable,
  events,
  newHook,
  quiet,
} from './world.ts';

const DAY_MS = 86_400_000;
const WRONG_KEY = `k1:${btoa('another-key-of-thirty-two-bytes!')}`;

it('under a wrong ring nothing changes, and a report is told again', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization, behaviour: { afterMs: 500 } });
  await disable(account.id);
  await arrived(hook, 1);
  const { id } = await deliveryTo(account.id, hook);
  const before = await dump(account.id);
  const answers = await inObject(account.id, async (_account, state) => {
    const locked = new ConnectedAccount(state, { ...(env as object), MASTER_KEYS: WRONG_KEY });
    const report = {
      deliveryId: String(id),
      attempt: 1,
      result: { kind: 'response', status: 200 },
      durationMs: 1,
    };
    return [
      await locked.outboxSettled(report as never),
      await locked.redeliver({ deliveryId: String(id) }),
      await locked.alarm(),
    ];
  });
  expect(answers).toMatchObject(['locked', { ok: false, error: { code: 'vault_locked' } }, undefined]);
  expect(await dump(account.id)).toBe(before);
  await expect.poll(async () => (await deliveryTo(account.id, hook))['status']).toBe('delivered');
});

it('an account that was written before there was an outbox gets one with its next change', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization });
  const step = ACCOUNT_SCHEMA.indexOf(OUTBOX_SCHEMA);
  const later = [...ACCOUNT_SCHEMA.slice(step), ...LATER_STEPS.map(({ sql }) => sql)].join(';');
  // The rows as that version wrote them: it knew nothing of the chain's head, of what was imported before, or of holders.
  await withStorage(account.id, async (storage) => {
    const store = new AccountStore(storage);
    const opened = await new AccountVault(store, config.masterKeys).open();
    if (!opened.ok || opened.value === null) throw new Error('the account does not open');
    const { mac } = opened.value.key;
    const state = store.state(mac);
    if (state === null) throw new Error('the account is not there');
    store.transaction(() => {
      store.saveAccount(mac, { ...state.account, imported: [] });
      for (const grant of state.grants) store.saveGrant(mac, { ...grant, holders: null });
    });
  });
  await withAllTables(account.id);
  await tamper(
    account.id,
    ...[...later.matchAll(/CREATE TABLE (\w+)/g)].map(([, table]) => `DROP TABLE ${table}`),
    ...[...later.matchAll(/ALTER TABLE (account|tombstone|grant_row) ADD COLUMN (\w+)/g)].map(
      ([, table, column]) => `ALTER TABLE ${table} DROP COLUMN ${column}`,
    ),
    `UPDATE schema_version SET version = ${step}`,
  );
  await ring(account.id);
  const old = await rows(account.id, `SELECT name FROM sqlite_master WHERE name IN ('event', 'delivery')`);
  expect(old).toEqual([]);
  await disable(account.id);
  expect((await arrived(hook, 1))[0]?.data['sequence']).toBe(1);
});

it('what is done with is forgotten after thirty days, but for the newest hundred', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization });
  await disable(account.id);
  await arrived(hook, 1);
  await done(account.id);
  const old = Date.now() - 31 * DAY_MS;
  const copy = `INSERT INTO event SELECT n + 2 * i, id || i, type, sequence + 2 * i, at_ms, organization, body, left_at_ms,
      suppressed, marked, shipped, fanned_out, mac
    FROM event, (WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 60) SELECT i FROM c)`;
  await tamper(account.id, copy, `UPDATE event SET at_ms = ${old}`, 'UPDATE outbox_state SET sequence = 122');
  expect(await events(account.id)).toHaveLength(122);
  await enable(account.id);
  await disable(account.id);
  await arrived(hook, 2);
  await done(account.id);
  await expect.poll(async () => (await events(account.id)).length).toBeLessThan(122);
  for (let n = 0; n < 3; n += 1) {
    await enable(account.id);
    await disable(account.id);
    await arrived(hook, 3 + n);
    await done(account.id);
  }
  const kept = await events(account.id);
  expect(kept).toHaveLength(100);
  expect(kept.at(-1)).toMatchObject({ sequence: 126 });
  const orphans = await rows(
    account.id,
    'SELECT id FROM delivery WHERE event_n NOT IN (SELECT n FROM event)',
  );
  expect(orphans).toEqual([]);
});

it('an alarm that the platform has lost is set again by the next incarnation', async () => {
  const account = await quiet();
  const hook = await newHook({ organization: account.organization, behaviour: { status: 500 } });
  await disable(account.id);
  await ended(account.id, hook, 1);
  await behave(hook, {});
  await inObject(account.id, (_account, state) => state.storage.deleteAlarm());
  await tamper(account.id, `UPDATE timer SET due_at_ms = 1 WHERE kind = 'outbox'`);
  await rows(account.id, 'SELECT 1');
  await expect.poll(() => alarmAt(account.id)).not.toBeNull();
});
