/** Fresh names per test, and the short ways to an account that is connected: what a first-time operator would do. */

import { randomBytes } from 'node:crypto';
import type { OAuthServer } from '../../src/dev/oauth/server.ts';
import type { TestBroker } from './broker.ts';
import { client, type Client } from './callers.ts';

export function name(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`;
}

export interface World {
  readonly operator: Client;
  /** A connection to the OAuth server; facts of the provider may be overridden. */
  connection(config?: Record<string, unknown>): Promise<string>;
  /** An agent with its key. */
  agent(
    policy: unknown,
    options?: { id?: string; organization?: string },
  ): Promise<{ id: string; key: string; client: Client }>;
  /** An account with an imported grant. */
  account(connection: string, identifier: string, credential: Record<string, unknown>): Promise<string>;
  /** Connection, grant, account and agent in one. */
  connected(options?: {
    config?: Record<string, unknown>;
    /** Import the access token beside the refresh token. */
    withAccessToken?: boolean;
    accessTokenTtlS?: number;
  }): Promise<{
    connection: string;
    identifier: string;
    accountId: string;
    grantId: string;
    refreshToken: string;
    accessToken: string;
    agent: { id: string; key: string; client: Client };
    fetchToken(query?: string): ReturnType<Client['get']>;
  }>;
}

function must(status: number, expected: number[], what: string, text: string): void {
  if (!expected.includes(status)) throw new Error(`${what} answered ${status}: ${text}`);
}

export function world(broker: Pick<TestBroker, 'url' | 'adminKey'>, provider: OAuthServer): World {
  const operator = client(broker.url, broker.adminKey);
  const self: World = {
    operator,
    connection: async (config = {}) => {
      const id = name('conn');
      const made = await operator.post('/v1/connections', {
        id,
        provider: 'custom',
        client_id: provider.client.clientId,
        client_secret: provider.client.clientSecret,
        provider_config: { issuer: provider.issuer, refresh_token: 'rotating', ...config },
      });
      must(made.status, [201], 'POST /v1/connections', made.text);
      return id;
    },
    agent: async (policy, options = {}) => {
      const id = options.id ?? name('agent');
      const made = await operator.post('/v1/agents', {
        id,
        key: true,
        policy,
        ...(options.organization ? { organization: options.organization } : {}),
      });
      must(made.status, [201], 'POST /v1/agents', made.text);
      const key = String(made.body.key);
      return { id, key, client: client(broker.url, key) };
    },
    account: async (connection, identifier, credential) => {
      const put = await operator.put(
        `/v1/credentials/${connection}?identifier=${encodeURIComponent(identifier)}`,
        credential,
      );
      must(put.status, [200, 201], 'PUT /v1/credentials', put.text);
      return String(put.body.id);
    },
    connected: async (options = {}) => {
      const connection = await self.connection(options.config);
      const identifier = name('user');
      const grant = await provider.grant(
        options.accessTokenTtlS === undefined ? {} : { accessTokenTtlS: options.accessTokenTtlS },
      );
      const accountId = await self.account(connection, identifier, {
        refresh_token: grant.refreshToken,
        // As it is, so that the test itself sees the first exchange.
        ...(options.withAccessToken === false
          ? { verify: false }
          : { access_token: grant.accessToken, expires_in: Math.floor(grant.expiresInS) }),
      });
      const agent = await self.agent({ rules: [{ connection, identifiers: ['*'] }] });
      return {
        connection,
        identifier,
        accountId,
        grantId: grant.grantId,
        refreshToken: grant.refreshToken,
        accessToken: grant.accessToken,
        agent,
        fetchToken: (query = '') => agent.client.get(`/v1/connected-accounts/${accountId}/token${query}`),
      };
    },
  };
  return self;
}
