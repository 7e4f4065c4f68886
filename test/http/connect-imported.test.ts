/** A grant that an operator imported: a refresh tells whose it is, and then its user repairs it like any other. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IssuedGrant } from '../../src/dev/oauth/server.ts';
import { connectScene } from './connect-scene.ts';
import { name } from '../support/world.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const s = connectScene();

/** A userinfo endpoint that says what it is told to, or nothing at all. */
const userinfo = { answer: null as object | null, asked: 0, hold: false };
let server: Server;
let userinfoUrl: string;

beforeAll(async () => {
  server = createServer({ keepAliveTimeout: 600_000 }, (_, response) => {
    userinfo.asked += 1;
    if (userinfo.hold) return;
    response.writeHead(userinfo.answer === null ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(userinfo.answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  userinfoUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/me`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

interface Imported {
  readonly connection: string;
  readonly identifier: string;
  readonly accountId: string;
  readonly grant: IssuedGrant;
}

/** The refresh token alone, so that nobody could have been asked before the first refresh. */
async function imported(
  subject: string,
  { config = {}, fields = {} }: { config?: Record<string, unknown>; fields?: Record<string, unknown> } = {},
): Promise<Imported> {
  const connection = await s.connection({}, config);
  const grant = await s.provider.grant({ subject });
  const identifier = name('imported');
  const credential = { refresh_token: grant.refreshToken, ...fields };
  return {
    connection,
    identifier,
    grant,
    accountId: await s.w.account(connection, identifier, credential),
  };
}

const fetched = ({ connection, identifier }: Imported) => s.token(connection, identifier);
const subjectOf = async ({ accountId }: Imported) => (await s.account(accountId)).subject;

async function refreshed(account: Imported): Promise<void> {
  const token = await fetched(account);
  expect(token.status, token.text).toBe(200);
}

async function expire({ accountId }: Imported): Promise<void> {
  expect((await s.operator.post(`/v1/connected-accounts/${accountId}/expire`)).status).toBe(200);
}

const known = (account: Imported, subject: string) =>
  expect.poll(() => subjectOf(account), { timeout: PATIENCE_MS }).toBe(subject);

/** Its subject known, its consent taken back, and the link that repairs it. */
async function dead(subject: string): Promise<Imported & { reauthUrl: string }> {
  const account = await imported(subject);
  await refreshed(account);
  await known(account, subject);
  await s.provider.revokeGrant(account.grant.grantId);
  await expire(account);
  const refused = await fetched(account);
  expect(refused.body).toMatchObject({ code: 'reauth_required', reason: 'grant_revoked' });
  s.provider.calls.length = 0;
  return { ...account, reauthUrl: String(refused.body.reauth_url) };
}

describe('a dead imported grant', () => {
  it('is repaired by its own user through the repair link, without an operator', async () => {
    const account = await dead('imported-user');
    s.provider.user.subject = 'imported-user';
    const page = await s.walk({ url: account.reauthUrl });
    expect(page.status, page.text).toBe(200);
    expect(await s.account(account.accountId)).toMatchObject({ status: 'active', subject: 'imported-user' });
    await refreshed(account);
    const events = async () =>
      (await s.operator.get(`/v1/events?connected_account_id=${account.accountId}`)).body.data;
    await expect.poll(async () => (await events()).length, { timeout: PATIENCE_MS }).toBe(3);
    expect((await events()).map(({ type, data }: any) => [type, data.reconnected])).toEqual([
      ['agent.auth.succeeded', false],
      ['agent.auth.reauth_required', undefined],
      ['agent.auth.succeeded', true],
    ]);
  });

  it('takes no grant of another user, and keeps its link', async () => {
    const account = await dead('owner');
    s.provider.user.subject = 'mallory';
    const page = await s.walk({ url: account.reauthUrl });
    expect(page.status).toBe(403);
    expect(await s.account(account.accountId)).toMatchObject({ status: 'reauth_required', subject: 'owner' });
    expect((await fetched(account)).body.code).toBe('reauth_required');
    s.provider.user.subject = 'owner';
    expect((await s.walk({ url: account.reauthUrl })).status).toBe(200);
    expect(await s.account(account.accountId)).toMatchObject({ status: 'active', subject: 'owner' });
  });

  it('tells an operator whose link met the other user that it was another', async () => {
    const account = await dead('owner');
    const session = await s.link(account.connection, account);
    s.provider.user.subject = 'mallory';
    await s.walk(session);
    expect(await s.show(session.sessionId)).toMatchObject({ status: 'failed', reason: 'subject_mismatch' });
    expect(await s.account(account.accountId)).toMatchObject({ status: 'reauth_required', subject: 'owner' });
  });
});

describe('the user of an imported grant', () => {
  const config = () => ({
    userinfo_url: userinfoUrl,
    subject_source: 'userinfo.id',
    subject_label_source: 'userinfo.name',
  });

  it('is asked after each refresh until the provider says, once each, and never again', async () => {
    Object.assign(userinfo, { answer: null, asked: 0, hold: false });
    const account = await imported('somebody', { config: config() });
    expect(userinfo.asked).toBe(0);
    await refreshed(account);
    await expect.poll(() => userinfo.asked).toBe(1);
    userinfo.answer = { id: 'u-17', name: 'Ada' };
    await expire(account);
    await refreshed(account);
    await known(account, 'u-17');
    expect(await s.account(account.accountId)).toMatchObject({ subject: 'u-17', subject_label: 'Ada' });
    const listed = async () =>
      (await s.operator.get(`/v1/connected-accounts?connection=${account.connection}`)).body.data[0].subject;
    await expect.poll(listed, { timeout: PATIENCE_MS }).toBe('u-17');
    // What is known is not asked again, whatever would be said now.
    userinfo.answer = { id: 'u-18', name: 'Eve' };
    await expire(account);
    await refreshed(account);
    expect(userinfo.asked).toBe(2);
    expect(await s.account(account.accountId)).toMatchObject({ subject: 'u-17', subject_label: 'Ada' });
  });

  it('is nobody that a refresh waits for: tokens are stored and handed out while the provider hangs', async () => {
    Object.assign(userinfo, { answer: null, asked: 0, hold: true });
    const account = await imported('somebody', { config: config() });
    await refreshed(account);
    await expect.poll(() => userinfo.asked).toBe(1);
    expect(await s.account(account.accountId)).toMatchObject({
      status: 'active',
      last_attempt: { outcome: 'refreshed' },
    });
    // The rotated token is the stored one: it renews although the first question has no answer yet.
    await expire(account);
    await refreshed(account);
    await expect.poll(() => userinfo.asked).toBe(2);
    expect(s.provider.calls.filter(({ grantId }) => grantId === account.grant.grantId)).toHaveLength(2);
    expect(await subjectOf(account)).toBeNull();
  });

  it('is not asked for an access token alone', async () => {
    Object.assign(userinfo, { answer: { id: 'u-19' }, asked: 0, hold: false });
    const grant = await s.provider.grant({});
    const account = await imported('somebody', {
      config: config(),
      fields: { refresh_token: undefined, access_token: grant.accessToken, expires_in: 3600 },
    });
    await refreshed(account);
    expect([userinfo.asked, await subjectOf(account)]).toEqual([0, null]);
  });

  it('is asked anew when another credential is imported', async () => {
    Object.assign(userinfo, { answer: { id: 'u-20' }, asked: 0, hold: false });
    const account = await imported('somebody', { config: config() });
    await refreshed(account);
    await known(account, 'u-20');
    const next = await s.provider.grant({});
    await s.w.account(account.connection, account.identifier, {
      refresh_token: next.refreshToken,
      verify: false,
    });
    expect(await subjectOf(account)).toBeNull();
    userinfo.answer = { id: 'u-21' };
    await refreshed(account);
    await known(account, 'u-21');
  });
});
