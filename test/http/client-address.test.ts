/** Whose address a request has under `npm run serve`: the socket's, or what the operator's own proxy says; never the client's word. */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call } from '../support/callers.ts';
import { madeUpLink } from '../support/made-up.ts';
import { ROOT } from './programs.ts';

/** Every header in the Worker's source that an edge or a proxy writes. */
function edgeHeadersRead(): string[] {
  const folder = path.join(ROOT, 'src');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('dev/') && !file.includes('catalogue/'),
  );
  const named = files.flatMap((file) =>
    [
      ...readFileSync(path.join(folder, file), 'utf8').matchAll(
        /['"`]((?:cf-|x-real-|x-forwarded-|true-client-)[a-z-]+|forwarded)['"`]/gi,
      ),
    ].map(([, name = '']) => name.toLowerCase()),
  );
  return [...new Set(named)];
}

/** Beside them what a client may hope that somebody reads: also the header by which the engine itself is told. */
const FORGED: Readonly<Record<string, string>> = {
  'cf-ipcountry': 'XX',
  'cf-ray': '8f0000000000-XXX',
  'x-real-ip': '192.0.2.66',
  'x-forwarded-for': '192.0.2.66',
  'true-client-ip': '192.0.2.66',
  forwarded: 'for=192.0.2.66',
  'mf-cf-blob': '{"clientIp":"192.0.2.66:9","country":"XX","colo":"XXX"}',
};

interface Scene {
  readonly broker: TestBroker;
  /** One token fetch. @returns `client` of its audit record, without the user agent */
  recorded(headers: Record<string, string>, localAddress?: string): Promise<Record<string, unknown>>;
}

async function scene(options: Parameters<typeof startBroker>[0]): Promise<Scene> {
  const broker = await startBroker(options);
  const key = broker.adminKey;
  const put = await call('PUT', `${broker.url}/v1/credentials/my-api`, { key, body: { api_key: 'k' } });
  const body = { id: 'reader', key: true, policy: { allowed_credentials: ['my-api'] } };
  const agent = await call('POST', `${broker.url}/v1/agents`, { key, body });
  expect([put.status, agent.status]).toEqual([201, 201]);
  return {
    broker,
    recorded: async (headers, localAddress) => {
      const got = await call('GET', `${broker.url}/v1/connected-accounts/${put.body.id}/token`, {
        key: agent.body.key,
        headers,
        ...(localAddress === undefined ? {} : { localAddress }),
      });
      expect([got.status, JSON.stringify(headers)]).toEqual([200, JSON.stringify(headers)]);
      const events = `${broker.url}/v1/audit-events?connected_account_id=${put.body.id}&limit=1`;
      const [newest] = (await call('GET', events, { key })).body.data;
      expect(newest.correlation_id).toBe(got.headers['x-correlation-id']);
      const { user_agent: _agent, ...client } = newest.client;
      return client;
    },
  };
}

const OWN = { ip: '127.0.0.1', country: null, colo: null };

describe('the address of a client of npm run serve', () => {
  let s: Scene;
  beforeAll(async () => {
    s = await scene({ settings: { BROWSER_RATE_LIMIT_PER_MINUTE: '40' } });
  });
  afterAll(() => s.broker.dispose());

  it('is that of its socket, whatever headers of an edge or of the engine it sends', async () => {
    const read = edgeHeadersRead();
    expect(read).toContain('cf-connecting-ip');
    const forged = { ...Object.fromEntries(read.map((name) => [name, '192.0.2.66'])), ...FORGED };
    expect(await s.recorded({})).toEqual(OWN);
    for (const [name, value] of Object.entries(forged))
      expect([name, await s.recorded({ [name]: value })]).toEqual([name, OWN]);
    expect(await s.recorded(forged)).toEqual(OWN);
    expect(await s.recorded({ 'mf-cf-blob': 'not JSON' })).toEqual(OWN);
  });

  it.runIf(process.platform === 'linux')('is another for another socket', async () => {
    // Other systems have one address of loopback unless somebody adds more.
    expect(await s.recorded({}, '127.0.0.9')).toEqual({ ...OWN, ip: '127.0.0.9' });
  });

  it('is counted once for pages, however many addresses it claims to have', async () => {
    const replies = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        call('GET', `${s.broker.url}/connect/${madeUpLink()}`, {
          headers: { accept: 'text/html', 'cf-connecting-ip': `192.0.2.${n}`, 'x-real-ip': `192.0.2.${n}` },
        }),
      ),
    );
    expect(replies.filter(({ status }) => status === 429).length).toBeGreaterThan(10);
  });
});

describe('npm run serve with --client-ip-header', () => {
  let s: Scene;
  beforeAll(async () => {
    s = await scene({ clientIpHeader: 'X-Real-IP', ownProcess: true });
  });
  afterAll(() => s.broker.dispose());

  it('takes the address from that header and from no other', async () => {
    for (const [value, ip] of [
      ['203.0.113.7', '203.0.113.7'],
      ['2001:db8::7', '2001:db8::7'],
      // What a client sent stands before what the proxy appended.
      ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
      ['203.0.113.7, nonsense', '127.0.0.1'],
      ['<script>', '127.0.0.1'],
      ['', '127.0.0.1'],
    ] as const)
      expect([value, await s.recorded({ 'x-real-ip': value, 'cf-connecting-ip': '192.0.2.66' })]).toEqual([
        value,
        { ...OWN, ip },
      ]);
    expect(await s.recorded({ 'x-forwarded-for': '192.0.2.66' })).toEqual(OWN);
  });
});
