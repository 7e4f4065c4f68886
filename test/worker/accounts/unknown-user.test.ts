/**
 * Whose account it is after a consent that was confirmed although nobody said whose it is: nobody's that is known, and
 * then whoever gave the grant that was given last.
 */

import { describe, expect, it } from 'vitest';
import { askFlow } from '#accounts/flows/ask.ts';
import type { SubjectTold } from '#refresh/exchange/outcome.ts';
import { confirmed, onItsWay, unconnected, waiting, type Unconnected } from './flow-world.ts';
import { config, http, indexed, must, right, rows, stub, view } from './world.ts';

interface Who {
  readonly subject: string | null;
  readonly label: string | null;
}

/** An account of a user who is known. */
async function ofAda(): Promise<Unconnected & { readonly subject: string }> {
  const account = await unconnected();
  expect(await confirmed(await waiting(account))).toBe('done');
  const { subject, subject_label: label } = await view(account.id);
  expect(label).toBe('Ada');
  return { ...account, subject: String(subject) };
}

/** Another consent, of whom the provider says this, confirmed by the operator. */
async function consented(account: Unconnected, who: Who, scopes?: string[]): Promise<void> {
  const { arrival, grant } = await onItsWay(account);
  const { finding, sessionId, confirmDigest } = arrival;
  if (finding.kind !== 'granted') throw new Error('no grant');
  const told = right(
    await askFlow(config, account.id, 'arrive', {
      ...arrival,
      finding: {
        ...finding,
        tokens: { ...finding.tokens, scopes: scopes ?? finding.tokens.scopes },
        identity: { ...who, email: null, emailVerified: false },
        callback: { changed: true, brought: true, grantIds: [] },
      },
    }),
  );
  expect(told).toMatchObject({ status: 'pending_confirmation', subject: who.subject });
  const { accessToken } = grant;
  expect(await confirmed({ ...account, sessionId, confirmDigest, browserDigest: '', accessToken })).toBe(
    'done',
  );
}

const grants = async ({ id }: Unconnected) => rows(id, 'SELECT id, generation FROM grant_row ORDER BY id');

async function keep({ id }: Unconnected, nth: number, subject: string): Promise<string> {
  const grant = (await grants({ id } as Unconnected)).at(nth);
  const told: SubjectTold = {
    grantId: Number(grant?.['id']),
    generation: Number(grant?.['generation']),
    incarnation: 1,
    subject,
    label: subject,
  };
  const object = config.accounts.getByName(id) as unknown as {
    keepSubject(told: SubjectTold): Promise<string>;
  };
  return object.keepSubject(told);
}

describe('an account of a known user, after a confirmed consent', () => {
  const cases: readonly (readonly [
    what: string,
    said: (subject: string) => Who,
    after: Who | 'as before',
  ])[] = [
    ['of whom nothing is known', () => ({ subject: null, label: null }), { subject: null, label: null }],
    [
      'of whom a name alone is known',
      () => ({ subject: null, label: 'Eve' }),
      { subject: null, label: 'Eve' },
    ],
    ['of the same user', (subject) => ({ subject, label: 'Ada L.' }), 'as before'],
    ['of the same user without a name', (subject) => ({ subject, label: null }), 'as before'],
  ];
  it.each(cases)('%s', async (_what, said, after) => {
    const account = await ofAda();
    const who = said(account.subject);
    await consented(account, who);
    const expected = after === 'as before' ? { subject: account.subject, label: who.label ?? 'Ada' } : after;
    const shown = { subject: expected.subject, subject_label: expected.label };
    expect(await view(account.id)).toMatchObject({ ...shown, status: 'active' });
    await indexed(account.id);
    const { data } = await must(http('GET', `/v1/connected-accounts?connection=${account.connection}`), 200);
    expect(data).toMatchObject([shown]);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('of whom nothing is known learns the user from the new grant, also another one', async () => {
    const account = await ofAda();
    await consented(account, { subject: null, label: null });
    expect(await keep(account, 0, 'eve')).toBe('kept');
    expect(await view(account.id)).toMatchObject({ subject: 'eve', subject_label: 'eve' });
  });

  it('of whom nothing is known, beside an older grant, learns nothing from the older one', async () => {
    const account = await ofAda();
    await consented(account, { subject: null, label: null }, ['contacts.write']);
    expect(await grants(account)).toHaveLength(2);
    expect(await view(account.id)).toMatchObject({ subject: null, subject_label: null });
    expect(await keep(account, 0, account.subject)).toBe('overtaken');
    expect(await view(account.id)).toMatchObject({ subject: null });
    expect(await keep(account, 1, 'eve')).toBe('kept');
    expect(await view(account.id)).toMatchObject({ subject: 'eve' });
  });
});
