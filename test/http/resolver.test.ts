/** A deployment that resolves names: what may be registered, what leaves, and what operators are told when nothing does. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Reply } from '../support/callers.ts';
import { until } from '../support/crash.ts';
import { startResolver, type StubResolver } from '../support/stub-resolver.ts';
import { name, world, type World } from '../support/world.ts';

let resolver: StubResolver;
let provider: OAuthServer;
let broker: TestBroker;
let w: World;
beforeAll(async () => {
  resolver = await startResolver();
  provider = await startOAuthServer({ accessTokenTtlS: 3600 });
  broker = await startBroker({ settings: { DNS_RESOLVER: resolver.url } });
  w = world(broker, provider);
});
afterAll(async () => {
  await broker?.dispose();
  await provider?.close();
  await resolver?.close();
});
beforeEach(() => resolver.behave('normal'));

const FORBIDDEN = 'must not have a host name that points to a private or reserved address';
const PUBLIC = ['93.184.215.14', '2606:2800:220:1:248:1893:25c8:1946'];
/** Names of a reserved domain: where the stub says that they are public, nobody is there all the same. */
const host = () => `${name('host')}.example.invalid`;

const register = (url: string, rest: Record<string, unknown> = {}): Promise<Reply> =>
  w.operator.post('/v1/webhook-endpoints', { url, ...rest });

const problemsOf = ({ status, body }: Reply) => [status, body.code, body.errors];
const refusedAt = (path: string) => [400, 'invalid_request', [{ path, message: FORBIDDEN }]];

/** An endpoint at a name that is public for now, in an organization of its own. */
async function endpoint(): Promise<{ id: string; host: string; organization: string }> {
  const [organization, named] = [name('org'), host()];
  // Nothing is asked for it now, so nothing is kept either.
  resolver.behave('error');
  const made = await register(`https://${named}/hook`, { organization });
  resolver.behave('normal');
  expect(made.status, made.text).toBe(201);
  return { id: made.body.id, host: named, organization };
}

/** Makes an event of the organization, and waits for the end of its first attempt. */
async function firstAttempt(at: { id: string; organization: string }): Promise<Reply['body']> {
  const grant = await provider.grant({ accessTokenTtlS: 3600 });
  const connection = await w.connection();
  const path = `/v1/credentials/${connection}?identifier=${name('user')}&organization=${at.organization}`;
  const put = await w.operator.put(path, { refresh_token: grant.refreshToken });
  expect(put.status, put.text).toBe(201);
  return until('the first attempt ends', async () => {
    const { body } = await w.operator.get(`/v1/webhook-deliveries?endpoint=${at.id}`);
    const [found] = body.data;
    return found !== undefined && found.attempts > 0 ? found : null;
  });
}

describe('a webhook endpoint', () => {
  it.each([['10.0.0.1'], ['169.254.169.254'], ['::1'], ['fd00:ec2::254'], [...PUBLIC, '127.0.0.1']])(
    'at a name that points to %s is refused',
    async (...addresses) => {
      const named = host();
      resolver.tell(named, addresses);
      expect(problemsOf(await register(`https://${named}/hook`))).toEqual(refusedAt('url'));
    },
  );

  it('is not moved to such a name', async () => {
    const { id } = await endpoint();
    const inside = host();
    resolver.tell(inside, ['192.168.0.1']);
    const url = `https://${inside}/hook`;
    expect(problemsOf(await w.operator.patch(`/v1/webhook-endpoints/${id}`, { url }))).toEqual(
      refusedAt('url'),
    );
  });

  it('is made where the resolver gives no word or knows no address: each send asks again', async () => {
    resolver.tell(...([host(), PUBLIC] as const));
    for (const mood of ['normal', 'garbage', 'hang'] as const) {
      resolver.behave(mood);
      expect((await register(`https://${host()}/hook`)).status).toBe(201);
    }
  });

  it('on loopback in development is not asked for', async () => {
    const before = resolver.seen.length;
    expect((await register('http://127.0.0.1:9/hook')).status).toBe(201);
    expect(resolver.seen.length).toBe(before);
  });
});

describe('a delivery', () => {
  it.each([
    ['points inside by now', ['10.0.0.1'], 'forbidden_address'],
    ['points nowhere', [], 'unresolved_name'],
    ['is public, and nobody answers', PUBLIC, 'network'],
  ] as const)('to a name that %s has failed once, and waits', async (_, addresses, last_failure) => {
    const at = await endpoint();
    resolver.tell(at.host, addresses);
    expect(await firstAttempt(at)).toMatchObject({
      status: 'waiting',
      attempts: 1,
      last_status: null,
      last_failure,
      next_attempt_at: expect.any(String),
    });
  });

  it('while the resolver gives no word does not leave, and is tried again with the same table', async () => {
    const at = await endpoint();
    resolver.tell(at.host, PUBLIC);
    resolver.behave('garbage');
    const delivery = await firstAttempt(at);
    expect(delivery).toMatchObject({ status: 'waiting', last_status: null, last_failure: 'resolver_failed' });
    const test = await w.operator.post(`/v1/webhook-endpoints/${at.id}/test`);
    expect([test.status, test.body.code, test.body.detail]).toEqual([
      503,
      'unavailable',
      'DNS_RESOLVER does not answer',
    ]);
    resolver.behave('normal');
    await until('the second attempt ends', async () => {
      const { body } = await w.operator.get(`/v1/webhook-deliveries?endpoint=${at.id}`);
      return body.data[0].last_failure === 'network' ? body : null;
    });
  });

  it('that is a test of an endpoint that points inside is not delivered', async () => {
    const at = await endpoint();
    resolver.tell(at.host, ['100.64.0.1']);
    const { status, body } = await w.operator.post(`/v1/webhook-endpoints/${at.id}/test`);
    expect([status, body.delivered, body.status]).toEqual([200, false, null]);
  });
});

describe('a custom provider', () => {
  const custom = (provider_config: Record<string, unknown>) => ({
    id: name('conn'),
    provider: 'custom',
    client_id: 'id',
    client_secret: 'secret',
    provider_config: { auth_type: 'oauth2', ...provider_config },
  });

  it('with an endpoint that points inside is refused at that field', async () => {
    const [inside, outside] = [host(), host()];
    resolver.tell(inside, ['172.16.0.1']);
    resolver.tell(outside, PUBLIC);
    const made = await w.operator.post(
      '/v1/connections',
      custom({ authorization_url: `https://${outside}/auth`, token_url: `https://${inside}/token` }),
    );
    expect(problemsOf(made)).toEqual(refusedAt('provider_config.token_url'));
  });

  it('whose token endpoint points inside by now gets no refresh token', async () => {
    const named = host();
    resolver.behave('error');
    const body = custom({ token_url: `https://${named}/token`, refresh_token: 'rotating' });
    const made = await w.operator.post('/v1/connections', body);
    expect(made.status, made.text).toBe(201);
    resolver.behave('normal');
    resolver.tell(named, ['10.0.0.1']);
    const put = await w.operator.put(`/v1/credentials/${body.id}?identifier=user`, {
      refresh_token: 'planted-refresh-token',
      verify: false,
    });
    const id = String(put.body.id);
    await w.operator.post(`/v1/connected-accounts/${id}/refresh`);
    const told = await until('an attempt is settled', async () => {
      const { body: insight } = await w.operator.get(`/v1/connected-accounts/${id}/explain`);
      return insight.attempts.some(({ outcome }: { outcome: string }) => outcome === 'transient') && insight;
    });
    // Of a request that may have left nobody would know what became of it.
    expect(told).toMatchObject({ status: 'active' });
    expect((await w.operator.get(`/v1/connected-accounts/${id}`)).body.in_doubt_since).toBeNull();
  });

  it('in the catalogue is a fact, and nobody is asked about it', async () => {
    const before = resolver.seen.length;
    const made = await w.operator.post('/v1/connections', {
      id: name('conn'),
      provider: 'hubspot',
      client_id: 'id',
      client_secret: 'secret',
    });
    expect(made.status, made.text).toBe(201);
    expect(resolver.seen.length).toBe(before);
  });

  it('of the catalogue at a host of its own is refused where that points inside', async () => {
    const inside = host();
    resolver.tell(inside, ['10.0.0.1']);
    const made = await w.operator.post('/v1/connections', {
      id: name('conn'),
      provider: 'gitlab',
      client_id: 'id',
      client_secret: 'secret',
      variables: { host: inside },
    });
    expect(problemsOf(made)).toEqual([
      400,
      'invalid_request',
      [{ path: 'variables', message: `make a URL that ${FORBIDDEN}` }],
    ]);
  });
});

it('a resolver that may not be called is told by /readyz, and nothing leaves for a name', async () => {
  const check = async (url: string) => {
    const ready = await client(url, null).get('/readyz');
    return [ready.status, ready.body.checks.dns_resolver];
  };
  expect(await check(broker.url)).toEqual([200, { ok: true, detail: 'is set' }]);
  const wrong = await startBroker({ settings: { DNS_RESOLVER: 'https://10.0.0.53/dns-query' } });
  try {
    expect(await check(wrong.url)).toEqual([
      503,
      {
        ok: false,
        detail:
          'DNS_RESOLVER must be named by a host name, not by an address: no host that operators name is called',
      },
    ]);
  } finally {
    await wrong.dispose();
  }
});
