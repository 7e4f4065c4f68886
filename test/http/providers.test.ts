/** The catalogue and the two probes, over HTTP. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';

let broker: TestBroker;
let operator: Client;

beforeAll(async () => {
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
});

afterAll(async () => {
  await broker.dispose();
});

describe('the catalogue', () => {
  it('is walked by id, and each entry reads the same alone', async () => {
    const all = (await operator.get('/v1/providers?limit=100')).body;
    const ids = all.data.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(ids.toSorted());
    expect(ids).toContain('hubspot');
    const first = (await operator.get('/v1/providers?limit=1')).body;
    expect(first.data).toEqual([all.data[0]]);
    const second = (await operator.get(`/v1/providers?limit=1&cursor=${first.next_cursor}`)).body;
    expect(second.data).toEqual([all.data[1]]);
    expect((await operator.get(`/v1/providers/${ids[0]}`)).body).toEqual(all.data[0]);
  });

  it('says what is known of a provider and how sure it is', async () => {
    const { status, body } = await operator.get('/v1/providers/hubspot');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 'hubspot',
      auth_type: 'oauth2',
      supported: true,
      token_url: expect.stringMatching(/^https:/),
      scope_aliases: expect.any(Object),
      source: expect.any(Array),
      confidence: expect.stringMatching(/^(?:high|medium|low)$/),
      unverified_fields: expect.any(Array),
    });
  });

  it('says how a static credential is imported and sent, whose client a preset shares, and what is not verified', async () => {
    const get = async (id: string) => (await operator.get(`/v1/providers/${id}`)).body;
    expect(await get('zendesk-api-token')).toMatchObject({
      auth_type: 'basic',
      token_header: 'Authorization: Basic base64({username}/token:{password})',
      credential_fields: [
        { name: 'username', label: 'email' },
        { name: 'password', label: 'api_token' },
      ],
    });
    expect(await get('google-gmail')).toMatchObject({ preset_of: 'google', credential_fields: [] });
    const linear = await get('linear');
    expect(linear.unverified_fields).toContain('revocation_reach');
    expect(linear.revocation_reach).toBe('unknown');
  });

  it('is walked to its end, two hundred entries', async () => {
    const ids: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { body } = await operator.get(
        `/v1/providers?limit=70${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      ids.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.next_cursor;
    }
    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(ids.length).toBeGreaterThanOrEqual(200);
  });

  it('is for operators, and 404 for what it does not have', async () => {
    expect((await client(broker.url, null).get('/v1/providers')).status).toBe(401);
    expect((await client(broker.url, null).get('/v1/providers/hubspot')).status).toBe(401);
    for (const id of ['none', '__proto__', 'constructor', '%00']) {
      expect((await operator.get(`/v1/providers/${id}`)).status).toBe(404);
    }
  });
});

describe('the probes', () => {
  it('answer everyone, without a secret', async () => {
    const anyone = client(broker.url, null);
    expect((await anyone.get('/healthz')).body).toEqual({
      status: 'ok',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
    const ready = await anyone.get('/readyz');
    expect(ready.status).toBe(200);
    expect(ready.body.status).toBe('ready');
    expect(Object.keys(ready.body.checks).toSorted()).toEqual([
      'access',
      'admin_key',
      'base_url',
      'client_certificates',
      'directory',
      'dns_resolver',
      'loopback',
      'master_keys',
      'schema',
      'unverified_links',
    ]);
    expect(ready.text).not.toContain(broker.adminKey.slice(6, 20));
  });

  it('say which keys are missing, and the broker answers all the same', async () => {
    const bare = await startBroker({ settings: { ADMIN_KEY: '', MASTER_KEYS: '' } });
    try {
      const anyone = client(bare.url, null);
      expect((await anyone.get('/healthz')).status).toBe(200);
      const ready = await anyone.get('/readyz');
      expect(ready.status).toBe(503);
      const wrong = Object.entries<{ ok: boolean; detail: string }>(ready.body.checks).filter(
        ([, check]) => !check.ok,
      );
      expect(wrong.map(([check, { detail }]) => [check, detail.split(/:| \(/)[0]])).toEqual([
        ['master_keys', 'MASTER_KEYS is not set'],
        ['admin_key', 'ADMIN_KEY is not set'],
      ]);
      expect((await client(bare.url, '').post('/v1/connections', {})).status).toBe(401);
    } finally {
      await bare.dispose();
    }
  });
});
