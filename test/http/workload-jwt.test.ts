/**
 * Workloads prove agents with tokens of their own issuer: what passes, and every way in which a token may not. A refusal
 * is the same 401 for all of them, and stands in the chain of the agent whose proof it would have been.
 */

import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { exportJWK, exportSPKI, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client, type Reply } from '../support/callers.ts';
import { issuerKey, startIssuer, type Issuer, type IssuerKey } from '../support/issuer.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let issuer: Issuer;
let other: Issuer;
let strangers: IssuerKey;
let w: World;
let operator: Client;
let connection: string;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  issuer = await startIssuer(await issuerKey('one'));
  other = await startIssuer(await issuerKey('one'));
  strangers = await issuerKey('one');
  w = world(broker, provider);
  operator = client(broker.url, broker.adminKey);
  connection = await w.connection();
  const grant = await provider.grant({});
  await w.account(connection, 'shared', { type: 'oauth2', refresh_token: grant.refreshToken });
});
afterAll(async () => {
  await broker.dispose();
  await Promise.all([provider.close(), issuer.close(), other.close()]);
});

const AUDIENCE = 'https://broker.example';
const nowS = () => Math.floor(Date.now() / 1000);

/** A new agent that trusts a workload of its own, and that workload's claims. */
async function trusted(subject = name('repo:acme/agent'), more: Record<string, unknown> = {}) {
  const id = name('agent');
  const policy = { rules: [{ connection, identifiers: ['shared'] }] };
  const oidc = { issuer: issuer.url, subject, audience: AUDIENCE };
  const made = await operator.post('/v1/agents', { id, policy, oidc, ...more });
  expect(made.status, made.text).toBe(201);
  return { id, of: { sub: subject, aud: AUDIENCE } };
}

const fetchAs = (token: string): Promise<Reply> =>
  call('GET', `${broker.url}/v1/agents/self/credentials/${connection}?identifier=shared`, { key: token });

/** The refusals in the agent's chain. */
async function refusals(id: string): Promise<{ reason: string; actor: unknown }[]> {
  const page = await operator.get(`/v1/audit-events?agent=${id}`);
  expect(page.status, page.text).toBe(200);
  return page.body.data.filter(({ action }: { action: string }) => action === 'auth.fail');
}

const UNAUTHENTICATED = {
  status: 401,
  body: { code: 'unauthenticated', detail: 'this is not a valid key' },
};

describe('a workload', () => {
  it('gets a token with no key of ours, and the record says by what', async () => {
    const { id, of } = await trusted();
    const token = await issuer.token(of);
    const reply = await fetchAs(token);
    expect(reply.status, reply.text).toBe(200);
    expect(reply.body.connection).toBe(connection);
    const accountId = String(reply.body.connected_account_id);
    const page = await operator.get(`/v1/audit-events?connected_account_id=${accountId}`);
    const record = page.body.data.find((one: { actor: { id: string } }) => one.actor.id === id);
    expect(record.actor).toMatchObject({
      type: 'agent',
      id,
      method: 'workload_jwt',
      key_id: null,
    });
  });

  it('that is warm costs its issuer no question', async () => {
    const { of } = await trusted();
    const token = await issuer.token(of);
    expect((await fetchAs(token)).status).toBe(200);
    const before = issuer.asked.length;
    for (let n = 0; n < 20; n += 1) expect((await fetchAs(token)).status).toBe(200);
    expect((await fetchAs(await issuer.token(of))).status).toBe(200);
    expect(issuer.asked.length).toBe(before);
  });

  it('passes by a pattern, and no other does', async () => {
    const owner = name('repo:acme');
    const { of } = await trusted(`${owner}/*`);
    expect(
      (await fetchAs(await issuer.token({ ...of, sub: `${owner}/web:ref:refs/heads/main` }))).status,
    ).toBe(200);
    for (const sub of [owner, `${owner}/`, `${owner}x/web`, `x${owner}/web`, `${owner}/*`])
      expect(await fetchAs(await issuer.token({ ...of, sub })), sub).toMatchObject(UNAUTHENTICATED);
  });

  it('is an agent, and opens no route of operators', async () => {
    const { id, of } = await trusted();
    const key = await issuer.token(of);
    expect((await call('GET', `${broker.url}/v1/agents/${id}`, { key })).body.code).toBe('forbidden');
    expect((await call('GET', `${broker.url}/v1/agents/self/credentials`, { key })).status).toBe(200);
  });

  it('of an agent of one organization reaches that organization alone', async () => {
    const { of } = await trusted(name('org'), { organization: 'acme' });
    expect((await fetchAs(await issuer.token(of))).body).toMatchObject({ code: 'not_found' });
  });

  it('passes within a minute after its token is over, and a minute before it begins', async () => {
    const { of } = await trusted();
    for (const claims of [
      { exp: nowS() - 50, iat: nowS() - 600 },
      { nbf: nowS() + 50, iat: nowS() + 50 },
      { exp: nowS() + 86_400 },
      { iat: nowS() - 86_390, exp: nowS() + 10 },
      { iat: undefined },
    ])
      expect((await fetchAs(await issuer.token(of, claims))).status, JSON.stringify(claims)).toBe(200);
  });

  it('passes with its audience alone in a list, without `typ`, and with headers that are not looked at', async () => {
    const { of } = await trusted();
    const foreign = await exportJWK(strangers.publicKey);
    for (const token of [
      await issuer.token({ ...of, aud: [AUDIENCE] }),
      await issuer.token(of, {}, { typ: undefined }),
      await issuer.token(of, {}, { jku: `${other.url}/jwks`, x5u: other.url, jwk: foreign, x5c: ['AAAA'] }),
    ])
      expect((await fetchAs(token)).status).toBe(200);
  });
});

type Forged = (of: { sub: string; aud: string }) => Promise<string> | string;

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (of: object) => ({ iss: issuer.url, ...of, iat: nowS(), exp: nowS() + 600 });

/** Signed with HMAC under what is public of the issuer's key. */
async function confused(of: object, secret: (key: IssuerKey) => Promise<string>): Promise<string> {
  const [key] = issuer.keys;
  if (key === undefined) throw new Error('the issuer has a key');
  const signed = `${encoded({ alg: 'HS256', kid: key.kid, typ: 'JWT' })}.${encoded(claimsOf(of))}`;
  return `${signed}.${createHmac('sha256', await secret(key))
    .update(signed)
    .digest('base64url')}`;
}

const tampered = (token: string, change: (claims: Record<string, unknown>) => object): string => {
  const [head, body = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  return [head, encoded(change(claims)), signature].join('.');
};

/** Each with the reason in the record; null: no agent's record has it, for it names none. */
const FORGED: Readonly<Record<string, readonly [Forged, reason: string | null]>> = {
  'without a signature (`none`)': [(of) => new UnsecuredJWT(claimsOf(of)).encode(), 'token_algorithm'],
  'without a signature, in another case (`nOnE`)': [
    (of) => `${encoded({ alg: 'nOnE' })}.${encoded(claimsOf(of))}.`,
    'token_algorithm',
  ],
  'signed by HMAC under the public key as PEM': [
    (of) => confused(of, ({ publicKey }) => exportSPKI(publicKey)),
    'token_algorithm',
  ],
  'signed by HMAC under the public key as JWK': [
    (of) => confused(of, async ({ publicKey }) => JSON.stringify(await exportJWK(publicKey))),
    'token_algorithm',
  ],
  'signed by a stranger under the issuer’s key id': [
    (of) => issuer.token(of, {}, {}, strangers),
    'token_signature',
  ],
  'of another algorithm than its key': [
    (of) => {
      const [key] = issuer.keys;
      if (key === undefined) throw new Error('the issuer has a key');
      const signed = `${encoded({ alg: 'RS512', kid: 'one' })}.${encoded(claimsOf(of))}`;
      const secret = createPrivateKey({ key: key.jwk as never, format: 'jwk' });
      return `${signed}.${sign('sha512', Buffer.from(signed), secret).toString('base64url')}`;
    },
    'token_key_unknown',
  ],
  'on another curve': [
    async (of) => issuer.token(of, {}, { kid: 'one' }, await issuerKey('one', 'ES384')),
    'token_key_unknown',
  ],
  'with a key id that the issuer does not have': [
    (of) => issuer.token(of, {}, { kid: 'another' }),
    'token_key_unknown',
  ],
  'with the stranger’s key in its head (`jwk`)': [
    async (of) => issuer.token(of, {}, { jwk: await exportJWK(strangers.publicKey) }, strangers),
    'token_signature',
  ],
  'with the stranger’s keys named in its head (`jku`)': [
    (of) => issuer.token(of, {}, { jku: `${other.url}/jwks` }, { ...other.keys[0]!, kid: 'one' }),
    'token_signature',
  ],
  'with the stranger’s certificate named in its head (`x5u`)': [
    (of) => issuer.token(of, {}, { x5u: `${other.url}/cert` }, strangers),
    'token_signature',
  ],
  'with a header that must be understood (`crit`)': [
    async (of) => {
      const [, body, signature] = (await issuer.token(of)).split('.');
      return [encoded({ alg: 'RS256', kid: 'one', crit: ['exp'], exp: 1 }), body, signature].join('.');
    },
    'token_critical',
  ],
  'whose claims were changed': [
    async (of) =>
      tampered(await issuer.token(of), (claims) => ({ ...claims, exp: Number(claims['exp']) + 1 })),
    'token_signature',
  ],
  'whose signature was cut': [async (of) => (await issuer.token(of)).slice(0, -8), 'token_signature'],
  'of another issuer that signs for this one': [
    (of) => other.token(of, { iss: issuer.url }),
    'token_signature',
  ],
  'of another issuer': [(of) => other.token(of), null],
  'of the issuer with a slash behind': [(of) => issuer.token(of, { iss: `${issuer.url}/` }), null],
  'without an issuer': [(of) => issuer.token(of, { iss: undefined }), null],
  'for another audience': [(of) => issuer.token({ ...of, aud: 'https://another.example' }), null],
  'for several audiences': [(of) => issuer.token({ ...of, aud: [AUDIENCE, 'another'] }), null],
  'without an audience': [({ sub }) => issuer.token({ sub } as never), null],
  'without a subject': [({ aud }) => issuer.token({ aud } as never), null],
  'of another workload': [(of) => issuer.token({ ...of, sub: `${of.sub}x` }), null],
  'that is an access token': [(of) => issuer.token(of, {}, { typ: 'at+jwt' }), 'token_type'],
  'that is a logout token': [(of) => issuer.token(of, {}, { typ: 'logout+jwt' }), 'token_type'],
  'that is over for more than a minute': [(of) => issuer.token(of, { exp: nowS() - 61 }), 'token_expired'],
  'without an end': [(of) => issuer.token(of, { exp: undefined }), 'token_expired'],
  'whose end is no number': [(of) => issuer.token(of, { exp: '9999999999' as never }), 'token_expired'],
  'that begins in more than a minute': [
    (of) => issuer.token(of, { nbf: nowS() + 90 }),
    'token_not_yet_valid',
  ],
  'that was issued in the future': [(of) => issuer.token(of, { iat: nowS() + 90 }), 'token_not_yet_valid'],
  'that lives for longer than a day': [
    (of) => issuer.token(of, { exp: nowS() + 86_500 }),
    'token_lives_too_long',
  ],
  'that is older than a day': [
    (of) => issuer.token(of, { iat: nowS() - 86_500, exp: nowS() + 60 }),
    'token_lives_too_long',
  ],
};

it.each(Object.entries(FORGED))('a token %s proves nobody', async (_what, [forged, reason]) => {
  const { id, of } = await trusted();
  // The issuer's keys are at hand, so that what is refused is refused by what it is.
  expect((await fetchAs(await issuer.token(of))).status).toBe(200);
  const reply = await fetchAs(await forged(of));
  expect(reply).toMatchObject(UNAUTHENTICATED);
  expect(reply.headers['www-authenticate']).toBe('Bearer');
  if (reason === null) return;
  await expect
    .poll(async () => (await refusals(id)).map((record) => [record.reason, record.actor]))
    .toEqual([[reason, expect.objectContaining({ type: 'agent', id, method: 'workload_jwt' })]]);
});

describe('a token that was right', () => {
  it('proves nobody while its agent is suspended, and goes on when it is resumed', async () => {
    const { id, of } = await trusted();
    const token = await issuer.token(of);
    expect((await fetchAs(token)).status).toBe(200);
    await operator.post(`/v1/agents/${id}/suspend`, undefined);
    await expect
      .poll(async () => (await fetchAs(token)).body.reason, { timeout: 5_000 })
      .toBe('agent_suspended');
    await operator.post(`/v1/agents/${id}/resume`, undefined);
    await expect.poll(async () => (await fetchAs(token)).status, { timeout: 5_000 }).toBe(200);
  });

  it('proves nobody when its agent trusts it no longer, and then the agent that does', async () => {
    const { id, of } = await trusted();
    const token = await issuer.token(of);
    expect((await fetchAs(token)).status).toBe(200);
    await operator.patch(`/v1/agents/${id}`, { oidc: null });
    await expect.poll(async () => fetchAs(token)).toMatchObject(UNAUTHENTICATED);
    const next = await trusted(of.sub);
    await expect.poll(async () => (await fetchAs(token)).status).toBe(200);
    const list = await call('GET', `${broker.url}/v1/agents/${next.id}/credentials`, { key: token });
    expect(list.status).toBe(200);
  });

  it('proves nobody when its agent is deleted, nor when an agent of that name trusts another workload', async () => {
    const { id, of } = await trusted();
    const token = await issuer.token(of);
    expect((await fetchAs(token)).status).toBe(200);
    expect((await operator.delete(`/v1/agents/${id}`)).status).toBe(204);
    await expect.poll(async () => fetchAs(token)).toMatchObject(UNAUTHENTICATED);
    const again = { id, oidc: { issuer: issuer.url, subject: `${of.sub}-new`, audience: AUDIENCE } };
    expect((await operator.post('/v1/agents', again)).status).toBe(201);
    expect(await fetchAs(token)).toMatchObject(UNAUTHENTICATED);
  });

  it('does not read another agent', async () => {
    const [first, second] = [await trusted(), await trusted()];
    const token = await issuer.token(first.of);
    const path = `/v1/agents/${second.id}/credentials/${connection}?identifier=shared`;
    expect((await call('GET', broker.url + path, { key: token })).body.code).toBe('not_found');
  });

  it('is refused in any other place, and beside another credential', async () => {
    const { of } = await trusted();
    const token = await issuer.token(of);
    const path = `${broker.url}/v1/agents/self/credentials/${connection}?identifier=shared`;
    const inQuery = await call('GET', `${path}&access_token=${token}`, { key: token });
    expect(inQuery.status).toBe(401);
    expect(inQuery.text).not.toContain(token);
    expect((await call('GET', path, { key: token, headers: { 'x-api-key': token } })).status).toBe(401);
    expect(
      (await call('GET', path, { headers: { authorization: `Bearer ${token}, Bearer ${token}` } })).status,
    ).toBe(401);
  });
});

describe('an issuer', () => {
  it('that no agent trusts is never asked', async () => {
    const unknown = await startIssuer(await issuerKey('one'));
    try {
      expect(await fetchAs(await unknown.token({ sub: 'a', aud: AUDIENCE }))).toMatchObject(UNAUTHENTICATED);
      expect(unknown.asked).toEqual([]);
    } finally {
      await unknown.close();
    }
  });

  it('is asked at the first proof, not when the agent is made; while it is away, the answer says to come again', async () => {
    const late = await startIssuer(await issuerKey('one'));
    try {
      late.instead = (_path, response) => {
        response.writeHead(503).end();
        return true;
      };
      const subject = name('late');
      const oidc = { issuer: late.url, subject, audience: AUDIENCE };
      const policy = { rules: [{ connection, identifiers: ['shared'] }] };
      expect((await operator.post('/v1/agents', { id: name('agent'), oidc, policy })).status).toBe(201);
      expect(late.asked).toEqual([]);
      const token = await late.token({ sub: subject, aud: AUDIENCE });
      const away = await fetchAs(token);
      expect(away).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(Number(away.headers['retry-after'])).toBeGreaterThan(0);
      late.instead = null;
      await expect.poll(async () => (await fetchAs(token)).status, { timeout: 60_000 }).toBe(200);
    } finally {
      await late.close();
    }
  });
});

it('many wrong tokens for one agent leave one record a minute', async () => {
  const { id, of } = await trusted();
  const wrong = await Promise.all(Array.from({ length: 20 }, () => issuer.token(of, {}, {}, strangers)));
  await Promise.all(wrong.map((token) => fetchAs(token)));
  await expect.poll(async () => (await refusals(id)).length).toBeGreaterThan(0);
  const records = await refusals(id);
  // The minute may have turned between two of them.
  expect(records.length).toBeLessThanOrEqual(2);
});
