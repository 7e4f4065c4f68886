/**
 * AWS keys: they sign what leaves through the proxy, to the byte, and are handed to nobody. The API here checks each
 * signature by itself (`dev/simulator/signed/verify-sigv4.ts`).
 */

import { request as undici } from 'undici';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import {
  ACCESS_KEY,
  customConnection,
  SECRET_KEY,
  startAwsApi,
  workerOf,
  type AwsApi,
} from './signed-scene.ts';

let broker: TestBroker;
let operator: Client;
let agent: Client;
let key: string;
let api: AwsApi;

const CREDENTIAL = {
  type: 'aws',
  access_key_id: ACCESS_KEY,
  secret_access_key: SECRET_KEY,
  region: 'eu-central-1',
};

beforeAll(async () => {
  [broker, api] = await Promise.all([startBroker(), startAwsApi()]);
  operator = client(broker.url, broker.adminKey);
  ({ agent, key } = await workerOf(broker, operator));
});
afterAll(async () => {
  await broker.dispose();
  api.close();
});
beforeEach(() => {
  api.seen.length = 0;
  api.offsetMs = 0;
  api.keys = { [ACCESS_KEY]: { secret: SECRET_KEY } };
});

/** @returns the id of an account with this credential */
async function account(service: string, credential: object = CREDENTIAL): Promise<string> {
  const connection = await customConnection(operator, {
    auth_type: 'aws',
    signer_service: service,
    api_base_urls: [api.origin],
  });
  const put = await operator.put(`/v1/credentials/${connection}?identifier=u`, credential);
  expect(put.status, put.text).toBe(201);
  return String(put.body.id);
}

const proxy = (
  id: string,
  path: string,
  init: { method?: string; headers?: object; body?: string | Buffer } = {},
) =>
  undici(`${broker.url}/v1/connected-accounts/${id}/proxy${path}`, {
    method: (init.method ?? 'GET') as 'GET',
    headers: { authorization: `Bearer ${key}`, ...init.headers },
    body: init.body ?? null,
  });

describe('an AWS key', () => {
  it('signs the call for the service and region of the account, and the caller says which operation', async () => {
    const id = await account('dynamodb');
    const answer = await proxy(id, '/', {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.ListTables',
      },
      body: '{"Limit":1}',
    });
    expect([answer.statusCode, await answer.body.json()]).toEqual([200, { ok: true }]);
    const [seen] = api.seen;
    expect(seen?.verdict).toMatchObject({ ok: true, service: 'dynamodb', region: 'eu-central-1' });
    expect(seen?.headers['x-amz-target']).toBe('DynamoDB_20120810.ListTables');
    expect(seen?.body.toString()).toBe('{"Limit":1}');
  });

  it('is handed to nobody: the token routes say where it works', async () => {
    const id = await account('s3');
    for (const path of [`/v1/connected-accounts/${id}/token`]) {
      const reply = await agent.get(path);
      expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
      expect(reply.body.detail).toContain('proxy');
      expect(reply.text).not.toContain(SECRET_KEY);
    }
    const shown = await operator.get(`/v1/connected-accounts/${id}`);
    expect(shown.body).toMatchObject({ status: 'active', credential_type: 'aws', expires_at: null });
    expect((await operator.get(`/v1/connected-accounts/${id}/explain`)).body.why).toContain('signs');
  });

  it('sends the session token of a temporary key', async () => {
    api.keys = { ASIATEMPORARY: { secret: SECRET_KEY, sessionToken: 'session-token-1' } };
    const id = await account('s3', {
      ...CREDENTIAL,
      access_key_id: 'ASIATEMPORARY',
      session_token: 'session-token-1',
    });
    expect((await proxy(id, '/bucket/key')).statusCode).toBe(200);
  });

  it('covers what is kept of a body; a longer one goes unsigned to S3, and not at all elsewhere', async () => {
    const long = Buffer.alloc(1024 * 1024 + 1, 'x');
    const s3 = await account('s3');
    const put = await proxy(s3, '/bucket/long', { method: 'PUT', body: long });
    expect(put.statusCode, await put.body.text()).toBe(200);
    expect(api.seen[0]?.verdict).toMatchObject({ ok: true, payload: 'UNSIGNED-PAYLOAD' });
    expect(api.seen[0]?.body.length).toBe(long.length);
    const short = await proxy(s3, '/bucket/short', { method: 'PUT', body: 'short' });
    expect(short.statusCode).toBe(200);
    expect(api.seen[1]?.verdict).not.toMatchObject({ payload: 'UNSIGNED-PAYLOAD' });
    const other = await account('kinesis');
    const refused = await proxy(other, '/', { method: 'POST', body: long });
    expect([refused.statusCode, ((await refused.body.json()) as { code: string }).code]).toEqual([
      413,
      'too_large',
    ]);
    expect(api.seen).toHaveLength(2);
  });

  it('that the API refuses is told, and served on; a clock that is wrong is no dead key', async () => {
    const id = await account('s3');
    const read = async () => (await operator.get(`/v1/connected-accounts/${id}`)).body;
    api.offsetMs = 3_600_000;
    const skewed = await proxy(id, '/b');
    expect([skewed.statusCode, skewed.headers['x-valetkey-attempts']]).toEqual([403, '1']);
    expect(await skewed.body.text()).toContain('RequestTimeTooSkewed');
    expect(await read()).toMatchObject({ status: 'active', degraded_since: null });
    api.offsetMs = 0;
    api.keys = {};
    const dead = await proxy(id, '/b');
    expect(await dead.body.text()).toContain('InvalidAccessKeyId');
    expect(await read()).toMatchObject({ status: 'active', degraded_since: expect.any(String) });
    api.keys = { [ACCESS_KEY]: { secret: SECRET_KEY } };
    expect((await proxy(id, '/b')).statusCode).toBe(200);
  });

  it('is signed anew for a key that was replaced', async () => {
    const id = await account('s3');
    await operator.put(`/v1/connected-accounts/${id}/credential`, {
      ...CREDENTIAL,
      access_key_id: 'AKIANEXT',
    });
    api.keys = { AKIANEXT: { secret: SECRET_KEY } };
    expect((await proxy(id, '/b')).statusCode).toBe(200);
  });
});

describe('what was signed', () => {
  const segment = fc
    .stringMatching(/^[A-Za-z0-9._~!$&'()*,;=:@-]{1,12}$/)
    .filter((text) => !/^\.+$/.test(text));
  const encoded = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }).map(encodeURIComponent);
  const path = fc.array(
    fc.oneof(
      segment,
      encoded.filter((text) => !/%2F|%5C|%2E|%00|%0|%1|%7F/i.test(text)),
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,8}$/);
  const query = fc.uniqueArray(fc.tuple(name, encoded), { maxLength: 4, selector: ([one]) => one });

  it('is byte for byte what left, for any path, query, body and service', async () => {
    const ids = { s3: await account('s3'), dynamodb: await account('dynamodb') };
    await fc.assert(
      fc.asyncProperty(
        path,
        query,
        fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
        fc.constantFrom('s3' as const, 'dynamodb' as const),
        fc.uint8Array({ maxLength: 200 }),
        async (segments, pairs, method, service, bytes) => {
          const search = pairs.map(([one, value]) => `${one}=${value}`).join('&');
          const target = `/${segments.join('/')}${search === '' ? '' : `?${search}`}`;
          const before = api.seen.length;
          const answer = await proxy(ids[service], target, {
            method,
            ...(method === 'GET' || method === 'DELETE' ? {} : { body: Buffer.from(bytes) }),
          });
          const text = await answer.body.text();
          // What is not spelled as URLs have it is refused before anything is signed.
          if (answer.statusCode === 400) return;
          expect([answer.statusCode, text]).toEqual([200, '{"ok":true}']);
          const seen = api.seen.slice(before);
          // As URLs are spelled: an apostrophe of a query leaves every client so.
          const { pathname, search: asked } = new URL(target, api.origin);
          expect(seen.map((one) => one.target)).toEqual([`${pathname}${asked}`]);
        },
      ),
      { numRuns: 60 },
    );
    expect(api.seen.length).toBeGreaterThan(20);
  });
});

describe('a key that cannot work', () => {
  it('is refused at its field', async () => {
    const connection = await customConnection(operator, {
      auth_type: 'aws',
      signer_regions: ['eu-central-1', 'eu-west-1'],
      api_base_urls: [api.origin],
    });
    const refusedAt = async (change: object) => {
      const reply = await operator.put(`/v1/credentials/${connection}`, { ...CREDENTIAL, ...change });
      expect([reply.status, reply.body.code], reply.text).toEqual([400, 'invalid_request']);
      expect(reply.text).not.toContain(SECRET_KEY);
      return reply.body.errors[0].path;
    };
    expect(await refusedAt({ region: 'us-east-1' })).toBe('region');
    expect(await refusedAt({ region: 'Frankfurt!' })).toBe('region');
    expect(await refusedAt({ access_key_id: 'has space' })).toBe('access_key_id');
    expect(await refusedAt({ secret_access_key: '' })).toBe('secret_access_key');
    expect(await refusedAt({ secret_access_key: 'two words' })).toBe('secret_access_key');
    expect(await refusedAt({ expires_at: '2020-01-01T00:00:00Z' })).toBe('expires_at');
    expect(await refusedAt({ type: 'oauth1', token: 't', token_secret: 's' })).not.toBe('region');
    const nowhere = await operator.put('/v1/credentials/no-such-connection-of-aws', CREDENTIAL);
    expect([nowhere.status, nowhere.body.errors[0].path]).toEqual([400, 'connection']);
    expect((await operator.get('/v1/connections/no-such-connection-of-aws')).status).toBe(404);
  });
});
