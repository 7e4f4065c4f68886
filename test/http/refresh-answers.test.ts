/** Odd answers that carry a token all the same: the token is stored, and every time made from them is a sane one. */

import { describe, expect, it } from 'vitest';
import { refreshScene, STATIC, type Account } from './refresh-scene.ts';

const scene = refreshScene({ server: { accessTokenTtlS: 1800 } });

type Json = Record<string, unknown>;

const without =
  (...names: string[]) =>
  (json: Json): Json =>
    Object.fromEntries(Object.entries(json).filter(([key]) => !names.includes(key)));

/** One refresh whose answer is rewritten; the answer to the agent and the account after it. */
async function renewed(account: Account, transform: (json: Json) => unknown) {
  await account.expire();
  account.meets({ transform });
  const reply = await account.fetch();
  expect(reply.status, reply.text).toBe(200);
  const shown = await account.show();
  expect(reply.text + JSON.stringify(shown)).not.toContain('NaN');
  return { reply, shown };
}

/** Both ends of what the account shows, in seconds from now; the timer lies inside the token's life. */
function expectSane(shown: Json, lifetimeS: number): void {
  const fromNowS = (field: string) => (Date.parse(String(shown[field])) - Date.now()) / 1000;
  expect(fromNowS('expires_at')).toBeGreaterThan(lifetimeS - 15);
  expect(fromNowS('expires_at')).toBeLessThanOrEqual(lifetimeS);
  expect(fromNowS('next_refresh_at')).toBeGreaterThan(0.65 * lifetimeS - 15);
  expect(fromNowS('next_refresh_at')).toBeLessThanOrEqual(0.9 * lifetimeS);
  expect(shown).toMatchObject({ status: 'active', degraded_since: null, in_doubt_since: null });
}

describe('an answer without a refresh token', () => {
  it('keeps the one that there was, and it is presented again', async () => {
    scene.provider.rotation = 'static';
    scene.provider.issueRefreshTokenOnRefresh = false;
    try {
      const account = await scene.connect({ config: STATIC });
      for (let round = 0; round < 3; round += 1) {
        await account.expire();
        expect((await account.fetch()).status).toBe(200);
      }
      expect(account.calls().map((call) => [call.refreshToken, call.verdict])).toEqual(
        Array.from({ length: 3 }, () => [account.refreshToken, 'fresh']),
      );
    } finally {
      scene.provider.rotation = 'rotating';
      scene.provider.issueRefreshTokenOnRefresh = true;
    }
  });

  it.each([
    ['null', null],
    ['empty', ''],
  ])('keeps it as well where the field is %s', async (_what, refreshToken) => {
    scene.provider.rotation = 'static';
    try {
      const account = await scene.connect({ config: STATIC });
      await renewed(account, (json) => ({ ...json, refresh_token: refreshToken }));
      await account.expire();
      expect((await account.fetch()).status).toBe(200);
      expect(account.calls()[1]).toMatchObject({ refreshToken: account.refreshToken, verdict: 'fresh' });
    } finally {
      scene.provider.rotation = 'rotating';
    }
  });
});

describe('an answer whose tokens are words for nothing', () => {
  const answering = (account: Account, brought: Json) =>
    scene.provider.faults.when(({ grantId }) => grantId === account.grantId, {
      transform: (json) => ({ ...json, ...brought }),
    });

  it.each(['null', 'undefined', 'None', ' '])('%j replaces nothing that lives', async (word) => {
    scene.provider.rotation = 'static';
    try {
      const account = await scene.connect({ config: STATIC });
      const before = (await account.fetch()).body.access_token;
      answering(account, { access_token: word, refresh_token: word });
      const forced = await scene.operator.post(`/v1/connected-accounts/${account.id}/refresh`);
      expect(forced.body.last_attempt).toMatchObject({ outcome: 'malformed' });
      expect((await account.fetch()).body.access_token).toBe(before);
      const other = await scene.connect({ config: STATIC });
      answering(other, { refresh_token: word });
      for (let round = 0; round < 2; round += 1) {
        await other.expire();
        expect((await other.fetch()).status).toBe(200);
      }
      expect(other.calls().map((call) => [call.refreshToken, call.verdict])).toEqual(
        Array.from({ length: 2 }, () => [other.refreshToken, 'fresh']),
      );
    } finally {
      scene.provider.rotation = 'rotating';
    }
  });
});

describe('an answer without expires_in', () => {
  it('counts as one hour', async () => {
    const account = await scene.connect({ rotation: 'proactive' });
    const { reply, shown } = await renewed(account, without('expires_in'));
    expect(reply.body.expires_in).toBeGreaterThan(3590);
    expect(reply.body.expires_in).toBeLessThanOrEqual(3600);
    expectSane(shown, 3600);
  });

  it('counts as what the facts say where they say something', async () => {
    const account = await scene.connect({ config: { access_token_ttl_s: 7200 }, rotation: 'proactive' });
    const { reply, shown } = await renewed(account, without('expires_in'));
    expect(reply.body.expires_in).toBeGreaterThan(7190);
    expectSane(shown, 7200);
  });

  it('means that the token never expires where the facts say so', async () => {
    const account = await scene.connect({ config: { access_token_never_expires: 'when_no_expires_in' } });
    const { reply, shown } = await renewed(account, without('expires_in'));
    expect(reply.body).toMatchObject({ expires_at: null, expires_in: null });
    expect(shown).toMatchObject({ expires_at: null, status: 'active' });
    expect((await account.fetch('?min_ttl=3600')).body.access_token).toBe(reply.body.access_token);
    expect(account.calls()).toHaveLength(1);
  });
});

describe('an odd expires_in', () => {
  it.each([
    ['a text of digits', '"1200"', 1200],
    ['a fraction', '1200.9', 1200.9],
    ['null', 'null', 3600],
    ['zero', '0', 300],
    ['negative', '-1', 300],
    ['a word', '"abc"', 300],
    ['an empty text', '""', 300],
    ['a list', '[3600]', 300],
    ['an object', '{"seconds":3600}', 300],
    ['true', 'true', 300],
    ['next to nothing', '0.001', 300],
    ['a thousand years', '31557600000', 300],
    ['beyond every number', '1e999', 300],
    ['an instant instead of a duration', '1795258331855', 300],
  ])(
    'makes a token that lives a sane time, and is refreshed within it: %s',
    async (_what, literal, lifetimeS) => {
      const account = await scene.connect({ rotation: 'proactive' });
      const { reply, shown } = await renewed(account, (json) =>
        JSON.stringify({ ...json, expires_in: '@' }).replace('"@"', literal),
      );
      expect(Number.isInteger(reply.body.expires_in)).toBe(true);
      expect(reply.body.expires_in).toBeGreaterThan(lifetimeS - 15);
      expect(reply.body.expires_in).toBeLessThanOrEqual(lifetimeS);
      expectSane(shown, lifetimeS);
      // And it is served, not renewed again.
      expect((await account.fetch()).body.access_token).toBe(reply.body.access_token);
      expect(account.calls()).toHaveLength(1);
    },
  );

  it('zero means never where the facts say so', async () => {
    const account = await scene.connect({ config: { expires_in_zero: 'never' } });
    const { reply, shown } = await renewed(account, (json) => ({ ...json, expires_in: 0 }));
    expect([reply.body.expires_in, shown.expires_at]).toEqual([null, null]);
  });

  it("is cut short by the token's own exp where that is earlier", async () => {
    const account = await scene.connect();
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = `${part({ alg: 'none' })}.${part({ exp: Math.floor(Date.now() / 1000) + 600 })}.x`;
    const { reply } = await renewed(account, (json) => ({ ...json, access_token: jwt }));
    expect(reply.body.access_token).toBe(jwt);
    expect(reply.body.expires_in).toBeGreaterThan(580);
    expect(reply.body.expires_in).toBeLessThanOrEqual(601);
  });
});

describe('an answer that libraries refuse', () => {
  it.each([
    ['without token_type', without('token_type')],
    ['with status text around it', (json: Json) => ({ ...json, token_type: 'bearer', extra: { a: [1] } })],
    ['without scope', without('scope', 'id_token')],
    ['with a broken id_token', (json: Json) => ({ ...json, id_token: 'no.jwt' })],
    ['with a byte order mark', (json: Json) => `\uFEFF${JSON.stringify(json)}`],
  ])('is read all the same: %s', async (_what, transform) => {
    const account = await scene.connect();
    const { reply } = await renewed(account, transform);
    expect(reply.body.access_token).toBe(account.calls()[0]?.accessToken);
    expect(reply.body.headers.Authorization).toBe(`Bearer ${account.calls()[0]?.accessToken}`);
    // The successor that came along is the one that is presented next.
    await account.expire();
    expect((await account.fetch()).status).toBe(200);
    expect(account.calls()[1]).toMatchObject({
      refreshToken: account.calls()[0]?.newRefreshToken,
      verdict: 'fresh',
    });
  });
});
