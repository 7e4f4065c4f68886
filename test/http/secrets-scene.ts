/**
 * What the tests of planted secrets share: a broker whose own keys are canaries, a provider that answers as it is told,
 * callers whose every answer is searched, and the search of everything that the broker has written.
 */

import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client, type Reply } from '../support/callers.ts';
import { Canaries, type Sighting } from '../support/canary.ts';
import { startServer, type HostileServer } from '../support/hostile-server.ts';
import { storedRows } from '../support/stored-rows.ts';
import { name } from '../support/world.ts';

/** What the token endpoint answers. */
export interface ProviderAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
}

/** A connection, an account and an agent, each with secrets of its own. */
export interface Planted {
  readonly connection: string;
  readonly id: string;
  readonly identifier: string;
  readonly agent: { readonly id: string; readonly key: string };
  readonly secrets: Readonly<Record<'access' | 'refresh' | 'client' | 'old client', string>>;
}

export interface Scene {
  readonly broker: TestBroker;
  readonly adminKey: string;
  /** `MASTER_KEYS` as it is set, without the key's id. */
  readonly masterKey: string;
  readonly canaries: Canaries;
  readonly provider: HostileServer;
  /** An operator whose every answer is searched. */
  readonly operator: Client;
  /** From now on the token endpoint answers so; it is given the form that it was sent. */
  answerWith(answer: (form: URLSearchParams) => ProviderAnswer): void;
  /** Searches an answer. `allowed`: the secrets that it exists to hand out. */
  look(reply: Reply, where: string, allowed?: readonly string[]): Reply;
  plant(label: string): Promise<Planted>;
  /** Fetches the account's token as its agent; the access token of `label` may be in a good answer. */
  fetchToken(
    label: string,
    account: Planted,
    query?: string,
    headers?: Record<string, string>,
  ): Promise<Reply>;
  /** What is seen where it must not be (answers, output, files, rows) and was not told before: each test fails for itself. */
  findings(): Promise<Sighting[]>;
  stop(): Promise<void>;
}

export async function startScene(): Promise<Scene> {
  const canaries = new Canaries();
  const sightings: Sighting[] = [];
  const told = new Set<string>();
  const raw = randomBytes(32);
  canaries.plantBytes('master key', raw);
  const masterKey = canaries.plant('master key as it is set', raw.toString('base64'));
  const adminKey = canaries.makePlain('ADMIN_KEY');
  const broker = await startBroker({ settings: { ADMIN_KEY: adminKey, MASTER_KEYS: `k1:${masterKey}` } });
  let answer: (form: URLSearchParams) => ProviderAnswer = () => ({ status: 500, body: '' });
  const provider = await startServer((request, response) => {
    const { status, headers, body } = answer(new URLSearchParams(request.body));
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  });

  const look: Scene['look'] = (reply, where, allowed = []) => {
    sightings.push(...canaries.hunt(`the answer to ${where}`, reply.text, allowed));
    sightings.push(...canaries.hunt(`the headers of ${where}`, JSON.stringify(reply.headers), allowed));
    return reply;
  };
  const operator = watched(client(broker.url, adminKey), look);

  const plant = async (label: string): Promise<Planted> => {
    const secrets = {
      access: canaries.make(`access token of ${label}`),
      refresh: canaries.make(`refresh token of ${label}`),
      client: canaries.make(`client secret of ${label}`),
      'old client': canaries.make(`old client secret of ${label}`),
    };
    const [connection, identifier, id] = [name('conn'), name('user'), name('agent')];
    const facts = { refresh_token: 'rotating', refresh_reuse_grace_s: 600 };
    const made = await operator.post('/v1/connections', {
      id: connection,
      provider: 'custom',
      client_id: 'a-client',
      client_secret: [secrets.client, secrets['old client']],
      provider_config: { token_url: `${provider.url}/token`, ...facts },
    });
    expect(made.status, made.text).toBe(201);
    const imported = await operator.put(`/v1/credentials/${connection}?identifier=${identifier}`, {
      access_token: secrets.access,
      refresh_token: secrets.refresh,
      expires_in: 3600,
    });
    expect(imported.status, imported.text).toBe(201);
    const policy = { rules: [{ connection, identifiers: ['*'] }] };
    const body = { id, key: true, policy };
    const agent = await call('POST', `${broker.url}/v1/agents`, { key: adminKey, body });
    const key = canaries.plant(`agent key of ${label}`, String(agent.body.key));
    // The key shows its agent and key id; the secret alone must not stand anywhere either.
    canaries.plant(`secret in the agent key of ${label}`, key.slice(-49, -6));
    look(agent, 'POST /v1/agents', [`agent key of ${label}`, `secret in the agent key of ${label}`]);
    return { connection, id: imported.body.id, identifier, agent: { id, key }, secrets };
  };

  return {
    broker,
    adminKey,
    masterKey,
    canaries,
    provider,
    operator,
    look,
    plant,
    answerWith: (given) => {
      answer = given;
    },
    fetchToken: async (label, account, query = '', headers = {}) => {
      const path = `/v1/connected-accounts/${account.id}/token${query}`;
      const reply = await call('GET', broker.url + path, { key: account.agent.key, headers });
      return look(
        reply,
        `GET ${path.slice(0, 60)}`,
        reply.status === 200 ? [`access token of ${label}`] : [],
      );
    },
    findings: async () => {
      const rows = await storedRows(broker.folder);
      const found = [
        ...sightings,
        ...canaries.hunt('the output of the broker', broker.output()),
        ...(await canaries.huntFolder(broker.folder)),
        ...[...rows].flatMap(([table, texts]) => canaries.hunt(table, texts.join('\n'))),
      ];
      const fresh = found.filter((sighting) => !told.has(JSON.stringify(sighting)));
      for (const sighting of fresh) told.add(JSON.stringify(sighting));
      return fresh;
    },
    stop: async () => {
      await broker.dispose();
      await provider.close();
    },
  };
}

function watched(inner: Client, look: Scene['look']): Client {
  return {
    get: async (path, headers) => look(await inner.get(path, headers), `GET ${path}`),
    post: async (path, body, headers) => look(await inner.post(path, body, headers), `POST ${path}`),
    put: async (path, body) => look(await inner.put(path, body), `PUT ${path}`),
    patch: async (path, body) => look(await inner.patch(path, body), `PATCH ${path}`),
    delete: async (path) => look(await inner.delete(path), `DELETE ${path}`),
  };
}

/** Everything that shows the account. */
export async function showAll(scene: Scene, { id, connection, agent }: Planted): Promise<void> {
  for (const path of [
    `/v1/connected-accounts/${id}`,
    `/v1/connected-accounts/${id}/audit/verify`,
    `/v1/connections/${connection}`,
    '/v1/connections?limit=100',
    `/v1/agents/${agent.id}`,
    `/v1/agents/${agent.id}/keys`,
    `/v1/agents/${agent.id}/policy`,
    '/readyz',
    '/healthz',
  ])
    await scene.operator.get(path);
}
