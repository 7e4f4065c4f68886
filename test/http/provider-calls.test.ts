/** Whatever is asked again and again: it is never a call of the provider each time. */

import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refreshScene, retryAfterS, STATIC, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene();

/** A userinfo endpoint that answers and names nobody. */
let userinfo: Server;
let asked = 0;
beforeAll(async () => {
  userinfo = createServer({ keepAliveTimeout: 600_000 }, (_request, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json');
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(userinfo, 'listening');
});
afterAll(() => void userinfo.close());

const ROUNDS = 24;
const REFUSED = { status: 400, body: '{"error":"invalid_scope"}', contentType: 'application/json' };
const SCOPES = ['one', 'two', 'three', 'four', 'five'];
/** Every set of them but all. */
const SUBSETS = Array.from({ length: 30 }, (_, n) =>
  SCOPES.filter((_name, bit) => ((n + 1) >> bit) & 1).join(' '),
);

describe('expire', () => {
  it('works six times a minute per account, then 429 with when to come again', async () => {
    const [account, other] = [await scene.connect({ config: STATIC }), await scene.connect()];
    const replies = [];
    let done = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const reply = await account.act('expire');
      replies.push(reply);
      if (reply.status === 200) done += 1;
      expect((await account.fetch()).status).toBe(200);
      if (reply.status === 429) break;
    }
    expect(done).toBeGreaterThanOrEqual(6);
    expect(done).toBeLessThan(ROUNDS);
    const refused = replies.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ code: 'rate_limited' });
    expect(retryAfterS(refused ?? (replies[0] as never))).toBeGreaterThanOrEqual(1);
    expect(retryAfterS(refused ?? (replies[0] as never))).toBeLessThanOrEqual(60);
    expect(refused?.headers['ratelimit-policy']).toBe('"expire";q=6;w=60');
    expect(refused?.headers['ratelimit']).toMatch(/^"expire";r=0;t=\d+$/);
    expect(account.calls()).toHaveLength(done);
    // Its own limit, and no other account's.
    await other.expire();
  });
});

/** What is repeated, and how many calls of the token endpoint may come of so many rounds within half a minute. */
const PUMPS: readonly {
  what: string;
  scopes?: true;
  most: number;
  round: (account: Account, n: number) => Promise<unknown>;
}[] = [
  { what: 'a fetch with the longest min_ttl', most: 1, round: (account) => account.fetch('?min_ttl=3600') },
  {
    what: 'a report of the token that is current',
    most: 1,
    round: async (account) => {
      const { fingerprint } = (await account.fetch()).body;
      return account.fetch(`?rejected=${fingerprint}`);
    },
  },
  { what: 'a refresh', most: 1, round: (account) => account.act('refresh') },
  {
    what: 'a refresh and an expire',
    most: 7,
    round: async (account) => [
      await account.act('expire'),
      await account.act('refresh'),
      await account.fetch(),
    ],
  },
  {
    what: 'a pause',
    most: 0,
    round: async (account) => [
      await account.act('disable'),
      await account.act('enable'),
      await account.fetch(),
    ],
  },
  {
    what: 'another rotation',
    most: 0,
    round: (account, n) =>
      scene.operator.patch(`/v1/connected-accounts/${account.id}`, {
        rotation: n % 2 === 0 ? 'proactive' : 'on_demand',
      }),
  },
  {
    what: 'a scope set that the provider will not narrow to, another each time',
    scopes: true,
    most: 8,
    round: (account, n) => account.fetch(`?scope=${encodeURIComponent(SUBSETS[n] ?? '')}`),
  },
];

describe('asked again and again', () => {
  it.each(PUMPS)('$what is no call of the provider each time', async ({ most, round, scopes }) => {
    const account = await scene.connect({
      config: { ...STATIC, ...(scopes === true ? { refresh_scope_downscoping: 'supported' } : {}) },
      ...(scopes === true ? { connection: { scopes: SCOPES } } : {}),
    });
    if (scopes === true) scene.provider.faults.when((call) => call.grantId === account.grantId, REFUSED);
    const startedAtMs = Date.now();
    for (let n = 0; n < ROUNDS; n += 1) await round(account, n);
    // A machine so busy that this took longer has seen as many half minutes more.
    const windows = 1 + Math.floor((Date.now() - startedAtMs) / 30_000);
    expect(account.calls().length).toBeLessThanOrEqual(most * windows);
    expect((await account.show()).status).toBe('active');
  });

  it('a link for an account whose user nobody names asks the provider once', async () => {
    const account = await scene.connect({
      config: {
        userinfo_url: `http://127.0.0.1:${(userinfo.address() as AddressInfo).port}/me`,
        subject_source: 'userinfo.sub',
        subject_label_source: 'userinfo.sub',
      },
    });
    for (let n = 0; n < 8; n += 1) {
      const made = await scene.operator.post(`/v1/connected-accounts/${account.id}/connect-link`, {});
      expect(made.status, made.text).toBe(201);
      await expect.poll(() => asked, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(1);
    }
    expect(asked).toBe(1);
  });
});
