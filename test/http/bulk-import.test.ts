/** Many credentials in one request: a line each, a line back for each, and no line harms another. */

import { describe, expect, it } from 'vitest';
import { name } from '../support/world.ts';
import { refreshScene } from './refresh-scene.ts';

const scene = refreshScene();

interface Result {
  readonly line: number;
  readonly status: number;
  readonly id?: string;
  readonly code?: string;
  readonly detail?: string;
}

async function send(body: string, options: { key?: string; type?: string } = {}) {
  const response = await fetch(`${scene.broker.url}/v1/credentials/import`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${options.key ?? scene.broker.adminKey}`,
      'content-type': options.type ?? 'application/x-ndjson',
    },
    body,
  });
  const text = await response.text();
  const isLines = response.headers.get('content-type') === 'application/x-ndjson';
  const lines = isLines
    ? text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Result)
    : [];
  return { response, text, lines };
}

const ndjson = (lines: unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

describe('an import of many', () => {
  it('makes accounts that nobody has proven, which are refreshed when they are needed', async () => {
    const connection = await scene.w.connection();
    const grants = await Promise.all(Array.from({ length: 20 }, () => scene.provider.grant()));
    const { response, lines } = await send(
      ndjson(
        grants.map((grant, n) => ({
          connection,
          identifier: `user-${n}`,
          credential: { refresh_token: grant.refreshToken },
        })),
      ),
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(lines.map(({ line, status }) => [line, status])).toEqual(grants.map((_, n) => [n + 1, 201]));
    const ids = new Set(grants.map(({ grantId }) => grantId));
    const made = () => scene.provider.calls.filter((call) => ids.has(call.grantId ?? ''));
    expect(made()).toHaveLength(0);
    const token = await scene.agent.client.get(`/v1/connected-accounts/${lines[7]?.id}/token`);
    expect(token.status, token.text).toBe(200);
    expect(made()).toHaveLength(1);
    const shown = await scene.operator.get(`/v1/connected-accounts/${lines[3]?.id}`);
    expect(shown.body).toMatchObject({ status: 'active', identifier: 'user-3' });
    expect(shown.body.next_refresh_at).not.toBeNull();
  });

  it('answers each line by itself, in their order, and repeats no value', async () => {
    const connection = await scene.w.connection();
    const good = (await scene.provider.grant()).refreshToken;
    const line = (more: Record<string, unknown>) =>
      JSON.stringify({
        connection,
        identifier: 'u',
        credential: { refresh_token: 'planted-value' },
        ...more,
      });
    const { lines, text } = await send(
      [
        line({ identifier: 'first', credential: { refresh_token: good } }),
        'planted-value',
        '',
        line({ credential: { refresh_token: 'null' } }),
        line({ credential: { refresh_token: 'null', verify: false } }),
        line({ unknown: 'planted-value' }),
        line({ connection: 'nobody-made-this' }),
        line({ credential: { api_key: 'planted-value' } }),
        line({ identifier: ' planted ' }),
        line({ identifier: 'last', credential: { type: 'oauth2', access_token: 'at', expires_in: 60 } }),
        `${'['.repeat(40)}${']'.repeat(40)}`,
      ].join('\n'),
    );
    expect(lines.map(({ line: number, status, code }) => [number, status, code])).toEqual([
      [1, 201, undefined],
      [2, 400, 'invalid_request'],
      [4, 400, 'invalid_request'],
      [5, 400, 'invalid_request'],
      [6, 400, 'invalid_request'],
      [7, 400, 'invalid_request'],
      [8, 400, 'invalid_request'],
      [9, 400, 'invalid_request'],
      [10, 201, undefined],
      [11, 400, 'invalid_request'],
    ]);
    expect(text).not.toContain('planted-value');
    expect(lines[5]?.detail).toContain('connection');
  });

  it('sent twice changes nothing, however much was refreshed in between', async () => {
    const connection = await scene.w.connection();
    const grant = await scene.provider.grant();
    const body = ndjson([{ connection, identifier: 'u', credential: { refresh_token: grant.refreshToken } }]);
    const { lines } = await send(body);
    for (let round = 0; round < 2; round += 1) {
      const path = `/v1/connected-accounts/${lines[0]?.id}`;
      expect((await scene.agent.client.get(`${path}/token`)).status).toBe(200);
      expect((await send(body)).lines).toEqual([{ line: 1, status: 200, id: lines[0]?.id }]);
      await scene.operator.post(`${path}/expire`);
    }
    expect(await scene.provider.state(grant.grantId)).toMatchObject({ alive: true });
  });

  it('replaces no living grant unless the line says so', async () => {
    const account = await scene.connect();
    const { connection, identifier } = account;
    const other = { refresh_token: 'of-somewhere-else' };
    const refused = await send(ndjson([{ connection, identifier, credential: other }]));
    expect(refused.lines).toMatchObject([{ status: 409, code: 'conflict' }]);
    expect((await account.fetch()).body.access_token).toBe(account.accessToken);
    const taken = await send(ndjson([{ connection, identifier, credential: { ...other, verify: false } }]));
    expect(taken.lines).toMatchObject([{ status: 200, id: account.id }]);
  });

  it('brings static credentials too, and makes their connection once', async () => {
    const connection = name('keys');
    const { lines } = await send(
      ndjson(
        Array.from({ length: 10 }, (_, n) => ({
          connection,
          identifier: `u${n}`,
          credential: { api_key: `key-${n}` },
        })),
      ),
    );
    expect(lines.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 201));
    const token = await scene.agent.client.get(`/v1/connected-accounts/${lines[4]?.id}/token`);
    expect(token.body.api_key).toBe('key-4');
  });

  it('by the key of an organization is for that organization', async () => {
    const connection = await scene.w.connection();
    const made = await scene.operator.post('/v1/admin-keys', { role: 'operator', organization: 'acme' });
    const credential = { access_token: 'at', expires_in: 60 };
    const { lines } = await send(
      ndjson([
        { connection, identifier: 'a', credential },
        { connection, identifier: 'b', organization: 'acme', credential },
        { connection, identifier: 'c', organization: 'other', credential },
      ]),
      { key: String(made.body.key) },
    );
    expect(lines.map(({ status }) => status)).toEqual([201, 201, 400]);
    const shown = await scene.operator.get(`/v1/connected-accounts/${lines[0]?.id}`);
    expect(shown.body.organization).toBe('acme');
    const auditor = await scene.operator.post('/v1/admin-keys', { role: 'auditor' });
    expect((await send('{}', { key: String(auditor.body.key) })).response.status).toBe(403);
  });

  it('is refused whole where it is empty, too long, too large, or something else', async () => {
    expect((await send('')).response.status).toBe(400);
    expect((await send('\n \n')).response.status).toBe(400);
    expect((await send('{}\n'.repeat(1_001))).response.status).toBe(400);
    expect((await send('x'.repeat(1024 * 1024 + 1))).response.status).toBe(413);
    const json = await send('{}', { type: 'application/json' });
    expect([json.response.status, JSON.parse(json.text).code]).toEqual([415, 'unsupported_media_type']);
  });

  it('takes a thousand lines', async () => {
    const connection = await scene.w.connection();
    const rubbish = { connection, identifier: 'many', credential: { access_token: 'null' } };
    const all = Array.from({ length: 1_000 }, () => rubbish);
    const { lines } = await send(ndjson(all));
    expect(lines.map(({ line, status }) => [line, status])).toEqual(all.map((_, n) => [n + 1, 400]));
  });
});
