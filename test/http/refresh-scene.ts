/**
 * The stage of the refresh tests: one broker and one OAuth server per file, accounts on them, and per account what
 * reached the token endpoint. After every test: the server had no error of its own, and no refresh token was on its
 * way twice at the same time. After all: none of the tokens stands in what the broker printed.
 */

import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import {
  startOAuthServer,
  type OAuthServer,
  type OAuthServerOptions,
  type TokenCall,
} from '../../src/dev/oauth/server.ts';
import type { Fault } from '../../src/dev/oauth/faults.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import type { Client, Reply } from '../support/callers.ts';
import { name, world, type World } from '../support/world.ts';

/** The grace that server and facts agree on where a test has one. */
export const GRACE = { refresh_token: 'rotating', refresh_reuse_grace_s: 300 } as const;
export const GRACE_S = 300;
export const STATIC = { refresh_token: 'static' } as const;

export interface AccountOptions {
  /** Facts of the provider; default: rotating, strict. */
  readonly config?: Record<string, unknown>;
  /** Rotation mode of the connection; default: on demand, so that no timer mixes in. */
  readonly rotation?: string;
  /** Lifetime of the imported access token in seconds; null: it is imported without one. Default: as the server's. */
  readonly ttlS?: number | null;
  /** False: an access token alone, which nothing renews. */
  readonly renewable?: boolean;
  /** Overrides fields of `POST /v1/connections`. */
  readonly connection?: Record<string, unknown>;
}

export interface Account {
  readonly id: string;
  readonly connection: string;
  readonly identifier: string;
  readonly grantId: string;
  readonly refreshToken: string;
  readonly accessToken: string;
  /** The token as an agent asks for it; `query` with its question mark. */
  fetch(query?: string): Promise<Reply>;
  /** So many at once. */
  herd(size: number, query?: string): Promise<Reply[]>;
  /** The resource, live. */
  show(): Promise<Reply['body']>;
  /** `POST …/{name}`. */
  act(name: string): Promise<Reply>;
  /** Moves the expiry to now, and checks that it was done. */
  expire(): Promise<void>;
  /** What reached the token endpoint about this grant. */
  calls(): TokenCall[];
  /** What its next refresh meets: accounts of other tests refresh when their time has come. */
  meets(fault: Fault): void;
  /** Number of audit records, of a chain that verifies. */
  records(): Promise<number>;
  /**
   * How many different requests the records after number `since` are of, for each action and outcome. A request whose
   * proof has grown old on its way asks the account once more, which is recorded once more.
   */
  requestsSince(since: number): Promise<Record<string, number>>;
}

export interface Scene {
  readonly provider: OAuthServer;
  readonly broker: TestBroker;
  readonly w: World;
  readonly operator: Client;
  /** May ask for every account. */
  readonly agent: { id: string; key: string; client: Client };
  connect(options?: AccountOptions): Promise<Account>;
  /** The server never ends a request of this grant, so that the next one overlaps it although the broker gave it up. */
  leavesHanging(account: Account): void;
}

/** Call once per test file, at its top. */
export function refreshScene(
  options: {
    server?: OAuthServerOptions;
    settings?: Record<string, string>;
    /** The tests run at the same time: each keeps to its own account, and no test's faults end with another's. */
    sideBySide?: boolean;
    /** A broker that holds nothing of other files. */
    alone?: boolean;
  } = {},
): Scene {
  let provider: OAuthServer;
  let broker: TestBroker;
  let w: World;
  let agent: Scene['agent'];
  let checked = 0;
  const hanging = new Set<string | null>();
  // Tests that wait for half a minute wait together.
  if (options.sideBySide === true) vi.setConfig({ maxConcurrency: 20 });

  beforeAll(async () => {
    provider = await startOAuthServer(options.server ?? {});
    broker = await startBroker({ settings: options.settings ?? {}, alone: options.alone === true });
    w = world(broker, provider);
    agent = await w.agent({ rules: [{ connection: '*', identifiers: ['*'] }] });
  });
  afterEach(async () => {
    if (options.sideBySide !== true) {
      await provider.up();
      provider.faults.clear();
    }
    expect(provider.errors).toEqual([]);
    const since = provider.calls.slice(checked);
    checked = provider.calls.length;
    expect(since.filter((call) => call.overlaps && !hanging.has(call.grantId))).toEqual([]);
  });
  afterAll(async () => {
    await broker.dispose();
    await provider.close();
    const printed = broker.output();
    const tokens = provider.calls.flatMap((call) => [
      call.refreshToken,
      call.accessToken,
      call.newRefreshToken,
    ]);
    expect(tokens.filter((token) => token && printed.includes(token))).toEqual([]);
  });

  async function connect(wanted: AccountOptions = {}): Promise<Account> {
    const connection = name('conn');
    const made = await w.operator.post('/v1/connections', {
      id: connection,
      provider: 'custom',
      client_id: provider.client.clientId,
      client_secret: provider.client.clientSecret,
      rotation: wanted.rotation ?? 'on_demand',
      provider_config: { issuer: provider.issuer, refresh_token: 'rotating', ...wanted.config },
      ...wanted.connection,
    });
    expect(made.status, made.text).toBe(201);
    const ttlS = wanted.ttlS === undefined ? provider.accessTokenTtlS : wanted.ttlS;
    const grant = await provider.grant(ttlS === null ? {} : { accessTokenTtlS: ttlS });
    const identifier = name('user');
    const id = await w.account(connection, identifier, {
      ...(wanted.renewable === false ? {} : { refresh_token: grant.refreshToken }),
      // As it is, so that the test itself sees the first exchange.
      ...(ttlS === null ? { verify: false } : { access_token: grant.accessToken, expires_in: ttlS }),
    });
    const path = `/v1/connected-accounts/${id}`;
    const fetch = (query = '') => agent.client.get(`${path}/token${query}`);
    return {
      id,
      connection,
      identifier,
      grantId: grant.grantId,
      refreshToken: grant.refreshToken,
      accessToken: grant.accessToken,
      meets: (fault) => provider.faults.next(fault, 1, grant.grantId),
      fetch,
      herd: (size, query) => Promise.all(Array.from({ length: size }, () => fetch(query))),
      show: async () => {
        const shown = await w.operator.get(path);
        expect(shown.status, shown.text).toBe(200);
        return shown.body;
      },
      act: (action) => w.operator.post(`${path}/${action}`),
      expire: async () => {
        const expired = await w.operator.post(`${path}/expire`);
        expect(expired.status, expired.text).toBe(200);
      },
      calls: () => provider.calls.filter((call) => call.grantId === grant.grantId),
      records: async () => {
        const verified = await w.operator.get(`${path}/audit/verify`);
        expect(verified.body).toMatchObject({ intact: true, broken_at: null });
        return Number(verified.body.events);
      },
      requestsSince: async (since) => {
        const requests: Record<string, Set<string>> = {};
        const first = `/v1/audit-events?connected_account_id=${id}&limit=100`;
        for (let page = first; page !== '';) {
          const { body } = await w.operator.get(page);
          for (const { seq, action, outcome, correlation_id: request } of body.data)
            if (seq > since) (requests[`${action} ${outcome}`] ??= new Set()).add(request ?? `seq ${seq}`);
          const isMore = body.next_cursor !== null && body.data.at(-1).seq > since;
          page = isMore ? `${first}&cursor=${encodeURIComponent(body.next_cursor)}` : '';
        }
        return Object.fromEntries(Object.entries(requests).map(([what, of]) => [what, of.size]));
      },
    };
  }

  return {
    get provider() {
      return provider;
    },
    get broker() {
      return broker;
    },
    get w() {
      return w;
    },
    get operator() {
      return w.operator;
    },
    get agent() {
      return agent;
    },
    connect,
    leavesHanging: (account) => void hanging.add(account.grantId),
  };
}

/** `Retry-After` in seconds; NaN where it is missing or no whole number. */
export function retryAfterS(reply: Reply): number {
  const text = reply.headers['retry-after'] ?? '';
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** How many answers had which status. */
export function statuses(replies: readonly Reply[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** The different access tokens in answers. */
export function tokensIn(replies: readonly Reply[]): string[] {
  return [...new Set(replies.map((reply) => String(reply.body?.access_token)))];
}
