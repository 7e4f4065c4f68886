/** Under a ring that is not the one of this data nothing is read, written or sent; the right one back and all works. */

import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectedAccount } from '#accounts/connected-account.ts';
import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import {
  alarmAt,
  calls,
  config,
  connected,
  context,
  dump,
  fault,
  inObject,
  indexed,
  newConnection,
  newGrant,
  release,
  remove,
  request,
  right,
  rows,
  stub,
  tamper,
  withStorage,
  type Connected,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const RINGS: [string, string | undefined][] = [
  ['missing', undefined],
  ['empty', ''],
  ['malformed', 'k1:short'],
  ['of one repeated byte', `k1:${btoa('\0'.repeat(32))}`],
  ['with another key under the same id', `k1:${btoa('another-key-of-thirty-two-bytes!')}`],
  ['without the key', `k9:${btoa('another-key-of-thirty-two-bytes!')}`],
];

/** The same rows, read by an object that was given another `MASTER_KEYS`. */
function underRing<T>(
  id: string,
  masterKeys: string | undefined,
  use: (account: ConnectedAccount) => Promise<T>,
): Promise<T> {
  return inObject(id, (_account, state) =>
    use(new ConnectedAccount(state, { ...(env as object), MASTER_KEYS: masterKeys })),
  );
}

async function settings(account: { id: string }): Promise<any> {
  const [row] = await rows(account.id, 'SELECT settings FROM connection_copy');
  return JSON.parse(String(row?.['settings']));
}

function birthOf(account: Pick<Connected, 'id' | 'connection' | 'identifier'>, copy: any) {
  const { id, connection, identifier } = account;
  const names = { accountId: id, organization: '', connection, identifier };
  return { ...names, settings: copy, metadata: {}, context };
}

const CREDENTIAL = {
  type: 'oauth2',
  refreshToken: 'brought-refresh-token',
  accessToken: 'brought-access-token',
  expiresInS: 600,
  scopes: null,
} as const;

/** Every method, with input that would do something. @returns the code of each answer */
async function everything(object: ConnectedAccount, birth: ReturnType<typeof birthOf>): Promise<string[]> {
  const answers = await Promise.all([
    object.create(birth),
    object.import({ birth, credential: CREDENTIAL, settings: birth.settings, context }),
    object.import({ birth: null, credential: CREDENTIAL, settings: birth.settings, context }),
    object.view({ organization: null }),
    object.expire({ context }),
    object.signal({ signal: 'disabled', context }),
    object.signal({ signal: 'enabled', context }),
    object.signal({ signal: 'revoked', context }),
    object.refresh({ context }),
    object.remove({ organization: null, context }),
    object.verifyAudit({}),
  ]);
  const released = await Promise.all([
    object.release(request()),
    object.release(request({ minTtlMs: 3_600_000, minTtlExplicit: true })),
    object.release(request({ rejected: 'a-fingerprint-of-22-ch' })),
  ]);
  return [
    ...answers.map((answer) => (answer.ok ? 'ok' : answer.error.code)),
    ...released.map((answer) => ('refusal' in answer ? answer.refusal.code : 'ok')),
  ];
}

describe('a ring that is not the right one', () => {
  it.each(RINGS)(
    'locks the vault when it is %s: no row changes, and the right one opens it',
    async (_, ring) => {
      const account = await connected();
      await indexed(account.id);
      const copy = await settings(account);
      const before = await dump(account.id);
      const codes = await underRing(account.id, ring, (object) => everything(object, birthOf(account, copy)));
      expect(codes).toEqual(Array(codes.length).fill('vault_locked'));
      expect(await dump(account.id)).toBe(before);
      expect(await calls(account.grant.grantId)).toEqual([]);
      expect((await release(account.id)).token).toBe(account.grant.accessToken);
      expect((await stub(account.id).refresh({ context })).ok).toBe(true);
    },
  );

  it.each(RINGS)(
    'lets due timers wait when it is %s: refresh, index and one that is lost',
    async (_, ring) => {
      const account = await connected();
      await indexed(account.id);
      await tamper(
        account.id,
        `UPDATE timer SET due_at_ms = 1`,
        `INSERT INTO timer (kind, due_at_ms, attempts, payload) VALUES ('index', 1, 0, NULL), ('nonsense', 1, 0, NULL)`,
      );
      const before = await dump(account.id);
      await underRing(account.id, ring, async (object) => {
        await object.alarm();
        await object.alarm();
      });
      expect(await dump(account.id)).toBe(before);
      expect(await alarmAt(account.id)).toBeGreaterThan(Date.now());
      expect(await calls(account.grant.grantId)).toEqual([]);
    },
  );

  it.each(RINGS)(
    'lets the timers of a deleted account wait when it is %s, and begins no next life',
    async (_, ring) => {
      const account = await connected();
      const copy = await settings(account);
      // The directory is away, so that the index still waits when the ring is changed; its alarm rings by hand alone.
      const away = vi.spyOn(Object.getPrototypeOf(config.directory), 'prepare').mockImplementation(() => {
        throw new Error('D1_ERROR: down');
      });
      await remove(account.id);
      await expect
        .poll(() => rows(account.id, `SELECT kind FROM timer WHERE kind = 'index' AND attempts > 0`))
        .toHaveLength(1);
      let before = '';
      // A ring that has begun ends after this, and plans its own.
      await expect
        .poll(async () => {
          await withStorage(account.id, async (storage) => {
            await storage.setAlarm(Date.now() + 3_600_000);
            storage.sql.exec('UPDATE timer SET due_at_ms = 1, attempts = 0');
          });
          before = await dump(account.id);
          return before;
        })
        .toContain('"kind":"index","due_at_ms":1,');
      away.mockRestore();
      const made = await underRing(account.id, ring, async (object) => {
        await object.alarm();
        return object.create(birthOf(account, copy));
      });
      expect(made).toMatchObject({ ok: false, error: { code: 'vault_locked' } });
      expect(await dump(account.id)).toBe(before);
      expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
      expect(right(await stub(account.id).create(birthOf(account, copy)))).toMatchObject({ created: true });
    },
  );

  it.each(RINGS.slice(0, 4))('creates nothing where nothing is when it is %s', async (_, ring) => {
    const copy = await settings(await connected());
    const id = `ca_g${'b'.repeat(26)}`;
    const birth = birthOf({ id, connection: copy.id, identifier: 'nobody' }, copy);
    const found = await underRing(id, ring, (object) =>
      object.import({ birth, credential: CREDENTIAL, settings: copy, context }),
    );
    expect(found).toMatchObject({ ok: false, error: { code: 'vault_locked' } });
    expect(await dump(id)).toBe('[]');
  });

  it('takes no answer in mid-exchange: it is kept out, and stored when the right one is back in time', async () => {
    const account = await connected();
    await indexed(account.id);
    await fault(account.grant.grantId, { delayAfterMs: 200 });
    const settles = vi.spyOn(ConnectedAccount.prototype, 'settle').mockResolvedValue('overtaken');
    const waiting = stub(account.id).refresh({ context });
    await expect.poll(() => settles.mock.calls.length, { timeout: PATIENCE_MS }).toBe(1);
    const argument = settles.mock.calls[0]?.[0] as SettleArgument;
    settles.mockRestore();
    const before = await dump(account.id);
    for (const [, ring] of RINGS)
      expect(await underRing(account.id, ring, (object) => object.settle(argument))).toBe('locked');
    expect(await dump(account.id)).toBe(before);
    // The right ring is back in time: the answer is stored.
    const own = stub(account.id) as unknown as { settle(a: SettleArgument): Promise<string> };
    expect(await own.settle(argument)).toBe('stored');
    await waiting;
    expect((await release(account.id)).token).toBe((await calls(account.grant.grantId))[0]?.accessToken);
  });
});

describe('two accounts of one connection', () => {
  it('are locked each by its own key: one that was made under a key that is gone leaves the other alone', async () => {
    const connection = await newConnection();
    const account = await connected({ connection });
    const grant = await newGrant();
    expect(grant.accessToken).not.toBe(account.grant.accessToken);
    await tamper(account.id, `UPDATE account SET data_key = replace(data_key, 'k1.k1.', 'k1.gone.')`);
    expect((await release(account.id)).code).toBe('vault_locked');
    const other = await connected({ connection });
    expect((await release(other.id)).token).toBe(other.grant.accessToken);
  });
});
