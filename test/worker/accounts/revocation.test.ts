/** A grant waits in its own row to be revoked at its provider: for the directory, for the provider, and for nobody else. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { askFlow } from '#accounts/flows/ask.ts';
import { onItsWay, unconnected, type OnItsWay } from './flow-world.ts';
import {
  config,
  connected,
  evict,
  grantState,
  http,
  indexed,
  must,
  records,
  release,
  remove,
  right,
  ring,
  rows,
  stub,
  tamper,
  view,
  type Connected,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const PATIENCE = { timeout: PATIENCE_MS, interval: 100 };

afterEach(() => {
  vi.restoreAllMocks();
});

/** An account whose subject is known, at a provider where a revocation ends the whole grant. */
async function known(): Promise<Connected> {
  const facts = { revocation_reach: 'grant', subject_source: 'userinfo.sub' };
  const account = await connected({ facts });
  await must(http('POST', `/v1/connected-accounts/${account.id}/connect-link`, {}), 201);
  await expect.poll(async () => (await view(account.id)).subject, PATIENCE).toBe(account.grant.subject);
  await indexed(account.id);
  return account;
}

/** Other accounts of this client whose subject nobody knows may hold the same grant: here there are none. */
async function forgetOthers(account: Pick<Connected, 'id'>): Promise<void> {
  await config.directory.prepare('DELETE FROM account_index WHERE id <> ?').bind(account.id).run();
}

const waiting = (account: Pick<Connected, 'id'>) => rows(account.id, 'SELECT * FROM revocation');
const alive = async (account: Pick<Connected, 'grant'>) => (await grantState(account.grant.grantId)).alive;

async function revocations(account: Pick<Connected, 'id'>): Promise<unknown[]> {
  return (await records(account.id))
    .filter(({ action }) => action === 'token.revoke')
    .map(({ outcome, reason, evidence }) => [outcome, reason, ...(evidence ?? [])]);
}

/** The next try comes now. */
const hurry = (account: Pick<Connected, 'id'>) =>
  tamper(
    account.id,
    'UPDATE revocation SET next_try_at_ms = 1',
    `UPDATE timer SET due_at_ms = 1 WHERE kind = 'revoke'`,
  ).then(() => ring(account.id));

describe('a grant of a deleted account', () => {
  it('is not revoked while the directory does not say who else holds it, and is once it does', async () => {
    const account = await known();
    await forgetOthers(account);
    const fail = async (): Promise<never> => {
      throw new Error('D1_ERROR: the database is away');
    };
    const statement = { bind: () => statement, first: fail, all: fail, run: fail, raw: fail };
    vi.spyOn(Object.getPrototypeOf(config.directory), 'prepare').mockReturnValue(statement);
    await remove(account.id);
    await hurry(account);
    await expect.poll(async () => (await waiting(account))[0]?.['tries'], PATIENCE).toBe(1);
    expect(await alive(account)).toBe(true);
    expect(await revocations(account)).toEqual([]);
    vi.restoreAllMocks();
    await hurry(account);
    await expect.poll(() => waiting(account), PATIENCE).toEqual([]);
    expect(await alive(account)).toBe(false);
    expect(await revocations(account)).toEqual([['ok', 'revoked', 'cause:account_deleted', 'tries:2']]);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
    await indexed(account.id);
    expect(await rows(account.id, 'SELECT kind FROM timer')).toEqual([]);
  });

  it('is revoked by the next incarnation where the object died before', async () => {
    const account = await known();
    await forgetOthers(account);
    await remove(account.id);
    expect(await waiting(account)).toHaveLength(1);
    await evict(account.id);
    await hurry(account);
    await expect.poll(() => alive(account), PATIENCE).toBe(false);
    await expect.poll(() => waiting(account), PATIENCE).toEqual([]);
  });

  it('is spared where the same account lives again with a grant of the same user', async () => {
    const account = await known();
    await forgetOthers(account);
    await remove(account.id);
    await must(
      http('PUT', `/v1/credentials/${account.connection}?identifier=${account.identifier}`, {
        refresh_token: account.grant.refreshToken,
        access_token: account.grant.accessToken,
        expires_in: 3600,
      }),
      201,
    );
    await hurry(account);
    await expect
      .poll(() => revocations(account), PATIENCE)
      .toEqual([['refused', 'skipped_shared_grant', 'cause:account_deleted', 'tries:1']]);
    expect(await alive(account)).toBe(true);
    expect(await waiting(account)).toEqual([]);
  });

  it('is sent nowhere when its row was changed outside the broker', async () => {
    const account = await known();
    await forgetOthers(account);
    await remove(account.id);
    await tamper(account.id, `UPDATE revocation SET body = replace(body, '/token/revocation', '/elsewhere')`);
    await hurry(account);
    await expect
      .poll(() => revocations(account), PATIENCE)
      .toEqual([['failed', 'failed', 'cause:account_deleted', 'record_corrupt', 'tries:1']]);
    expect(await alive(account)).toBe(true);
  });

  it('is given up after the eighth try, with a record and without the token', async () => {
    const account = await known();
    await forgetOthers(account);
    await remove(account.id);
    await tamper(account.id, 'UPDATE revocation SET tries = 8');
    await hurry(account);
    await expect
      .poll(() => revocations(account), PATIENCE)
      .toEqual([['failed', 'failed', 'cause:account_deleted', 'no_answer', 'tries:8']]);
    expect(await waiting(account)).toEqual([]);
    expect(await alive(account)).toBe(true);
  });
});

describe('a grant that comes home to a deleted account', () => {
  /** A callback on its way to an account that is deleted meanwhile. */
  async function late(facts: Record<string, unknown> = { revocation_reach: 'token' }) {
    const account = await unconnected(facts);
    const flow = await onItsWay(account);
    await remove(account.id);
    return { ...flow, account: { ...account, grant: flow.grant } };
  }
  const arrive = (id: string, arrival: OnItsWay['arrival']) => askFlow(config, id, 'arrive', arrival);

  it('is revoked once, however often it is told', async () => {
    const { id, arrival, account } = await late();
    for (let times = 0; times < 3; times += 1)
      expect(await arrive(id, arrival)).toMatchObject({ ok: false, error: { code: 'not_found' } });
    expect(await waiting(account)).toHaveLength(1);
    await hurry(account);
    await expect
      .poll(() => revocations(account), PATIENCE)
      .toEqual([['ok', 'revoked', 'cause:came_too_late', 'tries:1']]);
    const { liveRefreshTokens } = await grantState(account.grant.grantId);
    expect(liveRefreshTokens).toEqual([]);
    expect(right(await stub(id).verifyAudit({}))).toMatchObject({ intact: true });
    await expect.poll(() => rows(id, `SELECT kind FROM timer WHERE kind = 'revoke'`), PATIENCE).toEqual([]);
  });

  it('is spared where the account lives again and its user may have connected it', async () => {
    const { id, arrival, account } = await late({ revocation_reach: 'grant' });
    const { connection, identifier, grant } = account;
    await must(
      http('PUT', `/v1/credentials/${connection}?identifier=${identifier}`, {
        refresh_token: grant.refreshToken,
        access_token: grant.accessToken,
        expires_in: 3600,
      }),
      201,
    );
    expect(await arrive(id, arrival)).toMatchObject({ ok: false, error: { code: 'not_found' } });
    await forgetOthers(account);
    await hurry(account);
    await expect
      .poll(() => revocations(account), PATIENCE)
      .toEqual([['refused', 'skipped_shared_grant', 'cause:came_too_late', 'tries:1']]);
    expect(await alive(account)).toBe(true);
    expect((await release(id)).token).toBe(grant.accessToken);
  });

  it('leaves nothing where its key is another account’s, or another life’s', async () => {
    const { id, arrival, account } = await late();
    const other = await late();
    for (const forged of [
      { ...arrival, life: other.arrival.life },
      { ...arrival, incarnation: 0 },
      { ...arrival, life: undefined },
    ])
      expect(await arrive(id, forged as typeof arrival)).toMatchObject({ error: { code: 'not_found' } });
    expect(await waiting(account)).toEqual([]);
    expect(await revocations(account)).toEqual([]);
  });

  it('that never was one leaves nothing either', async () => {
    const { id, arrival, account } = await late();
    const failed = {
      kind: 'failed',
      reason: 'code_rejected',
      providerError: null,
      evidence: [],
      durationMs: 1,
    } as const;
    expect(await arrive(id, { ...arrival, finding: failed })).toMatchObject({ error: { code: 'not_found' } });
    expect(await waiting(account)).toEqual([]);
  });
});

it('a grant whose user nobody knows is taken for a shared one', async () => {
  const account = await connected({ facts: { revocation_reach: 'grant' } });
  await remove(account.id);
  expect(await revocations(account)).toEqual([['refused', 'skipped_shared_grant', 'cause:account_deleted']]);
  expect(await waiting(account)).toEqual([]);
});

it('a static credential has nothing to revoke', async () => {
  const account = await must(
    http('PUT', `/v1/credentials/static-${crypto.randomUUID().slice(0, 8)}`, { api_key: 'k' }),
    201,
  );
  await remove(account.id);
  expect((await records(account.id)).map(({ action }) => action)).not.toContain('token.revoke');
});
