/** What ends here ends at the provider too, but never what somebody else still holds. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { name } from '../support/world.ts';
import { storedRows } from '../support/stored-rows.ts';
import { connectScene, type Session } from './connect-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const s = connectScene();
const PATIENCE = { timeout: PATIENCE_MS, interval: 100 };

/** The provider's revocation endpoint as the broker knows it: counts, breaks on demand, and passes on. */
const door = { url: '', tokens: [] as string[], refuseNext: 0 };
let server: Server;

beforeAll(async () => {
  server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      door.tokens.push(new URLSearchParams(body).get('token') ?? '');
      if (door.refuseNext > 0) {
        door.refuseNext -= 1;
        response.writeHead(503).end();
        return;
      }
      const { authorization = '', 'content-type': type = '' } = request.headers;
      const headers = { authorization, 'content-type': type };
      const passed = await fetch(s.provider.revocationUrl, { method: 'POST', headers, body });
      response.writeHead(passed.status).end(await passed.text());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  door.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/revoke`;
});
beforeEach(() => {
  door.tokens.length = 0;
  door.refuseNext = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const connectionOf = (reach: string) =>
  s.connection({}, { revocation_url: door.url, revocation_reach: reach });

/** A candidate of this subject, with the grant at the provider. */
async function candidate(
  connection: string,
  subject: string,
): Promise<{ session: Session; confirmCode: string; grantId: string }> {
  s.provider.user.subject = subject;
  const session = await s.link(connection);
  const { confirmCode } = s.finished(await s.walk(session));
  const grantId = s.provider.calls.findLast((call) => call.grantType === 'authorization_code')?.grantId ?? '';
  return { session, confirmCode, grantId };
}

async function connect(
  connection: string,
  subject: string,
): Promise<{ session: Session; confirmCode: string; grantId: string }> {
  const made = await candidate(connection, subject);
  const confirmed = await s.confirm(made.session, made.confirmCode);
  expect(confirmed.status, confirmed.text).toBe(200);
  return made;
}

interface Outcome {
  readonly reason: string;
  readonly outcome: string;
  readonly evidence: readonly string[];
}

/** What the account's audit says of revocations. */
async function outcomes(accountId: string): Promise<Outcome[]> {
  const found: Outcome[] = [];
  for (const [place, rows] of await storedRows(s.broker.folder)) {
    if (!/ audit_(?:head|page)$/.test(place)) continue;
    const records = rows.flatMap((row) =>
      String(JSON.parse(row).bodies)
        .split('\n')
        .map((body) => JSON.parse(body)),
    );
    found.push(
      ...records.filter((one) => one.action === 'token.revoke' && one.connected_account_id === accountId),
    );
  }
  return found;
}

async function becomes(accountId: string, reason: string): Promise<Outcome> {
  await expect
    .poll(async () => (await outcomes(accountId)).map((one) => one.reason), { ...PATIENCE, interval: 500 })
    .toEqual([reason]);
  return (await outcomes(accountId))[0] as Outcome;
}

/** Neither a job nor a timer is left of the account. */
async function isQuiet(accountId: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const stored = await storedRows(s.broker.folder);
        const file = [...stored].find(
          ([place, rows]) =>
            place.endsWith(' tombstone') && rows.some((row) => row.includes(`"${accountId}"`)),
        )?.[0];
        const folder = (file ?? '').replace(/ tombstone$/, '');
        return [stored.get(`${folder} timer`), stored.get(`${folder} revocation`)];
      },
      { ...PATIENCE, interval: 500 },
    )
    .toEqual([[], []]);
}

const remove = (session: Session) => s.operator.delete(`/v1/connected-accounts/${session.accountId}`);
const alive = async (grantId: string) => (await s.provider.state(grantId)).alive;

describe.each(['grant', 'token'])('with the reach of a %s', (reach) => {
  it('a deleted account ends its grant at the provider, and then wakes no more', async () => {
    const { session, grantId } = await connect(await connectionOf(reach), name('subject'));
    expect(await alive(grantId)).toBe(true);
    expect((await remove(session)).status).toBe(204);
    await expect.poll(() => alive(grantId), PATIENCE).toBe(false);
    const record = await becomes(session.accountId, 'revoked');
    expect(record).toMatchObject({ outcome: 'ok' });
    expect(record.evidence).toEqual(['cause:account_deleted', 'tries:1']);
    expect(door.tokens).toHaveLength(1);
    await isQuiet(session.accountId);
    expect(s.broker.output()).not.toContain(door.tokens[0]);
  });
});

it('an account that an operator revokes ends its grant at the provider', async () => {
  const { session, grantId } = await connect(await connectionOf('grant'), name('subject'));
  const revoked = await s.operator.post(`/v1/connected-accounts/${session.accountId}/revoke`, {});
  expect(revoked.body.status).toBe('revoked');
  await expect.poll(() => alive(grantId), PATIENCE).toBe(false);
  expect((await becomes(session.accountId, 'revoked')).evidence).toContain('cause:account_revoked');
});

it('a candidate that is refused ends at the provider where it was the subject’s only grant', async () => {
  const { session, grantId } = await candidate(await connectionOf('project'), name('subject'));
  const wrong = await s.confirm(session, 'x'.repeat(43));
  expect([wrong.status, wrong.body.code]).toEqual([422, 'confirmation_failed']);
  await expect.poll(() => alive(grantId), PATIENCE).toBe(false);
  expect((await becomes(session.accountId, 'revoked')).evidence).toContain('cause:candidate_refused');
});

describe('two connections on one client registration', () => {
  it.each(['grant', 'project', 'unknown'])(
    'a refused candidate of one never ends the grant of the other (reach %s)',
    async (reach) => {
      const subject = name('subject');
      const kept = await connect(await connectionOf(reach), subject);
      const refused = await candidate(await connectionOf(reach), subject);
      const path = `/v1/connect-sessions/${refused.session.sessionId}/reject`;
      expect((await s.operator.post(path, {})).status).toBe(200);
      await becomes(refused.session.accountId, 'skipped_shared_grant');
      expect(door.tokens).toEqual([]);
      expect(await alive(kept.grantId)).toBe(true);
      await s.operator.post(`/v1/connected-accounts/${kept.session.accountId}/expire`, {});
      expect((await s.token(kept.session.connection, kept.session.identifier)).status).toBe(200);
    },
  );

  it('a deletion spares the grant while a candidate of the other waits, and ends it with the last', async () => {
    const subject = name('subject');
    const one = await connect(await connectionOf('grant'), subject);
    const waiting = await candidate(await connectionOf('grant'), subject);
    expect((await remove(one.session)).status).toBe(204);
    await becomes(one.session.accountId, 'skipped_shared_grant');
    expect(door.tokens).toEqual([]);
    expect((await s.confirm(waiting.session, waiting.confirmCode)).status).toBe(200);
    expect((await remove(waiting.session)).status).toBe(204);
    await becomes(waiting.session.accountId, 'revoked');
    expect(await alive(waiting.grantId)).toBe(false);
  });

  it('a refused candidate ends by itself where the reach is its token alone', async () => {
    const subject = name('subject');
    await connect(await connectionOf('token'), subject);
    const refused = await candidate(await connectionOf('token'), subject);
    await s.operator.post(`/v1/connect-sessions/${refused.session.sessionId}/reject`, {});
    await becomes(refused.session.accountId, 'revoked');
    expect(door.tokens).toHaveLength(1);
  });
});

it('a provider whose endpoint is down holds up no deletion, and is asked again', async () => {
  const { session, grantId } = await connect(await connectionOf('grant'), name('subject'));
  door.refuseNext = 1;
  expect((await remove(session)).status).toBe(204);
  await vi.waitFor(() => expect(door.tokens).toHaveLength(1), PATIENCE);
  expect(await alive(grantId)).toBe(true);
  await expect.poll(() => alive(grantId), PATIENCE).toBe(false);
  expect(door.tokens[1]).toBe(door.tokens[0]);
  expect((await becomes(session.accountId, 'revoked')).evidence).toContain('tries:2');
  await isQuiet(session.accountId);
});

it.each(['delete', 'revoke'])('tokens that arrive after a %s has won are ended too', async (way) => {
  const { session, grantId } = await connect(await connectionOf('token'), name('subject'));
  const account = `/v1/connected-accounts/${session.accountId}`;
  await s.operator.post(`${account}/expire`, {});
  s.provider.faults.next({ delayAfterMs: 1_500 });
  const refreshed = s.operator.post(`${account}/refresh`, {});
  const refreshes = () => s.provider.calls.filter((call) => call.grantType === 'refresh_token');
  await vi.waitFor(() => expect(refreshes()).toHaveLength(1), PATIENCE);
  if (way === 'delete') expect((await remove(session)).status).toBe(204);
  else expect((await s.operator.post(`${account}/revoke`, {})).status).toBe(200);
  await refreshed;
  await becomes(session.accountId, 'revoked');
  expect(door.tokens).toEqual([refreshes()[0]?.newRefreshToken]);
  expect((await s.provider.state(grantId)).liveRefreshTokens).toEqual([]);
});

it('a grant that a browser brings home after the account was revoked is ended too', async () => {
  s.provider.user.subject = name('subject');
  const session = await s.link(await connectionOf('grant'));
  s.provider.faults.next({ delayAfterMs: 2_000 });
  const walking = s.walk(session);
  const redeemed = () => s.provider.calls.find((call) => call.grantType === 'authorization_code');
  await vi.waitFor(() => expect(redeemed()).toBeDefined(), PATIENCE);
  const revoked = await s.operator.post(`/v1/connected-accounts/${session.accountId}/revoke`, {});
  expect(revoked.body.status).toBe('revoked');
  await walking;
  expect((await becomes(session.accountId, 'revoked')).evidence).toContain('cause:came_too_late');
  expect(await alive(redeemed()?.grantId ?? '')).toBe(false);
});

it.each(['deleted', 'deleted, and made anew'])(
  'a grant that a browser brings home after the account was %s is ended too',
  async (what) => {
    s.provider.user.subject = name('subject');
    const connection = await connectionOf('grant');
    const session = await s.link(connection);
    const redeemed = () => s.provider.calls.filter((call) => call.grantType === 'authorization_code');
    const before = redeemed().length;
    s.provider.faults.next({ delayAfterMs: 2_000 });
    const walking = s.walk(session);
    await vi.waitFor(() => expect(redeemed()).toHaveLength(before + 1), PATIENCE);
    expect((await remove(session)).status).toBe(204);
    const { identifier } = session;
    const again = { connection, identifier };
    if (what !== 'deleted')
      expect((await s.operator.post('/v1/connected-accounts', again)).body.id).toBe(session.accountId);
    await walking;
    const { evidence } = await becomes(session.accountId, 'revoked');
    expect(evidence).toContain('cause:came_too_late');
    expect(await alive(redeemed().at(-1)?.grantId ?? '')).toBe(false);
    const path = `/v1/connected-accounts/${session.accountId}`;
    if (what === 'deleted') await isQuiet(session.accountId);
    else expect((await s.operator.get(path)).body).toMatchObject({ status: 'pending', scopes: [] });
    expect((await s.operator.get(`${path}/audit/verify`)).body.intact).toBe(true);
  },
);

it('says so where the provider has no endpoint for it', async () => {
  const { session } = await connect(
    await s.connection({}, { revocation_url: door.url, revocation_reach: 'none' }),
    name('subject'),
  );
  expect((await remove(session)).status).toBe(204);
  expect(await becomes(session.accountId, 'unsupported')).toMatchObject({ outcome: 'refused' });
  expect(door.tokens).toEqual([]);
});
