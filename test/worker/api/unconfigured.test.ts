/** A deployment that lacks what every request needs, or whose settings are not what they have to be: it says so itself. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import { createFront } from '#api/tokens/token-front.ts';
import { ProblemDocument } from '#contract/problem.ts';
import { config } from './world.ts';

const front = createFront(createApp());
const ID = 'ca_gaaaaaaaaaaaaaaaaaaaaaaaaaa';
const adminKey = config.adminKey ?? '';

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

async function ask(path: string, settings: Record<string, unknown>, asked: Asked = {}) {
  const { method = 'GET', headers = {} } = asked;
  const request = new Request(`https://broker.test${path}`, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, ...headers },
  });
  const execution = createExecutionContext();
  const answer = await front(request, { ...(env as object), ...settings }, execution);
  const text = await answer.text();
  await waitOnExecutionContext(execution);
  const isJson = (answer.headers.get('content-type') ?? '').includes('json');
  return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : null };
}

const ROUTES: readonly [string, string][] = [
  ['GET', `/v1/connected-accounts/${ID}/token`],
  ['GET', '/v1/agents/me/credentials/hubspot'],
  ['GET', '/v%31/agents/me/credentials/hubspot'],
  ['GET', '/v1/connections'],
  ['POST', '/v1/agents'],
  ['PUT', '/v1/credentials/hubspot'],
  ['GET', '/v1/events'],
  ['GET', '/connect/some-link'],
  ['GET', '/nowhere'],
];

const BROKEN: readonly [string, Record<string, unknown>, RegExp][] = [
  ['the database', { DB: undefined }, /the binding DB is missing/],
  ['the objects of accounts', { ACCOUNTS: undefined }, /the binding ACCOUNTS is missing/],
  ['the objects of agents', { AGENTS: undefined }, /the binding AGENTS is missing/],
  ['two of them', { DB: undefined, AGENTS: undefined }, /AGENTS is missing.*DB is missing/],
  ['a database that is a text', { DB: 'planted-text' }, /the binding DB is not a D1 database/],
  ['objects that are none', { ACCOUNTS: {} }, /the binding ACCOUNTS is not a Durable Object namespace/],
  ['keys that are no text', { MASTER_KEYS: { k1: 'planted-text' } }, /the setting MASTER_KEYS is not a text/],
];

describe('a deployment without what it needs', () => {
  it.each(BROKEN)('says so on every route: %s', async (_what, settings, words) => {
    for (const [method, path] of ROUTES) {
      const headers = { 'x-correlation-id': 'my-own-id' };
      const answer = await ask(path, settings, { method, headers });
      expect([answer.status, answer.json?.code], path).toEqual([503, 'unavailable']);
      expect(ProblemDocument.parse(answer.json).detail).toMatch(words);
      expect(answer.json.detail).toContain('/readyz');
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect([answer.headers.get('x-correlation-id'), answer.json.correlation_id]).toEqual([
        'my-own-id',
        'my-own-id',
      ]);
      expect(answer.text).not.toMatch(/planted|    at |\.ts/);
    }
  });

  it('repeats no key that somebody put where the correlation id stands', async () => {
    const answer = await ask(
      '/v1/connections',
      { DB: undefined },
      { headers: { 'x-correlation-id': adminKey } },
    );
    expect(answer.status).toBe(503);
    expect(answer.text + JSON.stringify([...answer.headers])).not.toContain(adminKey);
    expect(answer.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('answers its probes: it is there, and is not ready, for these reasons', async () => {
    for (const [, settings, words] of BROKEN) {
      const alive = await ask('/healthz', settings);
      expect([alive.status, alive.json.status]).toEqual([200, 'ok']);
      const ready = await ask('/readyz', settings);
      expect([ready.status, ready.json.status]).toEqual([503, 'not_ready']);
      expect(ready.json.checks.setup.ok).toBe(false);
      expect(ready.json.checks.setup.detail).toMatch(words);
      expect(ready.headers.get('cache-control')).toBe('no-store');
      expect(ready.headers.get('x-correlation-id')).toBeTruthy();
    }
  });

  it('shows a browser a page, with nothing of the reason', async () => {
    for (const path of ['/connect/some-link', '/oauth/callback/crm?code=planted']) {
      const answer = await ask(path, { DB: undefined }, { headers: { accept: 'text/html' } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
      expect(answer.text).not.toMatch(/binding|planted/);
      expect(answer.headers.get('x-correlation-id')).toBeTruthy();
    }
  });

  it('is well again with what it lacked, in the same isolate', async () => {
    expect((await ask('/v1/connections', { DB: undefined })).status).toBe(503);
    expect((await ask('/v1/connections', {})).status).toBe(200);
  });
});

describe('a BASE_URL that is none', () => {
  it.each(['broker.example.com', 'localhost:8787', 'https://', 'ftp://broker.example.com'])(
    'is said where an address is made from it, and costs no agent a token: %s',
    async (text) => {
      const settings = { BASE_URL: text };
      // The agent is asked who it is.
      expect((await ask(`/v1/connected-accounts/${ID}/token`, settings)).status).toBe(403);
      expect((await ask('/v1/agents', settings)).status).toBe(200);
      const answer = await ask('/v1/connections', settings);
      expect([answer.status, answer.json?.code]).toEqual([503, 'unavailable']);
      expect(answer.json.detail).toMatch(/BASE_URL is not .*\/readyz/);
      const page = await ask('/connect/some-link', settings, { headers: { accept: 'text/html' } });
      expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html; charset=utf-8']);
      const ready = await ask('/readyz', settings);
      expect([ready.status, ready.json.checks.base_url.ok]).toEqual([503, false]);
    },
  );
});

describe('a deployment without static assets', () => {
  it('says on the page of the contract where the contract is, runs nothing there, and has no viewer', async () => {
    const page = await ask('/docs', { ASSETS: undefined });
    expect(page.status).toBe(200);
    expect(page.text).toContain('href="/openapi.json"');
    expect(page.text).not.toContain('<script');
    expect(page.headers.get('content-security-policy')).not.toContain('script-src');
    const viewer = await ask('/docs/viewer.js', { ASSETS: undefined });
    expect([viewer.status, viewer.json.code]).toEqual([404, 'not_found']);
    expect((await ask('/openapi.json', { ASSETS: undefined })).json.openapi).toBe('3.1.0');
  });
});
