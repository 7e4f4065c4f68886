/** A second consent without a refresh token meets a refresh: whatever their order, the refresh token that lives is the one that is kept. */

import { describe, expect, it } from 'vitest';
import { askFlow } from '#accounts/flows/ask.ts';
import { confirmed, onItsWay, unconnected, waiting, type Unconnected } from './flow-world.ts';
import { config, context, release, right, rows, stub, view } from './world.ts';

interface Connected extends Unconnected {
  readonly subject: string;
}

/** An account whose user is known. */
async function connectedByUser(): Promise<Connected> {
  const account = await unconnected();
  const first = await waiting(account);
  expect(await confirmed(first)).toBe('done');
  // From here on its scopes are those that the provider names in an answer.
  await renews(account.id);
  return { ...account, subject: String((await view(account.id)).subject) };
}

/** The same user's second consent on its way home. @param asked it has to be confirmed */
async function secondConsent(account: Connected, asked: boolean, renewable = false) {
  const { arrival, grant } = await onItsWay(account);
  const { finding } = arrival;
  if (finding.kind !== 'granted') throw new Error('no grant');
  return {
    accessToken: grant.accessToken,
    arrival: {
      ...arrival,
      finding: {
        ...finding,
        tokens: {
          ...finding.tokens,
          scopes: grant.scope.split(' '),
          refreshToken: renewable ? finding.tokens.refreshToken : null,
        },
        identity: { ...finding.identity, subject: account.subject },
        callback: { changed: asked, brought: asked, grantIds: [] },
      },
    },
  };
}

const expire = async (id: string) => right(await stub(id).expire({ context }));

/** What a caller gets once the token has ended: a token that only the living refresh token can bring. */
async function renews(id: string): Promise<void> {
  await expire(id);
  expect(await release(id)).toMatchObject({ code: 'ok' });
  expect((await view(id)).status).toBe('active');
}

it('a consent that waits for its confirmation is not overtaken by a refresh of what is there', async () => {
  const account = await connectedByUser();
  const { arrival, accessToken } = await secondConsent(account, true, true);
  right(await askFlow(config, account.id, 'arrive', arrival));
  await renews(account.id);
  const { sessionId, confirmDigest } = arrival;
  expect(await confirmed({ ...account, sessionId, confirmDigest, browserDigest: '', accessToken })).toBe(
    'done',
  );
  expect(await release(account.id)).toMatchObject({ code: 'ok', token: accessToken });
});

describe('a second consent without a refresh token', () => {
  it('that waits for its confirmation keeps the refresh token that a refresh brought meanwhile', async () => {
    const account = await connectedByUser();
    const { arrival, accessToken } = await secondConsent(account, true);
    const view = right(await askFlow(config, account.id, 'arrive', arrival));
    expect(view.status).toBe('pending_confirmation');
    // Rotates: the refresh token of the time of the consent is spent.
    await renews(account.id);
    const { sessionId, confirmDigest } = arrival;
    expect(await confirmed({ ...account, sessionId, confirmDigest, browserDigest: '', accessToken })).toBe(
      'done',
    );
    expect(await release(account.id)).toMatchObject({ code: 'ok', token: accessToken });
    await renews(account.id);
    expect(await rows(account.id, 'SELECT id FROM grant_row')).toHaveLength(1);
  });

  it('that arrives while a refresh is under way overtakes nothing: the successor is stored', async () => {
    const account = await connectedByUser();
    const { arrival } = await secondConsent(account, false);
    await expire(account.id);
    const refreshing = release(account.id);
    const stored = right(await askFlow(config, account.id, 'arrive', arrival));
    expect(stored).toMatchObject({ status: 'succeeded' });
    expect(await refreshing).toMatchObject({ code: 'ok' });
    await renews(account.id);
    await renews(account.id);
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('tells the session what became of it', async () => {
    const account = await connectedByUser();
    const { arrival } = await secondConsent(account, false);
    const stored = right(await askFlow(config, account.id, 'arrive', arrival));
    expect(stored.warnings).toEqual([
      'refresh_token: none came along, the one of the earlier consent goes on',
    ]);
  });
});
