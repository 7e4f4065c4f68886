/** A token is asked for by the token plane's own way in or by the app: nobody can tell by which. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, type Reply } from '../support/callers.ts';
import { world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let account: Awaited<ReturnType<World['connected']>>;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  account = await world(broker, provider).connected();
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

const correlation = { 'x-correlation-id': 'the-same-one' };

/** The same route spelled so that it has to be decoded, which the app does. */
function spellings(path: string): [string, string] {
  return [path, path.replace('/v1/', '/v%31/')];
}

function told({ status, headers, body }: Reply): object {
  const { 'content-type': type, 'cache-control': cache, 'x-correlation-id': id } = headers;
  const { expires_in: _moves, ...rest } = body ?? {};
  const { 'www-authenticate': how, 'retry-after': wait } = headers;
  return { status, type, cache, id, how, wait, rest };
}

async function both(method: string, path: string, key: string | null): Promise<[object, object]> {
  const [own, app] = spellings(path);
  const ask = (spelling: string) => call(method, broker.url + spelling, { key, headers: correlation });
  return [told(await ask(own)), told(await ask(app))];
}

it('answers the same token with the same headers', async () => {
  const { accountId, agent, connection, identifier } = account;
  for (const path of [
    `/v1/connected-accounts/${accountId}/token`,
    `/v1/connected-accounts/${accountId}/token?min_ttl=5`,
    `/v1/agents/${agent.id}/credentials/${connection}?identifier=${identifier}`,
  ]) {
    const [own, app] = await both('GET', path, agent.key);
    expect(own).toMatchObject({ status: 200, id: 'the-same-one', cache: 'no-store' });
    expect(own).toEqual(app);
  }
});

it('refuses the same with the same words', async () => {
  const { accountId, agent, connection } = account;
  const asked: [string, string | null, number][] = [
    [`/v1/connected-accounts/${accountId}/token`, null, 401],
    [`/v1/connected-accounts/${accountId}/token`, broker.adminKey, 403],
    [`/v1/connected-accounts/${accountId}/token`, `${agent.key.slice(0, -1)}~`, 401],
    [`/v1/connected-accounts/${accountId}/token?min_ttl=x`, agent.key, 400],
    [`/v1/connected-accounts/${accountId}/token?min_ttl=5&min_ttl=6`, agent.key, 400],
    [`/v1/connected-accounts/${accountId}/token?k=${agent.key}`, agent.key, 401],
    [`/v1/connected-accounts/ca_gnobody/token`, agent.key, 404],
    [`/v1/agents/somebody-else/credentials/${connection}`, agent.key, 404],
    [`/v1/agents/${agent.id}/credentials/other`, agent.key, 403],
  ];
  for (const [path, key, status] of asked) {
    const [own, app] = await both('GET', path, key);
    expect(own, path).toMatchObject({ status, id: 'the-same-one', cache: 'no-store' });
    expect(own, path).toEqual(app);
  }
});

it('leaves every other method of the path to the app', async () => {
  const path = `/v1/connected-accounts/${account.accountId}/token`;
  const answer = await call('POST', broker.url + path, { key: account.agent.key, body: {} });
  expect(answer).toMatchObject({ status: 405, body: { code: 'method_not_allowed' } });
  expect(answer.headers['allow']).toBe('GET');
  const tooLong = await call('GET', `${broker.url}${path}?scope=${'x'.repeat(17_000)}`, {
    key: account.agent.key,
  });
  expect(tooLong).toMatchObject({ status: 414, body: { code: 'uri_too_long' } });
});
