/** Variables that a provider tells when it is asked about a grant: stored with that grant as it was then, and no other. */

import { describe, expect, it } from 'vitest';
import type { SubjectTold } from '#refresh/exchange/outcome.ts';
import { PATIENCE } from '../../support/patience.ts';
import {
  config,
  connected,
  context,
  http,
  must,
  release,
  right,
  rows,
  stub,
  view,
  type Connected,
} from './world.ts';

const FACTS = {
  subject_source: 'userinfo.sub',
  subject_label_source: 'userinfo.sub',
  api_base_urls: ['https://api.example.com/{site}'],
  url_template_vars: { site: { stage: 'account', pattern: '^[A-Za-z0-9-]+$', from: 'userinfo.sub' } },
};

/** Imported with its refresh token alone, so that nothing is asked before the first refresh. */
const imported = () => connected({ facts: FACTS, accessTokenTtlS: null });

/** As the Exchanger would say it of the grant as it is now. */
async function keep({ id }: Connected, changes: Partial<SubjectTold>): Promise<string> {
  const [grant] = await rows(id, 'SELECT id, generation FROM grant_row');
  const [row] = await rows(id, 'SELECT incarnation FROM account');
  const object = config.accounts.getByName(id) as unknown as {
    keepSubject(told: SubjectTold): Promise<string>;
  };
  return object.keepSubject({
    grantId: Number(grant?.['id']),
    generation: Number(grant?.['generation']),
    incarnation: Number(row?.['incarnation']),
    subject: null,
    label: null,
    ...changes,
  });
}

const captured = async ({ id }: Connected) =>
  (await rows(id, 'SELECT captured FROM grant_row'))[0]?.['captured'];
const address = async ({ id }: Connected) => (await release(id)).body?.api_base_url ?? null;
const LEARNT = { names: ['site'], captured: 'a-ciphertext', replaces: null };

describe('a variable that userinfo tells', () => {
  it('is learnt by a refresh also where the user is known, and outlives the next one', async () => {
    const account = await imported();
    const { subject } = account.grant;
    expect(await keep(account, { subject, label: 'Ada' })).toBe('kept');
    expect(await captured(account)).toBeNull();
    await expect.poll(() => address(account), PATIENCE).toBe(`https://api.example.com/${subject}`);
    const before = await captured(account);
    expect(String(before)).not.toContain(subject);
    right(await stub(account.id).expire({ context }));
    expect(await address(account)).toBe(`https://api.example.com/${subject}`);
    expect(await captured(account)).not.toBe(before);
    expect(await view(account.id)).toMatchObject({ subject, subject_label: 'Ada' });
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('is the operator’s where one has given it', async () => {
    const account = await imported();
    const path = `/v1/connected-accounts/${account.id}`;
    await must(http('PATCH', path, { variables: { site: 'mine' } }), 200);
    expect(await address(account)).toBe('https://api.example.com/mine');
    await expect.poll(async () => (await view(account.id)).subject, PATIENCE).toBe(account.grant.subject);
    expect(await captured(account)).toBeNull();
    // Told by a question that was asked before the operator gave it.
    expect(await keep(account, { learnt: LEARNT })).toBe('known');
    expect(await captured(account)).toBeNull();
  });

  it.each([
    ['another user', { subject: 'eve', learnt: LEARNT }, 'known'],
    ['a generation that is spent', { generation: 0, learnt: LEARNT }, 'overtaken'],
    ['another grant', { grantId: 77, learnt: LEARNT }, 'overtaken'],
    ['another life', { incarnation: 9, learnt: LEARNT }, 'overtaken'],
    ['what it no longer has', { learnt: { ...LEARNT, replaces: 'other' } }, 'known'],
  ])('is not taken of %s', async (_what, told, answer) => {
    const account = await imported();
    expect(await keep(account, { subject: 'ada' })).toBe('kept');
    expect(await keep(account, told)).toBe(answer);
    expect(await captured(account)).toBeNull();
    expect(await keep(account, { learnt: LEARNT })).toBe('kept');
    expect(await captured(account)).toBe(LEARNT.captured);
  });
});
