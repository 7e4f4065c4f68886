/**
 * Every entry of the catalogue, generated: OAuth entries are connected at the simulator in their own words (authorize
 * URL, scopes, base URL, refresh, reconnect, revoke), static ones are imported and handed out. What is not tried says so in its data.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isMachineType } from '#contract/machine/kinds.ts';
import { cookieBrowser, type Page } from '#dev/story/cookie-browser.ts';
import {
  accountVariablesOf,
  allEntries,
  connectionVariablesOf,
  credentialFieldsOf,
  entryDialectId,
  playedUrlsOf,
  revocationReachOf,
  type Descriptor,
} from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client, type Reply } from '../support/callers.ts';

const STATIC = ['api_key', 'basic', 'custom'];
const ALL = allEntries();
const isOAuth = ({ auth_type: type, unsupported }: Descriptor) => type === 'oauth2' && unsupported === null;
/** Tried in machine-matrix.test.ts. */
const isMachine = ({ auth_type: type }: Descriptor) => isMachineType(type);
/** Tried in oauth1-flow.test.ts. */
const isSigned = ({ signer }: Descriptor) => signer !== undefined;
const isStatic = ({ auth_type: type }: Descriptor) => STATIC.includes(type);
const named = (entries: readonly Descriptor[]) => entries.map((entry) => [entry.id, entry] as const);

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([
    startBroker({ settings: { LOG_LEVEL: 'warn' } }),
    startSimulator(),
  ]);
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  agent = client(
    broker.url,
    String((await operator.post('/v1/agents', { id: 'worker', policy, key: true })).body.key),
  );
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

const must = (reply: Reply, ...statuses: number[]): Reply => {
  expect(statuses, reply.text).toContain(reply.status);
  return reply;
};

const token = (account: string) => agent.get(`/v1/connected-accounts/${account}/token`);

/** The first of the entry's addresses with these values in it. */
function baseUrlOf(entry: Descriptor): string | null {
  const values: Record<string, string> = { ...connectionVariablesOf(entry), ...accountVariablesOf(entry) };
  const fill = (text: string) =>
    text.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      return values[name] ?? entry.url_template_vars[name]?.default ?? '';
    });
  return entry.api_base_urls.map(fill)[0] ?? null;
}

/** From the link to the broker's last page: its button, the simulator's consent, and back. */
async function walk(account: string): Promise<Page> {
  const link = must(await operator.post(`/v1/connected-accounts/${account}/connect-link`, {}), 201);
  const browser = cookieBrowser();
  const consent = await browser.press(await browser.open(link.body.url), '');
  expect([consent.status, consent.text.slice(0, 300)]).toEqual([200, expect.stringContaining('Simulated')]);
  const answered = await browser.press(consent, 'Allow');
  const isPosted = answered.text.includes('Going back');
  const done = isPosted ? await browser.press(answered, 'Continue') : answered;
  expect(done.url).toContain('/oauth/callback/');
  return done;
}

/** Connects; where the broker cannot know who it was, the operator confirms. */
async function connect(account: string, identifier: string, confirms: boolean): Promise<void> {
  const page = await walk(account);
  const sessionId = /cs_[0-9A-Za-z]{22}/.exec(page.text)?.[0];
  const code = /(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])/.exec(
    page.text.replace(/<style[\s\S]*?<\/style>/, ''),
  )?.[0];
  expect(code !== undefined, page.text.slice(0, 2000)).toBe(confirms);
  if (!confirms) return;
  const body = { identifier, confirm_code: code };
  must(await operator.post(`/v1/connect-sessions/${sessionId}/confirm`, body), 200);
}

/** A connection to the entry at the simulator, under a client of its own, and its first account. */
async function begun(entry: Descriptor): Promise<string> {
  const isPublic = entry.token_endpoint_auth_method === 'none';
  const made = await operator.post('/v1/connections', {
    id: entry.id,
    provider: entry.id,
    client_id: `${simulator.client.clientId}.${entry.id}`,
    ...(isPublic ? {} : { client_secret: simulator.client.clientSecret }),
    scopes: entry.default_scopes_example,
    variables: connectionVariablesOf(entry),
    provider_config: playedUrlsOf(entry, simulator.origin),
    rotation: 'on_demand',
  });
  must(made, 201);
  const account = { connection: entry.id, identifier: 'u1' };
  return String(must(await operator.post('/v1/connected-accounts', account), 201).body.id);
}

/** The token of an account. What no answer of the provider tells is asked for by its name, and given. */
async function firstToken(entry: Descriptor, account: string): Promise<Reply> {
  const untold = Object.values(entry.url_template_vars).filter(
    ({ stage, required, from, default: usual }) =>
      stage === 'account' && required && from === undefined && usual === null,
  );
  const names = untold
    .map(({ name }) => name)
    .filter((name) => entry.api_base_urls.join().includes(`{${name}}`));
  if (names.length > 0) {
    expect(must(await token(account), 409).body).toMatchObject({ code: 'conflict', variables: names });
    const variables = Object.fromEntries(names.map((name) => [name, accountVariablesOf(entry)[name]]));
    must(await operator.patch(`/v1/connected-accounts/${account}`, { variables }), 200);
  }
  return must(await token(account), 200);
}

async function eventually(what: () => boolean): Promise<void> {
  const untilMs = Date.now() + 60_000;
  while (!what() && Date.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(what()).toBe(true);
}

describe('the catalogue', () => {
  it('is tried whole: each entry is connected, imported, or says why it cannot be', () => {
    const rest = ALL.filter(
      (entry) => !isOAuth(entry) && !isStatic(entry) && !isMachine(entry) && !isSigned(entry),
    );
    expect(ALL.length).toBeGreaterThanOrEqual(200);
    for (const { id, auth_type: type, unsupported } of rest)
      expect(type !== 'oauth2' || unsupported !== null, id).toBe(true);
  });
});

describe.concurrent('an OAuth entry', () => {
  it.each(named(ALL.filter(isOAuth)))('%s is connected in its own words', async (id, entry) => {
    const dialect = entryDialectId(id);
    const account = await begun(entry);
    await connect(account, 'u1', true);
    const path = `/v1/connected-accounts/${account}`;
    const { body: shown } = must(await operator.get(path), 200);
    expect(shown.status, shown.status_reason).toBe('active');
    const asked = simulator.consents.find((one) => one.dialect === dialect)?.asked;
    const scope = asked?.[entry.scope_param]?.split(entry.scope_separator) ?? [];
    expect(scope.filter((name) => entry.default_scopes_example.includes(name))).toEqual(
      entry.default_scopes_example,
    );

    const first = await firstToken(entry, account);
    expect(first.body.api_base_url).toBe(baseUrlOf(entry));
    const called = await fetch(`${simulator.origin}/${dialect}/api/x`, { headers: first.body.headers });
    expect([called.status, await called.json()]).toEqual([200, expect.objectContaining({ ok: true })]);

    if (entry.refresh_token !== 'none') {
      must(await operator.post(`${path}/expire`), 200);
      const second = must(await token(account), 200);
      expect(second.body.access_token).not.toBe(first.body.access_token);
      expect(second.body.api_base_url).toBe(baseUrlOf(entry));
      const uses = simulator.uses.filter((use) => use.dialect === dialect);
      expect(uses.map(({ verdict, status }) => [verdict, status])).toEqual([['fresh', 200]]);
    }

    // A provider that does not say who it is leaves the operator to confirm again.
    await connect(account, 'u1', shown.subject === null);
    expect((await token(account)).body.api_base_url).toBe(baseUrlOf(entry));
    expect((await operator.get(path)).body.subject).toBe(shown.subject);

    expect(must(await operator.post(`${path}/revoke`), 200).body.status).toBe('revoked');
    must(await token(account), 409);
    const reach = revocationReachOf(entry);
    const isAsked = reach === 'token' || (reach !== 'none' && shown.subject !== null);
    if (isAsked) await eventually(() => simulator.revocations.some((one) => one.dialect === dialect));
    else expect(simulator.revocations.filter((one) => one.dialect === dialect)).toEqual([]);
  });
});

/** Where the broker sends a browser that presses the button of a fresh link. Nothing follows: no consent, no exchange. */
async function authorizeUrlOf(connection: string): Promise<URL> {
  const account = { connection, identifier: 'u1' };
  const { id } = must(await operator.post('/v1/connected-accounts', account), 200, 201).body;
  const link = must(await operator.post(`/v1/connected-accounts/${id}/connect-link`, {}), 201);
  const headers = { 'sec-fetch-site': 'same-origin', origin: broker.url };
  const started = await call('POST', link.body.url, { raw: '', headers });
  return new URL(must(started, 303).headers['location'] ?? '');
}

describe.concurrent('an OAuth entry without `scopes`', () => {
  it.each(named(ALL.filter(isOAuth)))(
    '%s asks for its usual ones and for what a refresh token needs, and says so',
    async (id, entry) => {
      const body = {
        id: `${id}.bare`,
        provider: id,
        client_id: `c-${id}`,
        ...(entry.token_endpoint_auth_method === 'none' ? {} : { client_secret: 'a-client-secret' }),
        variables: connectionVariablesOf(entry),
        provider_config: playedUrlsOf(entry, simulator.origin),
      };
      const { warnings } = must(await operator.post('/v1/connections', body), 201).body;
      const asked = (await authorizeUrlOf(body.id)).searchParams;
      const scopes = asked.get(entry.scope_param)?.split(entry.scope_separator) ?? [];
      const usual = entry.default_scopes_example.filter((name) => !name.includes('{'));
      // Each as it stands in the data, and nothing that the data do not name.
      expect(scopes.toSorted()).toEqual([...new Set([...usual, ...entry.offline_scopes])].toSorted());
      for (const [name, value] of Object.entries(entry.extra_authorization_params))
        if (!value.includes('{')) expect([name, asked.get(name)]).toEqual([name, value]);
      for (const scope of entry.offline_scopes.filter((name) => !usual.includes(name)))
        expect(warnings).toContainEqual(expect.stringContaining(`${scope} is asked for as well`));
    },
  );
});

describe.concurrent('a static entry', () => {
  it.each(named(ALL.filter(isStatic)))('%s is imported and handed out', async (id, entry) => {
    const made = { id, provider: id, variables: connectionVariablesOf(entry) };
    must(await operator.post('/v1/connections', made), 201);
    const fields = Object.fromEntries(
      credentialFieldsOf(entry).map(({ name }) => [name, `the-${name.replaceAll('_', '-')}`]),
    );
    const body = entry.auth_type === 'custom' ? { fields } : fields;
    const put = must(await operator.put(`/v1/credentials/${id}?identifier=u1`, body), 200, 201);
    const { body: handed } = must(await token(String(put.body.id)), 200);
    expect(handed).toMatchObject({ type: entry.auth_type, ...body, api_base_url: baseUrlOf(entry) });
    expect(Object.keys(handed.headers).length > 0).toBe(entry.token_header !== null);
    expect(JSON.stringify(handed.headers)).not.toMatch(/\{\w+\}/);
  });
});

describe('an entry whose kind is not built yet', () => {
  const tried = [isOAuth, isStatic, isMachine, isSigned];
  it.each(named(ALL.filter((entry) => !tried.some((is) => is(entry)))))('%s says so', async (id, entry) => {
    expect((await operator.get(`/v1/providers/${id}`)).body.supported).toBe(false);
    const refused = await operator.post('/v1/connections', {
      id,
      provider: id,
      client_id: 'c-1234567890',
      variables: connectionVariablesOf(entry),
    });
    must(refused, 400);
    expect(refused.body.errors[0]).toMatchObject({
      path: 'provider',
      message: expect.stringContaining('supported'),
    });
  });
});
