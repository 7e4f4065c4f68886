/** Whose an imported grant is: told late, by whoever renewed it, and believed only of what it was asked about. */

import { abortAllDurableObjects } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { SubjectTold } from '#refresh/exchange/outcome.ts';
import {
  config,
  connected,
  context,
  expired,
  http,
  indexed,
  must,
  newGrant,
  release,
  remove,
  right,
  rows,
  stub,
  tamper,
  view,
  type Connected,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const REAL = { subject_source: 'userinfo.sub', subject_label_source: 'userinfo.sub' };

function keep(account: Connected, told: SubjectTold): Promise<string> {
  const object = config.accounts.getByName(account.id) as unknown as {
    keepSubject(told: SubjectTold): Promise<string>;
  };
  return object.keepSubject(told);
}

/** What the Exchanger would say of the grant as it is now. */
async function word(account: Connected, changes: Partial<SubjectTold> = {}): Promise<SubjectTold> {
  const [grant] = await rows(account.id, 'SELECT id, generation FROM grant_row');
  const [row] = await rows(account.id, 'SELECT incarnation FROM account');
  return {
    grantId: Number(grant?.['id']),
    generation: Number(grant?.['generation']),
    incarnation: Number(row?.['incarnation']),
    subject: 'ada',
    label: 'Ada',
    ...changes,
  };
}

const subjectOf = async ({ id }: Connected) => (await view(id)).subject;

describe('the subject of an imported grant', () => {
  it('is read from userinfo after a refresh, with its label, and stands in the directory', async () => {
    const account = await expired({ facts: REAL });
    expect((await release(account.id)).code).toBe('ok');
    await expect.poll(() => subjectOf(account), { timeout: PATIENCE_MS }).toBe(account.grant.subject);
    await indexed(account.id);
    const { data } = await must(http('GET', `/v1/connected-accounts?connection=${account.connection}`), 200);
    expect(data).toMatchObject([{ subject: account.grant.subject, subject_label: account.grant.subject }]);
    await abortAllDurableObjects();
    expect(await subjectOf(account)).toBe(account.grant.subject);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('is never overwritten', async () => {
    const account = await connected();
    expect(await keep(account, await word(account))).toBe('kept');
    expect(await keep(account, await word(account, { subject: 'eve', label: 'Eve' }))).toBe('known');
    expect(await view(account.id)).toMatchObject({ subject: 'ada', subject_label: 'Ada', status: 'active' });
  });

  it.each([
    ['a generation that is spent', { generation: 0 }],
    ['a generation that is not stored yet', { generation: 99 }],
    ['another grant', { grantId: 77 }],
    ['another life', { incarnation: 9 }],
  ])('is not taken of %s', async (_, changes) => {
    const account = await connected();
    expect(await keep(account, await word(account, changes))).toBe('overtaken');
    expect(await subjectOf(account)).toBeNull();
  });

  it('of the credential before is not taken for the one that was imported since', async () => {
    const account = await connected();
    const told = await word(account);
    const grant = await newGrant();
    const path = `/v1/credentials/${account.connection}?identifier=${account.identifier}`;
    await must(http('PUT', path, { refresh_token: grant.refreshToken }), 200);
    expect(await keep(account, told)).toBe('overtaken');
    expect(await subjectOf(account)).toBeNull();
  });

  it('comes too late for an account that is revoked or deleted', async () => {
    const account = await connected();
    const told = await word(account);
    right(await stub(account.id).signal({ signal: 'revoked', context }));
    expect(await keep(account, told)).toBe('overtaken');
    expect(await subjectOf(account)).toBeNull();
    await remove(account.id);
    expect(await keep(account, told)).toBe('overtaken');
    expect(await rows(account.id, 'SELECT id FROM account')).toEqual([]);
  });

  it('mends no row that was changed: it is refused and left as it is', async () => {
    const account = await connected();
    const told = await word(account);
    await tamper(account.id, `UPDATE grant_row SET scopes = '["admin"]'`);
    expect(await keep(account, told)).toBe('record_corrupt');
    expect(await rows(account.id, 'SELECT subject FROM account')).toEqual([{ subject: null }]);
  });
});
