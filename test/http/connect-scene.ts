/** The stage of the connect tests: a broker, a real OAuth server that answers by itself, and the steps of a flow. */

import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { startOAuthServer, type OAuthServer, type OAuthServerOptions } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { browser, type Browser, type Page } from '../support/browser.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { name, world, type World } from '../support/world.ts';

export const RETURN_URL = 'http://127.0.0.1:9/connected?app=1';

export interface Session {
  readonly accountId: string;
  readonly identifier: string;
  readonly connection: string;
  readonly sessionId: string;
  readonly url: string;
}

export interface ConnectScene {
  readonly provider: OAuthServer;
  readonly broker: TestBroker;
  readonly operator: Client;
  readonly w: World;
  /** A connection whose redirect URI the server knows. */
  connection(fields?: Record<string, unknown>, config?: Record<string, unknown>): Promise<string>;
  /** A link for a new account, or for one that is there. */
  link(
    connection: string,
    options?: {
      identifier?: string;
      accountId?: string;
      body?: Record<string, unknown>;
      organization?: string;
    },
  ): Promise<Session>;
  /** Opens the link, presses the button, says yes at the provider and comes back. */
  walk(session: Pick<Session, 'url'>, who?: Browser): Promise<Page>;
  /** The same up to the provider's redirect back, which is not followed: its address. */
  walkToCallback(session: Pick<Session, 'url'>, who?: Browser): Promise<string>;
  /** Session and code from the done page or the return URL. */
  finished(page: Page): { sessionId: string; confirmCode: string; status: string | null };
  confirm(session: Session, confirmCode: string): Promise<Reply>;
  show(sessionId: string): Promise<Reply['body']>;
  account(accountId: string): Promise<Reply['body']>;
  /** How many codes reached the token endpoint since the test began. */
  redeemed(): number;
  token(connection: string, identifier: string): Promise<Reply>;
}

export function connectScene(
  options: {
    server?: OAuthServerOptions;
    settings?: Record<string, string>;
    /** A broker that holds nothing of other files. */
    alone?: boolean;
  } = {},
): ConnectScene {
  let provider: OAuthServer;
  let broker: TestBroker;
  let w: World;
  let agent: { id: string; key: string; client: Client };
  const redirectUris: string[] = [];

  beforeAll(async () => {
    provider = await startOAuthServer(options.server ?? {});
    broker = await startBroker({ settings: options.settings ?? {}, alone: options.alone === true });
    w = world(broker, provider);
    agent = await w.agent({ rules: [{ connection: '*', identifiers: ['*'] }] });
  });
  afterEach(async () => {
    await provider.up();
    provider.faults.clear();
    expect(provider.errors).toEqual([]);
    provider.calls.length = 0;
    Object.assign(provider.user, { subject: null, answer: 'allow', scopes: null });
  });
  afterAll(async () => {
    await broker.dispose();
    await provider.close();
  });

  const scene: ConnectScene = {
    get provider() {
      return provider;
    },
    get broker() {
      return broker;
    },
    get operator() {
      return w.operator;
    },
    get w() {
      return w;
    },
    connection: async (fields = {}, config = {}) => {
      const id = name('conn');
      redirectUris.push(`${broker.url}/oauth/callback/${id}`);
      await provider.setClient(provider.client, redirectUris);
      const made = await w.operator.post('/v1/connections', {
        id,
        provider: 'custom',
        client_id: provider.client.clientId,
        client_secret: provider.client.clientSecret,
        scopes: ['openid', 'contacts.read'],
        rotation: 'on_demand',
        provider_config: { issuer: provider.issuer, refresh_token: 'rotating', ...config },
        ...fields,
      });
      expect(made.status, made.text).toBe(201);
      return id;
    },
    link: async (connection, { identifier = name('user'), accountId, body = {}, organization } = {}) => {
      let id = accountId;
      if (id === undefined) {
        const made = await w.operator.post('/v1/connected-accounts', {
          connection,
          identifier,
          ...(organization === undefined ? {} : { organization }),
        });
        expect([200, 201], made.text).toContain(made.status);
        id = String(made.body.id);
      }
      const link = await w.operator.post(`/v1/connected-accounts/${id}/connect-link`, body);
      expect(link.status, link.text).toBe(201);
      return { accountId: id, identifier, connection, sessionId: link.body.session_id, url: link.body.url };
    },
    walk: async (session, who = browser()) => who.submit(await who.open(session.url)),
    walkToCallback: async (session, who = browser()) => {
      const page = await who.open(session.url);
      const posted = await who.request('POST', session.url, { 'sec-fetch-site': 'same-origin' });
      expect(posted.status, posted.text || page.text).toBe(303);
      const stopped = await who.follow(posted, session.url, `${broker.url}/oauth/callback/`);
      return stopped.url;
    },
    finished: (page) => {
      const query = new URL(page.url).searchParams;
      if (query.has('session_id')) {
        return {
          sessionId: query.get('session_id') ?? '',
          confirmCode: query.get('confirm_code') ?? '',
          status: query.get('status'),
        };
      }
      const sessionId = /cs_[0-9A-Za-z]{22}/.exec(page.text)?.[0] ?? '';
      const confirmCode =
        /(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])/.exec(page.text.replace(/<style[\s\S]*?<\/style>/, ''))?.[0] ??
        '';
      return { sessionId, confirmCode, status: null };
    },
    confirm: (session, confirmCode) =>
      w.operator.post(`/v1/connect-sessions/${session.sessionId}/confirm`, {
        identifier: session.identifier,
        confirm_code: confirmCode,
      }),
    show: async (sessionId) => (await w.operator.get(`/v1/connect-sessions/${sessionId}`)).body,
    account: async (accountId) => (await w.operator.get(`/v1/connected-accounts/${accountId}`)).body,
    redeemed: () => provider.calls.filter((call) => call.grantType === 'authorization_code').length,
    token: (connection, identifier) =>
      client(broker.url, agent.key).get(
        `/v1/agents/${agent.id}/credentials/${connection}?identifier=${encodeURIComponent(identifier)}`,
      ),
  };
  return scene;
}
