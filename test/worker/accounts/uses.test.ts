/** What a credential may be wanted for: a seal is about the credential itself, and every other refusal about each use. */

import { describe, expect, it } from 'vitest';
import { arrived } from '#accounts/door/answer.ts';
import type { Use } from '#policy/request.ts';
import {
  connected,
  context,
  evict,
  fresh,
  http,
  must,
  records,
  release,
  request,
  right,
  rows,
  stub,
  view,
} from './world.ts';

const NOTHING = { tool: null, method: null, path: null, purpose: null };
const TOKEN = { action: 'token' } as const;
const OTHERS: readonly Use[] = [
  { ...NOTHING, action: 'proxy', method: 'GET', path: '/v1/contacts' },
  { ...NOTHING, action: 'tool', tool: 'crm_list_contacts' },
  { ...NOTHING, action: 'mcp', tool: 'crm__list' },
];
const codes = (id: string, uses: readonly (Use | typeof TOKEN | undefined)[]) =>
  Promise.all(uses.map(async (use) => (await release(id, use === undefined ? {} : { use })).code));
const ALL = [TOKEN, ...OTHERS];
/** An account whose API has an address: without one no call can be made. */
const callable = (facts: Record<string, unknown> = {}) =>
  connected({
    facts: { api_base_urls: ['https://api.example.com/v1', 'https://files.example.com'], ...facts },
  });

describe('an account whose credential does not leave', () => {
  it('refuses the credential alone when it is sealed', async () => {
    const { id } = await callable();
    expect(await codes(id, ALL)).toEqual(['ok', 'ok', 'ok', 'ok']);
    right(await stub(id).seal({ context }));
    expect(await codes(id, ALL)).toEqual(['account_sealed', 'ok', 'ok', 'ok']);
    // A Worker that names no use knows tokens alone.
    expect(await codes(id, [undefined])).toEqual(['account_sealed']);
  });

  it('refuses the credential alone when its connection is proxy_only, by its copy and by a list', async () => {
    const { id, connection } = await callable();
    const cutOffs = { proxyOnly: [{ connection, version: 9 }], deleted: [] };
    const byList = ALL.map(async (use) => (await release(id, { use, cutOffs })).code);
    expect(await Promise.all(byList)).toEqual(['account_sealed', 'ok', 'ok', 'ok']);
    await must(http('PATCH', `/v1/connections/${connection}`, { token_access: 'proxy_only' }), 200);
    // Awake anew, the account looks for the settings at once because of the list, and keeps them.
    await evict(id);
    await release(id, { use: TOKEN, cutOffs });
    expect(await codes(id, ALL)).toEqual(['account_sealed', 'ok', 'ok', 'ok']);
  });

  it('is refused to every use when its status says so, sealed or not', async () => {
    const { id } = await callable();
    right(await stub(id).seal({ context }));
    right(await stub(id).signal({ context, signal: 'disabled' }));
    expect(await codes(id, ALL)).toEqual(['account_sealed', ...OTHERS.map(() => 'account_disabled')]);
  });

  it('is refused to every use when its connection is deleted', async () => {
    const { id, connection } = await callable();
    const deleted = [{ connection, version: 99, deletedAtMs: Date.now() + 1_000 }];
    for (const use of OTHERS)
      expect((await release(id, { use, cutOffs: { proxyOnly: [], deleted } })).code).toMatch(
        /^(?:account_revoked|not_found)$/,
      );
  });
});

it('each use has its own record: a token as handed out, a call as begun', async () => {
  const { id } = await callable();
  await codes(id, ALL);
  right(await stub(id).signal({ context, signal: 'disabled' }));
  await codes(id, OTHERS.slice(0, 1));
  const told = (await records(id))
    .filter(({ actor }) => actor.id === 'agent')
    .map(({ action, outcome }) => `${action} ${outcome}`);
  expect(told.toSorted()).toEqual(
    [
      'token.issue ok',
      'proxy.call started',
      'tool.execute started',
      'tool.execute started',
      'proxy.call refused',
    ].toSorted(),
  );
  expect(right(await stub(id).verifyAudit({}))).toMatchObject({ intact: true });
  expect(await view(id)).toMatchObject({ status: 'disabled' });
});

describe('what a call gets in place of the credential', () => {
  const USE = { use: OTHERS[0] as Use };
  const asked = async (id: string) => {
    const result = await stub(id).release(request(USE));
    if (!('injection' in result)) throw new Error(`answered ${JSON.stringify(result)}`);
    return result.injection;
  };

  it('is plain data of which one text alone is secret, and which cannot be printed behind the call', async () => {
    const { id, connection, identifier, grant } = await callable();
    await release(id);
    const came = await asked(id);
    const { secret, expiresAtMs, fingerprint, ...facts } = came;
    expect(facts).toEqual({
      provider: 'custom',
      requestHeaders: [],
      responseHeaders: [],
      signs: { api_dead_token_signals_with_200: [], api_signals: undefined },
      accountId: id,
      connection,
      identifier,
      apiBaseUrls: ['https://api.example.com/v1', 'https://files.example.com'],
      origins: ['https://api.example.com', 'https://files.example.com'],
    });
    expect(expiresAtMs).toBeGreaterThan(Date.now());
    expect((await release(id)).fingerprint).toBe(fingerprint);
    expect(JSON.parse(secret)).toEqual({
      headers: { Authorization: `Bearer ${grant.accessToken}` },
      query: {},
      hunted: [grant.accessToken],
    });
    const behind = arrived({ ok: true, injection: came, began: 1 });
    expect(JSON.stringify(behind)).not.toContain(grant.accessToken);
    expect(JSON.stringify(arrived({ ok: true, body: secret }))).not.toContain(grant.accessToken);
  });

  it('comes beside tokens of the same moment, each in its own form', async () => {
    const { id } = await callable();
    await release(id);
    const requests = [request(), request(USE), request({ use: TOKEN })];
    const results = await Promise.all(requests.map((one) => stub(id).release(one)));
    expect(results.map((one) => Object.keys(one))).toEqual([
      ['ok', 'body'],
      ['ok', 'injection', 'began'],
      ['ok', 'body'],
    ]);
  });

  it('carries a key where the connection says that the API takes it', async () => {
    const connection = fresh('conn');
    const config = {
      auth_type: 'api_key',
      token_query: 'key={api_key}',
      api_base_urls: ['https://api.example.com'],
    };
    const made = { id: connection, provider: 'custom', provider_config: config };
    await must(http('POST', '/v1/connections', made), 201);
    const key = { type: 'api_key', api_key: 'key-of-the-account' };
    const { id } = await must(http('PUT', `/v1/credentials/${connection}`, key), 201);
    await release(id);
    expect(JSON.parse((await asked(id)).secret)).toMatchObject({
      headers: {},
      query: { key: 'key-of-the-account' },
    });
    expect((await release(id)).body).toMatchObject({ headers: {}, query: { key: 'key-of-the-account' } });
  });

  it('makes no holder of a token that nothing renews out of an agent that never sees it', async () => {
    const { connection } = await callable();
    const identifier = fresh('user');
    const token = { access_token: 'token-without-successor', expires_in: 3600 };
    const put = http('PUT', `/v1/credentials/${connection}?identifier=${identifier}`, token);
    const { id } = await must(put, 201);
    const holders = async () => JSON.stringify(await rows(id, 'SELECT * FROM grant_row'));
    await release(id, { ...USE, agent: { ...request().agent, id: 'calling-agent' } });
    expect(await holders()).not.toContain('calling-agent');
    await release(id, { agent: { ...request().agent, id: 'holding-agent' } });
    expect(await holders()).toContain('holding-agent');
  });

  it('is of the connection as it is now, also for a credential that is in memory already', async () => {
    const connection = fresh('conn');
    const config = { auth_type: 'api_key', token_header: 'X-Old: {api_key}' };
    const made = { id: connection, provider: 'custom', provider_config: config };
    await must(http('POST', '/v1/connections', made), 201);
    const key = { type: 'api_key', api_key: 'key-of-the-account' };
    const { id } = await must(http('PUT', `/v1/credentials/${connection}`, key), 201);
    expect((await release(id)).body.headers).toEqual({ 'X-Old': 'key-of-the-account' });
    // What is missing makes the account look for newer settings before it refuses.
    const changed = { token_header: 'X-New: {api_key}', api_base_urls: ['https://api.example.com'] };
    await must(http('PATCH', `/v1/connections/${connection}`, { provider_config: changed }), 200);
    expect(JSON.parse((await asked(id)).secret).headers).toEqual({ 'X-New': 'key-of-the-account' });
    expect((await release(id)).body.headers).toEqual({ 'X-New': 'key-of-the-account' });
  });

  it.each([
    ['token_header', { api_base_urls: ['https://api.example.com'] }],
    ['api_base_urls', { token_header: 'X-Key: {key}' }],
  ])(
    'is refused where the connection lacks %s, and the token is handed out all the same',
    async (lacks, config) => {
      const connection = fresh('conn');
      const made = {
        id: connection,
        provider: 'custom',
        provider_config: { auth_type: 'custom', ...config },
      };
      await must(http('POST', '/v1/connections', made), 201);
      const fields = { type: 'custom', fields: { key: 'key-of-the-account' } };
      const { id } = await must(http('PUT', `/v1/credentials/${connection}`, fields), 201);
      expect((await release(id)).code).toBe('ok');
      const refused = await release(id, USE);
      expect(refused).toMatchObject({
        code: 'conflict',
        refusal: { detail: expect.stringContaining(lacks) },
      });
      expect((await records(id)).at(-1)).toMatchObject({
        action: 'proxy.call',
        outcome: 'refused',
        reason: 'conflict',
      });
    },
  );
});
