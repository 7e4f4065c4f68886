/** An account at a simulated provider whose tools an agent may use. */

import { expect, vi } from 'vitest';
import {
  allEntries,
  connectionVariablesOf,
  playedApiUrls,
  playedUrlsOf,
} from '#dev/simulator/entries/entries.ts';
import type { SimulatedAccount, Simulator } from '#dev/simulator/world.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import type { TestBroker } from '../support/broker.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { name } from '../support/world.ts';

export interface ToolScene {
  readonly provider: string;
  readonly connection: string;
  readonly accountId: string;
  readonly account: SimulatedAccount;
  readonly api: Awaited<ReturnType<Simulator['api']>>;
  readonly agentId: string;
  readonly agent: Client;
  readonly token: string;
  /** Another account of the same connection, by its identifier. */
  readonly another: () => Promise<Pick<ToolScene, 'account' | 'accountId'>>;
  readonly execute: (
    tool: string,
    parameters: object,
    more?: object,
    headers?: Record<string, string>,
  ) => Promise<Reply>;
}

/** Lists of accounts and tools come from the directory, which hears of an account a moment after it is made. */
export async function listed(operator: Client, connection: string, accountId: string): Promise<void> {
  const ids = async () => {
    const { body } = await operator.get(`/v1/connected-accounts?connection=${connection}&limit=100`);
    return (body.data as { id: string }[]).map(({ id }) => id);
  };
  await vi.waitFor(async () => expect(await ids()).toContain(accountId), { timeout: PATIENCE_MS });
}

export interface SceneOptions {
  /** As the account was granted; left out: nobody says. */
  readonly scopes?: readonly string[];
  readonly rule?: object;
}

export async function toolScene(
  broker: TestBroker,
  simulator: Simulator,
  provider: string,
  { scopes, rule = {} }: SceneOptions = {},
): Promise<ToolScene> {
  const operator = client(broker.url, broker.adminKey);
  const entry = allEntries().find(({ id }) => id === provider);
  if (entry === undefined) throw new Error(`no entry ${provider}`);
  const api = await simulator.api(provider);
  const connection = name(provider);
  const made = await operator.post('/v1/connections', {
    id: connection,
    provider,
    client_id: simulator.client.clientId,
    client_secret: simulator.client.clientSecret,
    variables: connectionVariablesOf(entry),
    provider_config: {
      ...playedUrlsOf(entry, simulator.origin),
      api_base_urls: playedApiUrls(entry, api.origin),
    },
  });
  expect(made.status, made.text).toBe(201);
  const told = scopes === undefined || scopes.length === 0 ? {} : { scope: scopes.join(' ') };
  const connected = async (identifier: string) => {
    const account = simulator.account({ dialect: `providers/${provider}`, id: name('user'), ...told });
    const { accessToken, refreshToken } = account.first;
    const put = await operator.put(`/v1/credentials/${connection}?identifier=${identifier}`, {
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_in: 3600,
      ...told,
    });
    expect(put.status, put.text).toBe(201);
    const accountId = String(put.body.id);
    await listed(operator, connection, accountId);
    return { account, accountId };
  };
  const { account, accountId } = await connected('u1');
  const agentId = name('agent');
  const asked = await operator.post('/v1/agents', {
    id: agentId,
    key: true,
    policy: { rules: [{ connection, identifiers: ['*'], ...rule }] },
  });
  expect(asked.status, asked.text).toBe(201);
  const agent = client(broker.url, String(asked.body.key));
  return {
    provider,
    connection,
    accountId,
    account,
    api,
    agentId,
    agent,
    token: account.first.accessToken,
    another: () => connected(name('user')),
    execute: (tool, parameters, more = {}, headers = {}) =>
      agent.post(
        `/v1/tools/${tool}/execute`,
        { connected_account_id: accountId, parameters, ...more },
        headers,
      ),
  };
}
