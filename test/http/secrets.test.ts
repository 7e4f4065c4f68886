/**
 * Planted secrets are hunted in everything that leaves the broker or stays behind: answers that are not meant to hand
 * them out, its output at debug level, and every byte and row under its data folder. What an operator gives as a name
 * (ids, identifiers, metadata, client ids) is data and stands where it is expected: it serves as the control.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/callers.ts';
import { Canaries } from '../support/canary.ts';
import { storedRows } from '../support/stored-rows.ts';
import { name } from '../support/world.ts';
import { showAll, startScene, type ProviderAnswer, type Scene } from './secrets-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

describe('secrets', () => {
  it('of connections, accounts and agents are nowhere but in the answers that hand them out', async () => {
    const account = await scene.plant('life');
    const renewed = scene.canaries.make('access token of the renewed life');
    const successor = scene.canaries.make('refresh token of the renewed life');
    scene.answerWith(() => ({
      status: 200,
      body: JSON.stringify({
        access_token: renewed,
        refresh_token: successor,
        expires_in: 3600,
        token_type: 'Bearer',
      }),
    }));
    expect((await scene.fetchToken('life', account)).body.access_token).toBe(account.secrets.access);
    await scene.operator.post(`/v1/connected-accounts/${account.id}/expire`);
    const after = await scene.fetchToken('the renewed life', account);
    expect(after.body.access_token).toBe(renewed);
    await showAll(scene, account);
    for (const action of ['disable', 'enable', 'revoke'])
      await scene.operator.post(`/v1/connected-accounts/${account.id}/${action}`);
    await scene.operator.delete(`/v1/connected-accounts/${account.id}`);
    await scene.operator.delete(`/v1/agents/${account.agent.id}`);
    expect(scene.provider.seen.at(-1)?.body).toContain(
      encodeURIComponent(account.secrets.refresh).slice(0, 20),
    );
    expect(await scene.findings()).toEqual([]);
  });

  it('of static credentials are nowhere but in their answer', async () => {
    const [apiKey, password, field] = ['API key', 'password', 'custom field'].map((one) =>
      scene.canaries.make(one),
    );
    const bodies = [
      { type: 'api_key', body: { api_key: apiKey }, allowed: ['API key'] },
      { type: 'basic', body: { username: 'a-user', password }, allowed: ['password'] },
      { type: 'custom', body: { fields: { site: 'example', secret: field } }, allowed: ['custom field'] },
    ];
    for (const { type, body, allowed } of bodies) {
      const connection = name('static');
      const made = await scene.operator.put(`/v1/credentials/${connection}`, body);
      expect(made.body.credential_type, made.text).toBe(type);
      const agent = await call('POST', `${scene.broker.url}/v1/agents`, {
        key: scene.adminKey,
        body: { id: name('agent'), key: true, policy: { allowed_credentials: [connection] } },
      });
      const path = `/v1/agents/${agent.body.id}/credentials/${connection}`;
      const reply = await call('GET', scene.broker.url + path, {
        key: scene.canaries.plant(`agent key for ${type}`, agent.body.key),
      });
      expect(reply.status, reply.text).toBe(200);
      expect(scene.canaries.hunt('the credential', reply.text).map(({ canary }) => canary)).toEqual(
        expect.arrayContaining(allowed),
      );
      scene.look(reply, path, allowed);
      expect(
        (await scene.operator.put(`/v1/credentials/${connection}`, { ...body, surprise: 1 })).status,
      ).toBe(400);
    }
    expect(await scene.findings()).toEqual([]);
  });

  it('that a provider sends back are not passed on, whatever it makes of them', async () => {
    const echoes: [string, (sent: string) => ProviderAnswer][] = [
      [
        'description',
        (sent) => ({
          status: 400,
          body: JSON.stringify({ error: 'invalid_grant', error_description: sent }),
        }),
      ],
      ['code', (sent) => ({ status: 400, body: JSON.stringify({ error: sent }) })],
      [
        'unlisted',
        (sent) => ({ status: 400, body: JSON.stringify({ error: 'odd', code: sent, status: sent }) }),
      ],
      [
        'client',
        (sent) => ({
          status: 401,
          headers: { 'www-authenticate': `Bearer ${sent}` },
          body: JSON.stringify({ error: 'invalid_client', hint: sent }),
        }),
      ],
      ['page', (sent) => ({ status: 403, headers: { 'content-type': 'text/html' }, body: `<p>${sent}</p>` })],
      [
        'redirect',
        (sent) => ({
          status: 302,
          headers: { location: `${scene.provider.url}/?t=${encodeURIComponent(sent)}` },
          body: '',
        }),
      ],
      [
        'throttle',
        (sent) => ({
          status: 429,
          headers: { 'retry-after': encodeURIComponent(sent) },
          body: JSON.stringify({ error: sent }),
        }),
      ],
      ['down', (sent) => ({ status: 503, body: sent })],
      [
        'no token',
        (sent) => ({ status: 200, body: JSON.stringify({ [sent]: sent, scope: sent, note: [sent] }) }),
      ],
      ['cut', (sent) => ({ status: 200, body: `{"access_token":"${sent.slice(0, 20)}` })],
      [
        'form',
        (sent) => ({
          status: 200,
          headers: { 'content-type': 'text/plain' },
          body: new URLSearchParams({ error: sent }).toString(),
        }),
      ],
      [
        'odd type',
        (sent) => ({
          status: 200,
          body: JSON.stringify({ access_token: { value: sent }, token_type: sent }),
        }),
      ],
    ];
    for (const [label, answer] of echoes) {
      const account = await scene.plant(label);
      const { client, access } = account.secrets;
      scene.answerWith((form) => answer([form.get('refresh_token'), client, access].join('')));
      await scene.operator.post(`/v1/connected-accounts/${account.id}/refresh`);
      await scene.operator.post(`/v1/connected-accounts/${account.id}/expire`);
      expect((await scene.fetchToken(label, account)).status).not.toBe(200);
      await showAll(scene, account);
    }
    expect(await scene.findings()).toEqual([]);
  });
});

describe('the hunter', () => {
  it('finds what is planted: an identifier and metadata of the operator, in answers, files and rows', async () => {
    const control = scene.canaries.make('control');
    const { connection } = await scene.plant('control');
    const identifier = `user/${control}`;
    const made = await call('POST', `${scene.broker.url}/v1/connected-accounts`, {
      key: scene.adminKey,
      body: { connection, identifier, metadata: { note: control } },
    });
    expect(made.status).toBe(201);
    expect(scene.canaries.hunt('the answer', made.text).map(({ canary }) => canary)).toContain('control');
    await expect
      .poll(
        async () =>
          (await scene.canaries.huntFolder(scene.broker.folder)).map(({ where }) => where.split('/')[1]),
        {
          timeout: PATIENCE_MS,
          interval: 200,
        },
      )
      .toEqual(expect.arrayContaining(['miniflare-D1DatabaseObject', 'valetkey-ConnectedAccount']));
    const rows = await storedRows(scene.broker.folder);
    const tables = [...rows].filter(
      ([, found]) => scene.canaries.hunt('a table', found.join('\n')).length > 0,
    );
    expect(tables.map(([table]) => table.split(' ')[1]).toSorted()).toEqual(
      expect.arrayContaining(['account', 'account_index', 'audit_head']),
    );
  });

  it.each<[string, (secret: string) => string]>([
    ['as it is', (secret) => `before ${secret} after`],
    ['in base64, inside something else', (secret) => Buffer.from(`{"a":"${secret}"}`).toString('base64')],
    ['in base64, moved by one', (secret) => Buffer.from(`{"ab":"${secret}"}`).toString('base64')],
    ['in base64, moved by two', (secret) => Buffer.from(`{"abc":"${secret}"}`).toString('base64')],
    ['in base64url', (secret) => Buffer.from(`a:${secret}`).toString('base64url')],
    ['in hex', (secret) => Buffer.from(`x${secret}`).toString('hex')],
    ['in upper-case hex', (secret) => Buffer.from(secret).toString('hex').toUpperCase()],
    ['in a query', (secret) => `https://a.example/?t=${encodeURIComponent(secret)}`],
    ['in a form', (secret) => new URLSearchParams({ t: secret }).toString()],
    ['in JSON', (secret) => JSON.stringify({ t: secret })],
    ['in JSON in JSON', (secret) => JSON.stringify(JSON.stringify({ t: secret }))],
    ['backwards', (secret) => [...secret].toReversed().join('')],
    ['in lower case', (secret) => secret.toLowerCase()],
    ['in HTML', (secret) => secret.replaceAll('"', '&quot;')],
    ['in UTF-16', (secret) => Buffer.from(secret, 'utf16le').toString('latin1')],
  ])('finds a secret %s, and nothing where there is none', (_, hide) => {
    const canaries = new Canaries();
    const secret = canaries.make('hidden');
    const other = new Canaries().make('another');
    expect(canaries.hunt('here', Buffer.from(hide(secret), 'latin1')).length).toBeGreaterThan(0);
    expect(canaries.hunt('here', Buffer.from(hide(other), 'latin1'))).toEqual([]);
    expect(canaries.hunt('here', hide(secret), ['hidden'])).toEqual([]);
    expect(JSON.stringify(canaries.hunt('here', hide(secret)))).not.toContain(secret);
  });
});
