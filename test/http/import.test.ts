/** What an operator brings is proven before it replaces anything, and nothing that a script passes on by mistake harms. */

import { afterEach, describe, expect, it } from 'vitest';
import { name } from '../support/world.ts';
import { GRACE, GRACE_S, refreshScene, retryAfterS, STATIC, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene();
/** Only for values that this server never made. */
const offs: (() => void)[] = [];
afterEach(() => offs.splice(0).forEach((off) => off()));

const put = (account: Account, credential: Record<string, unknown>) =>
  scene.operator.put(
    `/v1/credentials/${account.connection}?identifier=${encodeURIComponent(account.identifier)}`,
    credential,
  );

const presented = (token: string) => scene.provider.calls.filter((call) => call.refreshToken === token);

/** The account as it was, still renewing itself. */
async function unharmed(account: Account, before: unknown): Promise<void> {
  const { updated_at: _, last_attempt: _a, last_used_at: _u, ...now } = await account.show();
  const { updated_at: __, last_attempt: __a, last_used_at: __u, ...then } = before as typeof now;
  expect(now).toEqual(then);
  const living = await account.fetch();
  expect([living.status, living.body.access_token]).toEqual([200, account.accessToken]);
  await account.expire();
  expect((await account.fetch()).status).toBe(200);
  expect((await account.show()).status).toBe('active');
}

describe('an import over a living grant', () => {
  it('is exchanged first, and what the provider answered is what is served', async () => {
    const account = await scene.connect();
    const next = await scene.provider.grant();
    const reply = await put(account, { refresh_token: next.refreshToken });
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body).toMatchObject({ id: account.id, status: 'active' });
    const calls = scene.provider.calls.filter((call) => call.grantId === next.grantId);
    expect(calls).toHaveLength(1);
    expect((await account.fetch()).body.access_token).toBe(calls[0]?.accessToken);
    await account.expire();
    expect((await account.fetch()).status).toBe(200);
    expect(await scene.provider.state(next.grantId)).toMatchObject({ alive: true });
    await account.records();
  });

  it('is proven also where it brings an access token', async () => {
    const account = await scene.connect();
    const before = await account.show();
    const bad = { refresh_token: 'nobody-gave-this', access_token: 'at-brought', expires_in: 3600 };
    const reply = await put(account, bad);
    expect([reply.status, reply.body.code, reply.body.provider_error]).toEqual([
      422,
      'credential_refused',
      'invalid_grant',
    ]);
    await unharmed(account, before);
  });

  it.each([
    ['invalid_grant', 400, { error: 'invalid_grant' }],
    ['unauthorized_client', 400, { error: 'unauthorized_client' }],
    ['a code that nobody knows', 400, { error: 'token_of_another_app' }],
    ['a refusal without a code', 403, { message: 'no' }],
    ['a form', 400, 'error=invalid_grant'],
  ])('that the provider refuses with %s changes nothing', async (_, status, body) => {
    const account = await scene.connect();
    const before = await account.show();
    const token = name('refused');
    const isForm = typeof body === 'string';
    offs.push(
      scene.provider.faults.when((call) => call.refreshToken === token, {
        status,
        body,
        ...(isForm ? { contentType: 'application/x-www-form-urlencoded' } : {}),
      }),
    );
    const reply = await put(account, { refresh_token: token });
    expect([reply.status, reply.body.code], reply.text).toEqual([422, 'credential_refused']);
    expect(reply.text).not.toContain(token);
    expect(presented(token)).toHaveLength(1);
    await unharmed(account, before);
    const connection = await scene.operator.get(`/v1/connections/${account.connection}`);
    expect(connection.body.health).toBe('ok');
  });

  it.each([
    ['a 503', { status: 503, body: { error: 'invalid_grant' } }, 'provider_unavailable'],
    ['a closed connection', { dropBefore: true as const }, 'provider_unavailable'],
    ['a page of a firewall', { html: true as const }, 'provider_unavailable'],
    ['a request to slow down', { status: 429, headers: { 'retry-after': '77' } }, 'provider_unavailable'],
    [
      'temporarily_unavailable',
      { status: 400, body: { error: 'temporarily_unavailable' } },
      'provider_unavailable',
    ],
  ])('that meets %s is 503 with Retry-After, and changes nothing', async (_, fault, code) => {
    const account = await scene.connect();
    const before = await account.show();
    const token = name('unproven');
    offs.push(scene.provider.faults.when((call) => call.refreshToken === token, fault));
    const reply = await put(account, { refresh_token: token });
    expect([reply.status, reply.body.code], reply.text).toEqual([503, code]);
    expect(retryAfterS(reply)).toBeGreaterThanOrEqual(1);
    if ('headers' in fault) expect(retryAfterS(reply)).toBe(77);
    expect(reply.body.detail).toContain('nothing was changed');
    await unharmed(account, before);
  });

  it('that is answered with 200 and no token is 502 with the code in it, and changes nothing', async () => {
    const account = await scene.connect();
    const before = await account.show();
    const token = name('unusable');
    offs.push(
      scene.provider.faults.when((call) => call.refreshToken === token, {
        status: 200,
        body: { error: 'no_such_thing' },
      }),
    );
    const reply = await put(account, { refresh_token: token });
    expect([reply.status, reply.body.code, reply.body.provider_error]).toEqual([
      502,
      'provider_error',
      'no_such_thing',
    ]);
    await unharmed(account, before);
  });

  it('of an access token alone does not take the place of a grant that renews itself', async () => {
    const account = await scene.connect();
    const before = await account.show();
    const reply = await put(account, { access_token: 'at-alone', expires_in: 60 });
    expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
    await unharmed(account, before);
  });

  it('of an access token alone takes the place of one that nothing renews, as a script does each hour', async () => {
    const account = await scene.connect({ renewable: false });
    const { accessToken } = await scene.provider.grant();
    const reply = await put(account, { access_token: accessToken, expires_in: 600 });
    expect(reply.status, reply.text).toBe(200);
    expect((await account.fetch()).body.access_token).toBe(accessToken);
  });

  it('is taken as it is where it says verify: false', async () => {
    const account = await scene.connect();
    const reply = await put(account, { refresh_token: 'nobody-gave-this-either', verify: false });
    expect(reply.status, reply.text).toBe(200);
    expect(presented('nobody-gave-this-either')).toHaveLength(0);
  });

  it('under a client that the provider does not know is the connection’s matter: 503, and nothing changes', async () => {
    const account = await scene.connect({ connection: { client_secret: 'not-the-secret' } });
    const next = await scene.provider.grant();
    const reply = await put(account, { refresh_token: next.refreshToken });
    expect([reply.status, reply.body.code], reply.text).toEqual([503, 'misconfigured_connection']);
    expect((await account.fetch()).body.access_token).toBe(account.accessToken);
    // Its health is told by the accounts that are in use, not by what somebody tried to bring.
    const connection = await scene.operator.get(`/v1/connections/${account.connection}`);
    expect(connection.body.health).toBe('ok');
  });
});

describe('a refresh token alone for a new account', () => {
  const fresh = async (token: string, more: Record<string, unknown> = {}) => {
    const connection = await scene.w.connection();
    const identifier = name('new');
    const path = `/v1/credentials/${connection}?identifier=${identifier}`;
    return {
      connection,
      identifier,
      reply: await scene.operator.put(path, { refresh_token: token, ...more }),
    };
  };

  it('is exchanged at once, and its agent gets a token without another call', async () => {
    const grant = await scene.provider.grant();
    const { reply } = await fresh(grant.refreshToken);
    expect(reply.status, reply.text).toBe(201);
    expect(reply.body.expires_at).not.toBeNull();
    const token = await scene.agent.client.get(`/v1/connected-accounts/${reply.body.id}/token`);
    expect(token.status).toBe(200);
    expect(scene.provider.calls.filter((call) => call.grantId === grant.grantId)).toHaveLength(1);
  });

  it('that is refused leaves no account behind', async () => {
    const { connection, identifier, reply } = await fresh('nobody-gave-this-new-one');
    expect([reply.status, reply.body.code]).toEqual([422, 'credential_refused']);
    const list = () => scene.operator.get(`/v1/connected-accounts?connection=${connection}`);
    await expect.poll(async () => (await list()).body.data, { timeout: PATIENCE_MS }).toEqual([]);
    const events = await scene.operator.get('/v1/events?limit=100');
    expect(events.text).not.toContain(identifier);
    const grant = await scene.provider.grant();
    const again = await scene.operator.put(`/v1/credentials/${connection}?identifier=${identifier}`, {
      refresh_token: grant.refreshToken,
    });
    expect(again.status, again.text).toBe(201);
  });
});

describe('a script that runs again', () => {
  it.each([
    ['a strict provider', {}, undefined],
    ['a provider with a grace', { config: GRACE }, GRACE_S],
    ['a refresh token that stays', { config: STATIC }, undefined],
  ])('with the same refresh token harms nothing at %s, however stale it is', async (_, options, graceS) => {
    if (graceS !== undefined) scene.provider.graceS = graceS;
    const account = await scene.connect(options);
    const grant = await scene.provider.grant();
    const credential = { refresh_token: grant.refreshToken };
    expect((await put(account, credential)).status).toBe(200);
    for (let round = 0; round < 3; round += 1) {
      await account.expire();
      expect((await account.fetch()).status).toBe(200);
      const before = presented(grant.refreshToken).length;
      const again = await put(account, {
        ...credential,
        ...(round === 2 ? { access_token: 'at-stale' } : {}),
      });
      expect(again.status, again.text).toBe(200);
      expect(presented(grant.refreshToken)).toHaveLength(before);
    }
    expect(await scene.provider.state(grant.grantId)).toMatchObject({ alive: true });
    expect((await account.show()).status).toBe('active');
    scene.provider.graceS = 0;
  });

  it('with a spent token after the grant is dead is refused without a call', async () => {
    const account = await scene.connect();
    const grant = await scene.provider.grant();
    expect((await put(account, { refresh_token: grant.refreshToken })).status).toBe(200);
    await scene.provider.revokeGrant(grant.grantId);
    await account.expire();
    expect((await account.fetch()).status).toBe(409);
    for (const verify of [true, false]) {
      const reply = await put(account, { refresh_token: grant.refreshToken, verify });
      expect([reply.status, reply.body.code], reply.text).toEqual([422, 'credential_refused']);
    }
    expect(presented(grant.refreshToken)).toHaveLength(1);
    const next = await scene.provider.grant();
    expect((await put(account, { refresh_token: next.refreshToken })).body.status).toBe('active');
  });

  it('twenty times at once presents the token once', async () => {
    const account = await scene.connect();
    const grant = await scene.provider.grant();
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => put(account, { refresh_token: grant.refreshToken })),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(presented(grant.refreshToken)).toHaveLength(1);
    expect(await scene.provider.state(grant.grantId)).toMatchObject({ alive: true });
  });

  const RUBBISH = [
    'null', 'undefined', '', ' ', '\t\n', 'None', 'nil', 'NaN', 'NULL', '"null"', '"quoted-token"', '$REFRESH_TOKEN',
    '${REFRESH_TOKEN}', '[object Object]', '{"error":"invalid_grant"}', '{"access_token":null}', '[]', '<html></html>',
  ]; // prettier-ignore

  it.each(RUBBISH.flatMap((value) => [true, false].map((verify) => [value, verify] as const)))(
    'with %j in the place of a token is 400, also with verify: %s',
    async (value, verify) => {
      const account = await shared();
      for (const field of ['refresh_token', 'access_token']) {
        const reply = await put(account, { [field]: value, verify });
        expect([reply.status, reply.body.code], reply.text).toEqual([400, 'invalid_request']);
      }
      expect((await account.fetch()).body.access_token).toBe(account.accessToken);
    },
  );
  let known: Promise<Account> | null = null;
  const shared = () => (known ??= scene.connect());

  it('never overwrites a static credential with what is none', async () => {
    const types = [
      ['api_key', (value: string) => ({ api_key: value }), { api_key: 'kept-key' }],
      ['basic', (value: string) => ({ username: 'u', password: value }), { username: 'u', password: 'kept' }],
      ['basic', (value: string) => ({ username: value, password: 'p' }), { username: 'u', password: 'kept' }],
      ['custom', (value: string) => ({ fields: { a: value } }), { fields: { a: 'kept' } }],
    ] as const;
    for (const [type, bring, good] of types) {
      const connection = name(`static-${type}`);
      const path = `/v1/credentials/${connection}?identifier=u`;
      const made = await scene.operator.put(path, good);
      expect(made.status, made.text).toBe(201);
      for (const value of ['null', 'undefined', 'None', '{"error":"not_found"}', ' ']) {
        for (const verify of [undefined, false]) {
          const reply = await scene.operator.put(path, {
            ...bring(value),
            ...(verify === false ? { verify } : {}),
          });
          expect([reply.status, reply.body.code], `${type} ${value}: ${reply.text}`).toEqual([
            400,
            'invalid_request',
          ]);
        }
      }
      const token = await scene.agent.client.get(`/v1/connected-accounts/${made.body.id}/token`);
      expect(token.body).toMatchObject(good);
    }
  });
});
