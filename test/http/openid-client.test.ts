/**
 * The token service, used by an OAuth client that knows nothing of it but RFCs: `openid-client` reads its metadata, gets,
 * uses, asks about and ends tokens in each form, `jose` verifies them with the published keys.
 */

import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuerKey } from '../support/issuer.ts';
import { name } from '../support/world.ts';
import { agent, broker, connection, issuer, startTokenScene, stopTokenScene } from './token-scene.ts';

beforeAll(startTokenScene);
afterAll(stopTokenScene);

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

/** By `/.well-known/oauth-authorization-server/oauth`. */
function discovered(clientId: string, auth: oidc.ClientAuth): Promise<oidc.Configuration> {
  return oidc.discovery(new URL(`${broker.url}/oauth`), clientId, undefined, auth, {
    algorithm: 'oauth2',
    execute: [oidc.allowInsecureRequests],
  });
}

const FORMS: Readonly<Record<string, () => Promise<oidc.Configuration>>> = {
  client_secret_basic: async () => {
    const { id, key } = await agent();
    return discovered(id, oidc.ClientSecretBasic(key));
  },
  client_secret_post: async () => {
    const { id, key } = await agent();
    return discovered(id, oidc.ClientSecretPost(key));
  },
  private_key_jwt: async () => {
    const key = await issuerKey('mine', 'ES256');
    const { d: _, ...published } = key.jwk;
    const { id } = await agent({ jwks: { keys: [published] } });
    return discovered(id, oidc.PrivateKeyJwt({ key: key.privateKey, kid: 'mine' }));
  },
};

const resource = () => new URL(`${broker.url}/v1/agents/self/credentials/${connection}?identifier=shared`);

async function statusWith(
  config: oidc.Configuration,
  token: string,
  DPoP?: oidc.DPoPHandle,
): Promise<number> {
  try {
    const headers = new Headers();
    const options = DPoP === undefined ? {} : { DPoP };
    return (await oidc.fetchProtectedResource(config, token, resource(), 'GET', null, headers, options))
      .status;
  } catch (error) {
    if (error instanceof oidc.WWWAuthenticateChallengeError) return error.response.status;
    throw error;
  }
}

async function verified(config: oidc.Configuration, token: string): Promise<Record<string, unknown>> {
  const { issuer: iss, jwks_uri: jwksUri } = config.serverMetadata();
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(String(jwksUri))), {
    issuer: iss,
    audience: broker.url,
    typ: 'at+jwt',
    algorithms: ['ES256'],
    requiredClaims: ['sub', 'client_id', 'jti', 'iat', 'exp'],
  });
  return payload;
}

describe.each(Object.keys(FORMS))('openid-client by %s', (way) => {
  it('finds the token service, gets a token, uses it, asks about it and ends it', async () => {
    const config = await FORMS[way]!();
    const id = config.clientMetadata().client_id;
    const { access_token: token, expires_in: life } = await oidc.clientCredentialsGrant(config);
    expect(life).toBe(900);
    expect(await verified(config, token)).toMatchObject({ sub: id, client_id: id });
    expect(await statusWith(config, token)).toBe(200);
    expect(await oidc.tokenIntrospection(config, token)).toMatchObject({ active: true, client_id: id });
    await oidc.tokenRevocation(config, token);
    expect(await oidc.tokenIntrospection(config, token)).toEqual({ active: false });
    await expect.poll(() => statusWith(config, token), { timeout: 10_000 }).toBe(401);
  });

  it('binds its token to a key of its own (DPoP), and nobody uses it without', async () => {
    const config = await FORMS[way]!();
    const handle = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
    const answer = await oidc.clientCredentialsGrant(config, undefined, { DPoP: handle });
    expect(answer.token_type).toBe('dpop');
    const token = answer.access_token;
    const jkt = await handle.calculateThumbprint();
    expect(await verified(config, token)).toMatchObject({ cnf: { jkt } });
    for (let n = 0; n < 3; n += 1) expect(await statusWith(config, token, handle)).toBe(200);
    const thief = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
    expect(await statusWith(config, token, thief)).toBe(401);
    expect(await statusWith(config, token)).toBe(401);
    expect(await oidc.tokenIntrospection(config, token)).toMatchObject({ token_type: 'DPoP', cnf: { jkt } });
    await oidc.tokenRevocation(config, token);
    await expect.poll(() => statusWith(config, token, handle), { timeout: 10_000 }).toBe(401);
  });
});

describe.each(Object.keys(FORMS))('openid-client of an orchestrator by %s', (way) => {
  const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
  const smaller = (subject: string, actor: string, identifiers: readonly string[]) => ({
    subject_token: subject,
    subject_token_type: ACCESS_TOKEN,
    actor_label: actor,
    authorization_details: JSON.stringify([{ type: 'valetkey_rule', connection, identifiers }]),
  });

  it('hands on a smaller token, which its sub-agent makes smaller with no client of its own', async () => {
    const config = await FORMS[way]!();
    const id = config.clientMetadata().client_id;
    const { access_token: whole } = await oidc.clientCredentialsGrant(config);
    const first = await oidc.genericGrantRequest(
      config,
      TOKEN_EXCHANGE,
      smaller(whole, 'planner', ['shared']),
    );
    expect(first).toMatchObject({ token_type: 'bearer', issued_token_type: ACCESS_TOKEN });
    expect(await verified(config, first.access_token)).toMatchObject({
      sub: id,
      client_id: id,
      act: { sub: 'planner' },
    });
    expect(await statusWith(config, first.access_token)).toBe(200);
    const bare = await discovered(id, oidc.None());
    const second = await oidc.genericGrantRequest(
      bare,
      TOKEN_EXCHANGE,
      smaller(first.access_token, 'reader', ['nobody']),
    );
    expect(await verified(bare, second.access_token)).toMatchObject({
      act: { sub: 'reader', act: { sub: 'planner' } },
    });
    expect(await statusWith(bare, second.access_token)).toBe(403);
    await oidc.tokenRevocation(config, first.access_token);
    await expect.poll(() => statusWith(bare, second.access_token), { timeout: 10_000 }).toBe(401);
    expect(await statusWith(config, whole)).toBe(200);
  });

  it('hands on a token that is bound to its key, over a proof of that key alone', async () => {
    const config = await FORMS[way]!();
    const handle = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
    const { access_token: whole } = await oidc.clientCredentialsGrant(config, undefined, { DPoP: handle });
    const fields = smaller(whole, 'planner', ['shared']);
    const { access_token: child, token_type: type } = await oidc.genericGrantRequest(
      config,
      TOKEN_EXCHANGE,
      fields,
      { DPoP: handle },
    );
    expect(type).toBe('dpop');
    expect(await statusWith(config, child, handle)).toBe(200);
    expect(await statusWith(config, child)).toBe(401);
    const thief = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
    for (const DPoP of [undefined, thief])
      await expect(
        oidc.genericGrantRequest(config, TOKEN_EXCHANGE, fields, DPoP === undefined ? {} : { DPoP }),
      ).rejects.toMatchObject({ error: 'invalid_request' });
  });
});

describe('openid-client of a workload', () => {
  const exchange = async (DPoP?: (config: oidc.Configuration) => Promise<oidc.DPoPHandle>) => {
    const sub = name('repo:acme/agent');
    const aud = 'https://broker.example';
    const { id } = await agent({ oidc: { issuer: issuer.url, subject: sub, audience: aud } });
    const config = await discovered(id, oidc.None());
    const fields = { subject_token: await issuer.token({ sub, aud }), subject_token_type: JWT };
    const handle = await DPoP?.(config);
    const options = handle === undefined ? {} : { DPoP: handle };
    const answer = await oidc.genericGrantRequest(config, TOKEN_EXCHANGE, fields, options);
    return { id, config, handle, answer };
  };

  it('exchanges its token for one of the broker', async () => {
    const { id, config, answer } = await exchange();
    expect(answer).toMatchObject({
      token_type: 'bearer',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    expect(await verified(config, answer.access_token)).toMatchObject({ sub: id });
    expect(await statusWith(config, answer.access_token)).toBe(200);
  });

  it('binds that one to a key of its own', async () => {
    const { config, handle, answer } = await exchange(async (found) =>
      oidc.getDPoPHandle(found, await oidc.randomDPoPKeyPair('ES384' as never)),
    );
    expect(answer.token_type).toBe('dpop');
    expect(decodeJwt(answer.access_token)).toHaveProperty('cnf.jkt');
    expect(await statusWith(config, answer.access_token, handle)).toBe(200);
    expect(await statusWith(config, answer.access_token)).toBe(401);
  });
});

it('the metadata says what a client may bind a token to', async () => {
  const { id, key } = await agent();
  const metadata = (await discovered(id, oidc.ClientSecretPost(key))).serverMetadata();
  expect(metadata).toMatchObject({
    dpop_signing_alg_values_supported: expect.arrayContaining(['ES256', 'Ed25519']),
    tls_client_certificate_bound_access_tokens: true,
    token_endpoint_auth_methods_supported: expect.arrayContaining(['none', ...Object.keys(FORMS)]),
    introspection_endpoint_auth_methods_supported: Object.keys(FORMS),
  });
});
