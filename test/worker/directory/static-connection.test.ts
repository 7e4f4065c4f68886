/** The connection that a static credential brings along. */

import { beforeEach, describe, expect, it } from 'vitest';
import { credentialHeaders } from '#providers/requests/headers.ts';
import { createConnection, findConnection } from '#directory/connections/connections.ts';
import { ensureStaticConnection } from '#directory/connections/static-connection.ts';
import { configWith, db, draft, dump, emptyVault, masterKey } from './world.ts';

const ring = `k1:${masterKey()}`;
let config = configWith(ring);

beforeEach(async () => {
  await emptyVault();
  config = configWith(ring);
});

async function problemsOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'done',
    (error: { code?: unknown; details?: { errors?: { path: string }[] } }) => [
      error.code,
      ...(error.details?.errors ?? []).map(({ path }) => path),
    ],
  );
}

describe('an absent connection', () => {
  it('is made as custom with the key as a bearer token', async () => {
    const settings = await ensureStaticConnection(config, 'internal-api', 'api_key');
    expect(settings).toMatchObject({
      id: 'internal-api',
      provider: 'custom',
      authType: 'api_key',
      clientId: null,
      version: 1,
    });
    expect(credentialHeaders(settings.descriptor.token_header, { api_key: 'k' })).toEqual({
      Authorization: 'Bearer k',
    });
    expect(await findConnection(db, 'internal-api')).toMatchObject({
      connection: { rotation: 'idle_after:7d' },
    });
  });

  it('takes a user and a password by Basic, and other fields without a header', async () => {
    const basic = await ensureStaticConnection(config, 'one', 'basic');
    const values = { username: 'u', password: 'p' };
    expect(credentialHeaders(basic.descriptor.token_header, values)).toEqual({
      Authorization: `Basic ${btoa('u:p')}`,
    });
    const custom = await ensureStaticConnection(config, 'two', 'custom');
    expect(custom.descriptor.token_header).toBeNull();
  });

  it('is made once by many at the same time, and is the same afterwards', async () => {
    const made = await Promise.all(
      [1, 2, 3, 4, 5].map(() => ensureStaticConnection(configWith(ring), 'one', 'api_key')),
    );
    expect(await db.prepare('SELECT count(*) AS n FROM connection').first('n')).toBe(1);
    expect(new Set(made.map((settings) => JSON.stringify(settings))).size).toBe(1);
    expect(await ensureStaticConnection(config, 'one', 'api_key')).toEqual(made[0]);
  });

  it('whose id names a provider of keys in the catalogue is made from its entry', async () => {
    const settings = await ensureStaticConnection(config, 'anthropic', 'api_key');
    expect(settings).toMatchObject({ provider: 'anthropic', authType: 'api_key' });
    expect(credentialHeaders(settings.descriptor.token_header, { api_key: 'k' })).toEqual({
      'x-api-key': 'k',
    });
    const keys = await ensureStaticConnection(config, 'mailgun', 'basic');
    const values = { username: 'api', password: 'k' };
    expect(credentialHeaders(keys.descriptor.token_header, values)).toEqual({
      Authorization: `Basic ${btoa('api:k')}`,
    });
  });

  it('whose entry needs a variable has to be made first', async () => {
    const before = await dump();
    expect(await problemsOf(ensureStaticConnection(config, 'freshdesk', 'basic'))).toEqual([
      'invalid_request',
      'connection',
    ]);
    expect(await dump()).toBe(before);
  });

  it('whose id names an OAuth provider of the catalogue is not made for a key', async () => {
    const before = await dump();
    expect(await problemsOf(ensureStaticConnection(config, 'hubspot', 'api_key'))).toEqual([
      'invalid_request',
      'type',
    ]);
    expect(await dump()).toBe(before);
  });

  it.each(['', 'UPPER', 'a b', 'x'.repeat(65), '../x', 'ü'])(
    'is not made under an id that none may have: %j',
    async (id) => {
      expect(await problemsOf(ensureStaticConnection(config, id, 'api_key'))).toEqual([
        'invalid_request',
        'connection',
      ]);
    },
  );
});

describe('a connection that is there', () => {
  it('is taken when its type fits, and refuses another type', async () => {
    await createConnection(config, draft('mine'), 1);
    expect(await problemsOf(ensureStaticConnection(config, 'mine', 'api_key'))).toEqual([
      'invalid_request',
      'type',
    ]);
    await ensureStaticConnection(config, 'key', 'api_key');
    expect(await problemsOf(ensureStaticConnection(config, 'key', 'basic'))).toEqual([
      'invalid_request',
      'type',
    ]);
  });
});

describe('a wrong ring', () => {
  it('makes none', async () => {
    await ensureStaticConnection(config, 'one', 'api_key');
    const before = await dump();
    const wrong = configWith(`k1:${masterKey()}`);
    expect(await problemsOf(ensureStaticConnection(wrong, 'two', 'api_key'))).toEqual(['vault_locked']);
    expect(await dump()).toBe(before);
  });
});
