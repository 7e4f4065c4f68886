/**
 * Secrets in the wrong places: where another field, header or parameter belongs, by mistake or on purpose. What refuses
 * them does not repeat them, what takes them does not keep them. Two things are the caller's own words and come back as
 * he wrote them: the name of an unknown field, and a correlation id of the sane form (`A-Za-z0-9._-`), unless it is one
 * of the broker's own keys; the planted tokens hold other characters, so as a correlation id they are replaced.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, client } from '../support/callers.ts';
import { name } from '../support/world.ts';
import { startScene, type Planted, type Scene } from './secrets-scene.ts';

let scene: Scene;
let account: Planted;
/** Every kind of secret there is, by name. */
let secrets: [string, string][];
/** Those that are no proof of the broker's own: presenting one of its keys elsewhere is refused as such. */
let foreign: [string, string][];

beforeAll(async () => {
  scene = await startScene();
  account = await scene.plant('misplaced');
  const { canaries, adminKey, masterKey } = scene;
  const connection = name('static');
  const statics: [string, string][] = ['API key', 'password', 'custom field'].map((one) => [
    one,
    canaries.make(one),
  ]);
  const [apiKey, password, field] = statics.map(([, secret]) => secret);
  await scene.operator.put(`/v1/credentials/${connection}-a`, { api_key: apiKey });
  await scene.operator.put(`/v1/credentials/${connection}-b`, { username: 'user', password });
  await scene.operator.put(`/v1/credentials/${connection}-c`, { fields: { field } });
  foreign = [...Object.entries(account.secrets), ...statics, ['master key', masterKey]];
  secrets = [...foreign, ['ADMIN_KEY', adminKey], ['agent key', account.agent.key]];
});
afterAll(() => scene.stop());

const agentCall = (path: string, headers: Record<string, string> = {}) =>
  call('GET', scene.broker.url + path, { key: account.agent.key, headers });
const short = () => `/v1/agents/${account.agent.id}/credentials/${account.connection}`;

describe('secrets in headers', () => {
  const NAMES = [
    'x-tool-call-id',
    'user-agent',
    'x-correlation-id',
    'referer',
    'x-forwarded-for',
    'cf-connecting-ip',
    'accept-language',
    'idempotency-key',
    'cookie',
    'x-api-key',
    'x-anything',
  ];

  it.each(NAMES)(
    '%s: reach no record, log or answer, neither of the agent nor of the operator',
    async (header) => {
      for (const [what, secret] of secrets) {
        const headers = { [header]: secret };
        const where = `${what} in ${header}`;
        await scene.fetchToken('misplaced', account, '', headers);
        await scene.fetchToken('misplaced', account, '?min_ttl=nonsense', headers);
        scene.look(await agentCall(`${short()}?identifier=nobody`, headers), where);
        const path = `/v1/connected-accounts/${account.id}`;
        for (const [method, url] of [
          ['GET', path],
          ['POST', `${path}/expire`],
          ['POST', `/v1/agents/${account.agent.id}/resume`],
          ['GET', '/v1/nothing/here'],
        ] as const)
          scene.look(await call(method, scene.broker.url + url, { key: scene.adminKey, headers }), where);
      }
      await scene.operator.put(`/v1/connected-accounts/${account.id}/credential`, {
        type: 'oauth2',
        access_token: account.secrets.access,
        refresh_token: account.secrets.refresh,
        expires_in: 3600,
      });
      expect(await scene.findings()).toEqual([]);
    },
  );

  it('Authorization: a proof that is none is not kept', async () => {
    for (const [what, secret] of foreign) {
      for (const value of [
        `Bearer ${secret}`,
        `Basic ${Buffer.from(`u:${secret}`).toString('base64')}`,
        secret,
      ]) {
        for (const path of ['/v1/connections', `/v1/connected-accounts/${account.id}/token`]) {
          const reply = await call('GET', scene.broker.url + path, { headers: { authorization: value } });
          expect(reply.status).toBe(401);
          scene.look(reply, `${what} as Authorization`);
        }
      }
    }
    const wrong = scene.canaries.plant('wrong agent key', `${account.agent.key.slice(0, -7)}xxxxxxx`);
    scene.look(await call('GET', scene.broker.url + short(), { key: wrong }), 'a wrong agent key');
    expect(await scene.findings()).toEqual([]);
  });
});

describe('secrets in URLs', () => {
  it('reach no record, log or answer as parameters', async () => {
    for (const [what, secret] of secrets) {
      const value = encodeURIComponent(secret);
      for (const query of [
        `rejected=${value}`,
        `scope=${value}`,
        `min_ttl=${value}`,
        `token=${value}`,
        `${value}=1`,
      ]) {
        await scene.fetchToken('misplaced', account, `?${query}`);
        const reply = scene.look(
          await agentCall(`${short()}?identifier=${account.identifier}&${query}`),
          what,
          ['access token of misplaced'],
        );
        // 503: what was granted is not known yet, and the refresh that tells is not due.
        expect([200, 400, 401, 403, 503]).toContain(reply.status);
      }
      for (const query of [`limit=${value}`, `cursor=${value}`, `x=${value}`])
        await scene.operator.get(`/v1/connections?${query}`);
      for (const query of [`organization=${value}`, `identifier=%20${value}`])
        await scene.operator.put(`/v1/credentials/${account.connection}?${query}`, { refresh_token: secret });
    }
    expect(await scene.findings()).toEqual([]);
  });

  it('reach no record, log or answer as parts of the path', async () => {
    for (const [what, secret] of secrets) {
      const value = encodeURIComponent(secret);
      for (const path of [
        `/${value}`,
        `/v1/${value}`,
        `/v1/connections/${value}`,
        `/v1/providers/${value}`,
        `/v1/agents/${value}`,
        `/v1/agents/${account.agent.id}/keys/${value}`,
        `/v1/agents/${account.agent.id}/${value}`,
        `/v1/connected-accounts/${value}`,
        `/v1/connected-accounts/${account.id}/${value}`,
      ]) {
        await scene.operator.get(path);
        await scene.operator.delete(path);
        await scene.operator.post(path, {});
      }
      await scene.operator.put(`/v1/credentials/${value}`, { api_key: secret });
      for (const path of [`/v1/connected-accounts/${value}/token`, `/v1/agents/${value}/credentials/x`])
        scene.look(await agentCall(path), `${what} in a path`);
      scene.look(
        await agentCall(`/v1/agents/${account.agent.id}/credentials/${value}`),
        `${what} as a connection`,
      );
    }
    expect(await scene.findings()).toEqual([]);
  });
});

describe('secrets in bodies', () => {
  /** Bodies that are wrong because of where `secret` stands; each must be refused. */
  const bad = (secret: string): [string, string, unknown][] => {
    const one = `/v1/connected-accounts/${account.id}`;
    const custom = { id: name('conn'), provider: 'custom', client_id: 'x' };
    const inRule = (rule: unknown) => ({ id: name('agent'), policy: { rules: [rule] } });
    const bodies: [string, string, unknown[]][] = [
      [
        'POST',
        '/v1/connections',
        [
          secret,
          [secret],
          { ...custom, id: secret },
          { id: name('conn'), provider: secret, client_id: 'x' },
          { ...custom, provider_config: secret },
          { ...custom, provider_config: { token_url: secret } },
          { ...custom, provider_config: { token_url: `https://u:${secret}@id.example/token` } },
          { ...custom, provider_config: { token_url: 'https://id.example/token', pkce: secret } },
          { ...custom, provider_config: { issuer: `https://127.0.0.2/${encodeURIComponent(secret)}` } },
          { ...custom, client_secret: { secret } },
          { ...custom, client_secret: [secret, secret, secret] },
          { ...custom, client_secret: `${secret}\n` },
          { ...custom, scopes: secret },
          { ...custom, scopes: [`${secret} ${secret}`] },
          { ...custom, variables: { a: [secret] } },
          { ...custom, rotation: secret },
          { ...custom, verification: secret },
          { ...custom, unknown: secret },
        ],
      ],
      [
        'POST',
        '/v1/agents',
        [
          secret,
          { id: secret },
          { id: name('agent'), name: { secret } },
          { id: name('agent'), name: `${secret}\n` },
          { id: name('agent'), organization: secret },
          { id: name('agent'), key: secret },
          { id: name('agent'), policy: secret },
          { id: name('agent'), policy: { allowed_credentials: [`${secret}:x`] } },
          inRule({ connection: secret }),
          inRule({ connection: 'x', identifiers: [` ${secret}`] }),
          inRule({ connection: 'x', scopes: [`${secret} x`] }),
          inRule({ connection: 'x', unknown: secret }),
          { id: name('agent'), jwks: { keys: [secret] } },
        ],
      ],
      ['PATCH', `/v1/agents/${account.agent.id}`, [{ name: [secret] }, { policy: secret }, { id: secret }]],
      ['PUT', `/v1/agents/${account.agent.id}/policy`, [secret, { rules: secret }, { rules: [secret] }]],
      [
        'POST',
        '/v1/connected-accounts',
        [
          { connection: secret, identifier: 'x' },
          { connection: 'absent', identifier: secret },
          { connection: account.connection, identifier: ` ${secret}` },
          { connection: account.connection, identifier: 'x', organization: secret },
          { connection: account.connection, identifier: 'x', metadata: secret },
          { connection: account.connection, identifier: 'x', unknown: { a: [secret] } },
        ],
      ],
      [
        'PUT',
        `${one}/credential`,
        [
          secret,
          { type: secret },
          { type: 'oauth2', refresh_token: `${secret} ` },
          { type: 'oauth2', refresh_token: [secret] },
          { type: 'oauth2', access_token: { secret } },
          { type: 'oauth2', refresh_token: secret, expires_in: secret },
          { type: 'oauth2', refresh_token: secret, scope: `${secret}  ` },
          { type: 'oauth2', refresh_token: secret, unknown: secret },
          { type: 'api_key', api_key: secret },
          { type: 'basic', username: secret, password: secret },
          { type: 'custom', fields: { a: secret } },
        ],
      ],
      [
        'PUT',
        `/v1/credentials/${name('static')}`,
        [
          { api_key: `${secret} ` },
          { api_key: secret, refresh_token: secret },
          { username: secret },
          { fields: { a: [secret] } },
          { fields: { a: `${secret}\n` } },
        ],
      ],
    ];
    return bodies.flatMap(([method, path, list]) =>
      list.map((body): [string, string, unknown] => [method, path, body]),
    );
  };

  it('are refused without being repeated or kept, whichever field they stand in', async () => {
    const own = client(scene.broker.url, scene.adminKey);
    for (const [what, secret] of secrets) {
      for (const [method, path, body] of bad(secret)) {
        const reply = await call(method, scene.broker.url + path, { key: scene.adminKey, body });
        // An issuer that does not answer is 502.
        expect([400, 502], `${what}: ${method} ${path} ${JSON.stringify(body)}`).toContain(reply.status);
        scene.look(reply, `${method} ${path} with ${what}`);
      }
      for (const raw of [secret, `{"a":"${secret}"`, `${secret}{}`, `{"refresh_token":"${secret}"},`])
        scene.look(
          await call('POST', `${scene.broker.url}/v1/agents`, { key: scene.adminKey, raw }),
          `raw ${what}`,
        );
    }
    expect((await own.get(`/v1/agents/${account.agent.id}`)).status).toBe(200);
    expect(await scene.findings()).toEqual([]);
  });
});
