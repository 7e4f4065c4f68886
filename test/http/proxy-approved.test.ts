/** Calls that a person approves or a rate counts: one call is one, also where the API refuses its token at first. */

import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let api: Server;
let base: string;
/** By path: the token that is dead there. */
const dead = new Map<string, string>();
const sent: string[] = [];

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
  api = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const { url = '', headers } = request;
      sent.push(`${url} ${headers['stripe-account'] ?? ''}`.trim());
      const isDead = headers.authorization === `Bearer ${dead.get(url)}`;
      response.writeHead(isDead ? 401 : 200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  base = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
  api.closeAllConnections();
  api.close();
});

/** An account whose token the API has ended, and an agent under this rule. */
async function scene(rule: object) {
  const connection = await w.connection({ api_base_urls: [base], api_request_headers: ['stripe-account'] });
  const grant = await provider.grant({});
  const id = await w.account(connection, name('user'), {
    access_token: grant.accessToken,
    refresh_token: grant.refreshToken,
    expires_in: 3600,
  });
  const path = `/${name('thing')}`;
  dead.set(path, grant.accessToken);
  const agent = await w.agent({ rules: [{ connection, identifiers: ['*'], ...rule }] });
  const call = async (init: RequestInit = {}) => {
    const answer = await fetch(`${broker.url}/v1/connected-accounts/${id}/proxy${path}`, {
      method: 'POST',
      body: 'pay',
      ...init,
      headers: { authorization: `Bearer ${agent.key}`, ...init.headers },
    });
    const body = (await answer.json()) as any;
    return { status: answer.status, attempts: answer.headers.get('x-valetkey-attempts'), body };
  };
  const approve = async (approvalId: string) =>
    expect((await w.operator.post(`/v1/approvals/${approvalId}/approve`)).status).toBe(200);
  const reached = () => sent.filter((line) => line.startsWith(path));
  return { path, call, approve, reached };
}

const APPROVAL = { approval: { ttl_s: 600 } };

describe('a call that a person has approved', () => {
  it('goes through once, also where its token has died at the API: it is sent anew under the same yes', async () => {
    const { call, approve, reached } = await scene(APPROVAL);
    const asked = await call();
    expect([asked.status, asked.body.code]).toEqual([403, 'approval_required']);
    expect(reached()).toEqual([]);
    await approve(asked.body.approval_id);
    const done = await call();
    expect([done.status, done.attempts, reached().length]).toEqual([200, '2', 2]);
    const next = await call();
    expect([next.status, next.body.approval_id]).not.toEqual([403, asked.body.approval_id]);
    expect([next.status, reached().length]).toEqual([403, 2]);
  });

  it('is that call alone, with the headers that its API lists', async () => {
    const { call, approve, path, reached } = await scene(APPROVAL);
    const mine = { headers: { 'stripe-account': 'acct_1' } };
    const asked = await call(mine);
    await approve(asked.body.approval_id);
    for (const other of [{}, { headers: { 'stripe-account': 'acct_2' } }])
      expect((await call(other)).status).toBe(403);
    expect((await call({ headers: { ...mine.headers, 'x-own': 'stays here' } })).status).toBe(200);
    expect(new Set(reached())).toEqual(new Set([`${path} acct_1`]));
  });

  it('may have a body of 1 MiB: a longer one is refused at once, and nobody is asked', async () => {
    const { call, reached } = await scene(APPROVAL);
    const long = await call({ body: new Uint8Array(1_100_000) });
    expect([long.status, long.body.code]).toEqual([413, 'too_large']);
    expect(long.body.detail).toContain('1 MiB');
    expect(reached()).toEqual([]);
    const { body } = await w.operator.get('/v1/approvals?status=pending&limit=100');
    expect(JSON.stringify(body.data ?? body)).not.toContain('streamed');
  });
});

it('a call counts once under a rate, however often it is sent', async () => {
  const { call, reached } = await scene({ rate: { limit: 2, per: 'hour' } });
  const first = await call();
  expect([first.status, first.attempts, reached().length]).toEqual([200, '2', 2]);
  expect((await call()).status).toBe(200);
  expect((await call()).status).toBe(429);
});
