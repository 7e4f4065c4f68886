/**
 * The ways in that take a signed token, each with a token that is right, by its own key: what `attack-matrix.test.ts`
 * bends. Each says what is misdirected there, which times are wrong, and how often its token may come.
 */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import {
  calculateJwkThumbprint,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
} from 'jose';
import { expect, vi } from 'vitest';
import { createApp } from '#api/app.ts';
import { createFront } from '#api/tokens/token-front.ts';
import { openPrivateKey } from '#crypto/signing/token-key.ts';
import { tokenHash } from '#crypto/digest.ts';
import { isAgentIndexed } from '#directory/indexes/agent-index.ts';
import { openBundle, signingBundle } from '#directory/callers/signing-keys.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { systemNow } from '#lib/clock.ts';
import { config } from '../agents/world.ts';

const ORIGIN = 'https://broker.test';
export const ISSUER = 'https://matrix-issuer.example';
const CLIENT = 'https://matrix-client.example';
const TEAM = 'https://matrix.cloudflareaccess.com';
const AUD = 'a'.repeat(64);
const ADMIN = String((env as Record<string, unknown>)['ADMIN_KEY']);
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const front = createFront(createApp());
const nowS = () => Math.floor(systemNow() / 1000);
export const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An isolate that remembers nothing. */
export const isolate = () => ({
  ...(env as object),
  BASE_URL: ORIGIN,
  ACCESS_TEAM: 'matrix',
  ACCESS_AUD: AUD,
  ACCESS_ROLES: '@acme.example=admin',
});
let here = isolate();

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
  readonly json?: unknown;
}

export async function ask(
  path: string,
  { method, headers = {}, form, json }: Sent = {},
  where: object = here,
) {
  const body = form === undefined ? json && JSON.stringify(json) : new URLSearchParams(form).toString();
  const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
  const request = new Request(ORIGIN + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
    ...(body === undefined ? {} : { body: String(body) }),
  });
  const execution = createExecutionContext();
  const answer = await front(request as never, where, execution);
  const text = await answer.text();
  await waitOnExecutionContext(execution);
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, any> };
}

export const asOperator = { authorization: `Bearer ${ADMIN}` };

interface Signer {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

async function signer(alg: string, kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } };
}

let count = 0;
export async function newAgent(more: Record<string, unknown> = {}, id = `matrix-${(count += 1)}`) {
  const made = await ask('/v1/agents', {
    headers: asOperator,
    json: { id, key: true, policy: { rules: [] }, ...more },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  // The object tells the directory of itself a moment later: a client that proves nothing yet is looked up there.
  await vi.waitUntil(() => isAgentIndexed(config.directory, id, 1_000), { timeout: 10_000 });
  return { id, key: String(made.body['key']) };
}

/** What an attack may change: claims and head, and who signs. */
type Make = (claims?: object, header?: object, by?: Signer) => Promise<string>;

/** One way in, with a token that is right. */
export interface Way {
  readonly id: string;
  readonly key: Signer;
  readonly make: Make;
  /** Whether the token proves its agent there. */
  readonly takes: (token: string, where?: object) => Promise<boolean>;
  /** Of another audience, of another issuer, and of other times: what the claims of that are here. */
  readonly misdirected: Readonly<Record<'audience' | 'issuer', object>>;
  readonly times: Readonly<
    Record<'over' | 'ahead' | 'inSkewOver' | 'inSkewAhead' | 'unbounded', () => object>
  >;
  readonly types: readonly (string | undefined)[];
  readonly isOnce: boolean;
  /** It names its key by `jwk`, which nothing else does. */
  readonly ownKey?: boolean;
}

let key: Signer;
export let rsa: Signer;
export let p384: Signer;
export let stranger: Signer;

const makeOf =
  (way: { key: Signer; claims: () => object; header: object }): Make =>
  (claims = {}, header = {}, by = way.key) =>
    new SignJWT({ ...way.claims(), ...claims })
      .setProtectedHeader({ alg: by.alg, kid: way.key.kid, ...way.header, ...header } as never)
      .sign(by.privateKey);

const bearerTimes = {
  over: () => ({ iat: nowS() - 200, exp: nowS() - 62 }),
  ahead: () => ({ iat: nowS() + 90, exp: nowS() + 600 }),
  inSkewOver: () => ({ iat: nowS() - 200, exp: nowS() - 50 }),
  inSkewAhead: () => ({ iat: nowS() + 50, exp: nowS() + 600 }),
  unbounded: () => ({ iat: nowS(), exp: undefined }),
};
const ASSERTION_TIMES = {
  ...bearerTimes,
  over: () => ({ iat: nowS() - 122, exp: nowS() - 62 }),
  ahead: () => ({ iat: nowS() + 90, exp: nowS() + 120 }),
  inSkewOver: () => ({ iat: nowS() - 100, exp: nowS() - 50 }),
  inSkewAhead: () => ({ iat: nowS() + 50, exp: nowS() + 100 }),
};
const PROOF_TIMES = {
  over: () => ({ iat: nowS() - 63 }),
  ahead: () => ({ iat: nowS() + 90 }),
  inSkewOver: () => ({ iat: nowS() - 55 }),
  inSkewAhead: () => ({ iat: nowS() + 55 }),
  unbounded: () => ({ iat: undefined }),
};

const LIST = '/v1/agents/self/credentials';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function brokerWay(takes: (id: string) => Way['takes']): Promise<Way> {
  const { id, key: secret } = await newAgent();
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret };
  const token = String((await ask('/oauth/token', { form })).body['access_token']);
  const row = (await openBundle(config, await signingBundle(config.directory))).at(-1)!;
  const privateKey = await openPrivateKey(await row.openPrivate());
  const published = row.published as unknown as JWK;
  const publicKey = (await crypto.subtle.importKey(
    'jwk',
    published as never,
    { name: 'ECDSA', namedCurve: 'P-256' },
    true,
    ['verify'],
  )) as CryptoKey;
  const own = { alg: 'ES256', kid: row.kid, privateKey, publicKey, jwk: published };
  const claims = decodeJwt(token);
  return {
    id,
    key: own,
    make: makeOf({ key: own, claims: () => claims, header: { typ: 'at+jwt' } }),
    takes: takes(id),
    misdirected: {
      audience: { aud: 'https://other.example' },
      issuer: { iss: 'https://other.example/oauth' },
    },
    times: bearerTimes,
    types: ['at+jwt'],
    isOnce: false,
  };
}

const workloadWay = async (takes: Way['takes']): Promise<Way> => {
  const sub = `matrix-workload-${(count += 1)}`;
  const { id } = await newAgent({ oidc: { issuer: ISSUER, subject: sub, audience: 'broker' } });
  return {
    id,
    key,
    make: makeOf({
      key,
      claims: () => ({ iss: ISSUER, sub, aud: 'broker', iat: nowS(), exp: nowS() + 600 }),
      header: {},
    }),
    takes,
    misdirected: { audience: { aud: 'another' }, issuer: { iss: 'https://other.example' } },
    times: bearerTimes,
    types: [undefined, 'JWT'],
    isOnce: false,
  };
};

const assertionWay = async (proofs: object): Promise<Way> => {
  const { id } = await newAgent(proofs as Record<string, unknown>);
  const claims = () => ({
    iss: id,
    sub: id,
    aud: `${ORIGIN}/oauth`,
    jti: crypto.randomUUID(),
    iat: nowS(),
    exp: nowS() + 50,
  });
  return {
    id,
    key,
    make: makeOf({ key, claims, header: {} }),
    takes: async (token, where) => {
      const form = {
        grant_type: 'client_credentials',
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: token,
      };
      return (await ask('/oauth/token', { form }, where)).status === 200;
    },
    misdirected: { audience: { aud: `${ORIGIN}/oauth/token` }, issuer: { iss: 'another' } },
    times: ASSERTION_TIMES,
    types: [undefined, 'JWT', 'client-authentication+jwt'],
    isOnce: true,
  };
};

const proofWay = async (atUse: boolean): Promise<Way> => {
  const { id, key: secret } = await newAgent();
  const { kid: _kid, alg: _alg, ...jwk } = key.jwk;
  const jkt = await calculateJwkThumbprint(jwk);
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret };
  const forToken = () => ({
    jti: crypto.randomUUID(),
    htm: 'POST',
    htu: `${ORIGIN}/oauth/token`,
    iat: nowS(),
  });
  const header = { typ: 'dpop+jwt', jwk };
  const first = makeOf({ key, claims: forToken, header });
  const bound = async (dpop: string, where?: object) => {
    const answer = await ask('/oauth/token', { form, headers: { dpop } }, where);
    return answer.status === 200 ? String(answer.body['access_token']) : null;
  };
  const token = (await bound(await first())) ?? '';
  const forUse = () => ({ ...forToken(), htm: 'GET', htu: `${ORIGIN}${LIST}`, ath: tokenHash(token) });
  return {
    id,
    key,
    make: atUse ? makeOf({ key, claims: forUse, header }) : first,
    takes: atUse
      ? async (dpop, where) =>
          (await ask(LIST, { headers: { authorization: `DPoP ${token}`, dpop } }, where)).status === 200
      : async (dpop, where) => {
          const made = await bound(dpop, where);
          return made !== null && (decodeJwt(made)['cnf'] as { jkt?: string } | undefined)?.jkt === jkt;
        },
    misdirected: { audience: { htu: `${ORIGIN}/v1/agents` }, issuer: { htm: 'PUT' } },
    times: PROOF_TIMES,
    types: ['dpop+jwt'],
    isOnce: true,
    ownKey: true,
  };
};

export const WAYS: Readonly<Record<string, () => Promise<Way>>> = {
  'a token of the broker, used': () =>
    brokerWay(
      () => async (token, where) => (await ask(LIST, { headers: bearer(token) }, where)).status === 200,
    ),
  'a token of the broker, asked about': () =>
    brokerWay(() => async (token, where) => {
      const answer = await ask('/oauth/introspect', { form: { token }, headers: asOperator }, where);
      return answer.body['active'] === true;
    }),
  'a workload’s token, used': () =>
    workloadWay(async (token, where) => (await ask(LIST, { headers: bearer(token) }, where)).status === 200),
  'a workload’s token, exchanged': () =>
    workloadWay(async (token, where) => {
      const grant_type = 'urn:ietf:params:oauth:grant-type:token-exchange';
      const form = { grant_type, subject_token: token, subject_token_type: JWT_TYPE };
      return (await ask('/oauth/token', { form }, where)).status === 200;
    }),
  'an assertion under a key that lies here': async () => assertionWay({ jwks: { keys: [key.jwk] } }),
  'an assertion under a key that the client publishes': () => assertionWay({ jwks_uri: `${CLIENT}/jwks` }),
  'a proof of a key, for a token': () => proofWay(false),
  'a proof of a key, with a token': () => proofWay(true),
  'a person’s token of Access': async () => {
    const { id } = await newAgent();
    const claims = () => ({
      iss: TEAM,
      sub: 'c0ffee',
      aud: [AUD],
      email: 'ops@acme.example',
      type: 'app',
      iat: nowS(),
      exp: nowS() + 600,
    });
    return {
      id,
      key,
      make: makeOf({ key, claims, header: {} }),
      takes: async (token, where) =>
        (await ask(`/v1/agents`, { headers: { 'cf-access-jwt-assertion': token } }, where)).status === 200,
      misdirected: {
        audience: { aud: ['b'.repeat(64)] },
        issuer: { iss: 'https://other.cloudflareaccess.com' },
      },
      times: bearerTimes,
      types: [undefined, 'JWT'],
      isOnce: false,
    };
  },
};

/** Keys, and the documents of issuers and clients that a stubbed `fetch` answers. */
export async function startWays(): Promise<void> {
  await applyMigrations(config.directory);
  [key, rsa, p384, stranger] = await Promise.all([
    signer('ES256', 'one'),
    signer('RS256', 'one'),
    signer('ES384', 'one'),
    signer('ES256', 'stranger'),
  ]);
  const documents: Record<string, unknown> = {
    [`${ISSUER}/.well-known/openid-configuration`]: { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` },
    [`${ISSUER}/keys`]: { keys: [key.jwk] },
    [`${ISSUER}/stranger`]: { keys: [stranger.jwk] },
    [`${CLIENT}/jwks`]: { keys: [key.jwk] },
    [`${TEAM}/cdn-cgi/access/certs`]: { keys: [key.jwk] },
  };
  vi.stubGlobal('fetch', (url: string) => Promise.resolve(Response.json(documents[url] ?? {})));
}

/** From here on each request comes to an isolate that remembers nothing. */
export function forget(): void {
  here = isolate();
}
