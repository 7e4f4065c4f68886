/** The provider simulator: its dialects, its tokens, its record, and each thing that goes wrong in it. */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DIALECTS } from '#dev/simulator/dialects/dialects.ts';
import { latencyMs, type Latency } from '#dev/simulator/latency.ts';
import type { StepKind } from '#dev/simulator/steps.ts';
import { endGroup, runNode } from './programs.ts';
import { ask, jsonOf, refresh, simulate } from './simulator-client.ts';

const IDS = DIALECTS.map(({ id }) => id);
/** The providers whose errors come with 200. */
const IN_200 = ['slack', 'github'];
/** Those whose APIs refuse a token with 200. */
const API_IN_200 = ['slack', 'linear'];

describe.each(IDS)('the dialect %s', (id) => {
  it('answers a refresh in its own shape, and its API takes the token', async () => {
    const simulator = await simulate();
    const account = simulator.account({ dialect: id });
    const answer = await refresh(simulator, id, account.first.refreshToken);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const json = await jsonOf(answer);
    const token = String(json['access_token']);
    expect(token).not.toBe(account.first.accessToken);
    expect(token.startsWith(account.dialect.prefixes.access)).toBe(true);
    const rotated =
      json['refresh_token'] !== undefined && json['refresh_token'] !== account.first.refreshToken;
    expect(rotated).toBe(account.dialect.rotation === 'rotating');
    expect('expires_in' in json).toBe(account.dialect.saysExpiry);
    const api = async (bearer: string) =>
      await fetch(`${simulator.origin}/${id}/api/me`, { headers: { authorization: `Bearer ${bearer}` } });
    expect(await jsonOf(await api(token))).toMatchObject({ account: account.id });
    const refused = await api('nobody');
    expect(refused.status).toBe(API_IN_200.includes(id) ? 200 : 401);
    expect(await jsonOf(refused)).not.toHaveProperty('account');
  });

  it('refuses a wrong secret, a dead grant and an unknown token in the provider’s words', async () => {
    const simulator = await simulate();
    const account = simulator.account({ dialect: id });
    const wrong = await refresh(simulator, id, account.first.refreshToken, { secret: 'wrong' });
    expect(wrong.status === 200).toBe(IN_200.includes(id));
    account.family.dead = true;
    const dead = await refresh(simulator, id, account.first.refreshToken);
    const unknown = await refresh(simulator, id, 'nobody');
    expect([dead.status, await jsonOf(dead)]).toEqual([unknown.status, await jsonOf(unknown)]);
    expect(await jsonOf(wrong)).not.toMatchObject({ access_token: expect.anything() });
    expect(simulator.uses.map(({ verdict }) => verdict)).toEqual(['fresh', 'dead', 'unknown']);
    expect(simulator.uses[0]).toMatchObject({ processed: false, issued: null });
  });

  it('refuses what its documents do not allow, and spends no token by it', async () => {
    const simulator = await simulate();
    const { first, dialect } = simulator.account({ dialect: id });
    const fields = { grant_type: 'refresh_token', refresh_token: first.refreshToken };
    const wrongFormat = dialect.formats.includes('json') ? null : ('json' as const);
    const wrongAuth = dialect.auth.includes('body') ? null : ('body' as const);
    const answers = [
      await ask(simulator, id, fields, { query: '?client_id=x' }),
      await ask(simulator, id, fields, { auth: 'none' }),
      await ask(simulator, id, { ...fields, grant_type: 'password' }),
      ...(wrongFormat === null ? [] : [await ask(simulator, id, fields, { format: wrongFormat })]),
      ...(wrongAuth === null ? [] : [await ask(simulator, id, fields, { auth: wrongAuth })]),
      ...(dialect.narrows ? [] : [await ask(simulator, id, { ...fields, scope: 'x' })]),
    ];
    for (const answer of answers) {
      const json = await jsonOf(answer);
      expect(json['access_token']).toBeUndefined();
      expect(answer.status >= 400 || IN_200.includes(id)).toBe(true);
    }
    expect((await refresh(simulator, id, first.refreshToken)).status).toBe(200);
    expect(simulator.uses.at(-1)).toMatchObject({ verdict: 'fresh', processed: true });
  });
});

describe('a spent refresh token', () => {
  it('gets its successor again within the grace, and is a reuse after it', async () => {
    const simulator = await simulate();
    const account = simulator.account({ dialect: 'box', graceS: 60 });
    const one = await jsonOf(await refresh(simulator, 'box', account.first.refreshToken));
    const again = await jsonOf(await refresh(simulator, 'box', account.first.refreshToken));
    expect(again['refresh_token']).toBe(one['refresh_token']);
    account.family.settings.graceS = 0;
    expect((await refresh(simulator, 'box', account.first.refreshToken)).status).toBe(400);
    expect((await refresh(simulator, 'box', String(one['refresh_token']))).status).toBe(200);
    expect(simulator.uses.map(({ token, verdict, issued }) => [token, verdict, issued])).toEqual([
      [0, 'fresh', 1],
      [0, 'in_grace', 1],
      [0, 'reuse', null],
      [1, 'fresh', 2],
    ]);
  });

  it('ends the whole grant where the provider is strict', async () => {
    const simulator = await simulate();
    const account = simulator.account({ dialect: 'salesforce' });
    const one = await jsonOf(await refresh(simulator, 'salesforce', account.first.refreshToken));
    await refresh(simulator, 'salesforce', account.first.refreshToken);
    expect((await refresh(simulator, 'salesforce', String(one['refresh_token']))).status).toBe(400);
    expect(simulator.uses.map(({ verdict }) => verdict)).toEqual(['fresh', 'reuse', 'dead']);
  });

  it('is never punished at a provider that keeps old ones, nor spent where it stays the same', async () => {
    const simulator = await simulate();
    for (const id of ['microsoft', 'google']) {
      const { first } = simulator.account({ dialect: id });
      for (let n = 0; n < 3; n += 1)
        expect((await refresh(simulator, id, first.refreshToken)).status).toBe(200);
    }
    const verdicts = simulator.uses.map(({ verdict }) => verdict);
    expect(verdicts).toEqual(['fresh', 'in_grace', 'in_grace', 'fresh', 'fresh', 'fresh']);
  });

  it('dies of age where it has one', async () => {
    const simulator = await simulate();
    const { first } = simulator.account({ dialect: 'zoom', refreshTtlS: 0 });
    expect((await refresh(simulator, 'zoom', first.refreshToken)).status).toBe(400);
    expect(simulator.uses[0]).toMatchObject({ verdict: 'expired', issued: null });
  });
});

describe('a script', () => {
  const meet = async (kind: StepKind, more: object = {}) => {
    const simulator = await simulate();
    const account = simulator.account({ dialect: 'box', graceS: 60, script: [{ kind, ...more }] });
    const answer = await refresh(simulator, 'box', account.first.refreshToken).catch(() => null);
    return { answer, use: simulator.uses[0], simulator, account };
  };

  it('is met step by step, then everything is well', async () => {
    const simulator = await simulate();
    const script = [{ kind: 'error', status: 503, times: 2 }, { kind: 'page' }] as const;
    const { first } = simulator.account({ dialect: 'google', script });
    const statuses = [];
    for (let n = 0; n < 4; n += 1)
      statuses.push((await refresh(simulator, 'google', first.refreshToken)).status);
    expect(statuses).toEqual([503, 503, 502, 200]);
    expect(simulator.uses.map(({ step }) => step)).toEqual(['error', 'error', 'page', null]);
  });

  it('throttles with Retry-After in both forms, or none', async () => {
    const seconds = await meet('throttle', { seconds: 7 });
    expect([seconds.answer?.status, seconds.answer?.headers.get('retry-after')]).toEqual([429, '7']);
    const date = await meet('throttle', { seconds: 60, retry_after: 'date' });
    const until = Date.parse(date.answer?.headers.get('retry-after') ?? '');
    expect(Math.abs(until - Date.now() - 60_000)).toBeLessThan(30_000);
    expect(date.use).toMatchObject({ processed: false, verdict: 'fresh' });
  });

  it('throttles under 200 too, where a provider does that', async () => {
    const simulator = await simulate();
    const { first } = simulator.account({ dialect: 'slack', script: [{ kind: 'throttle', status: 200 }] });
    const answer = await refresh(simulator, 'slack', first.refreshToken);
    expect([answer.status, await jsonOf(answer)]).toEqual([200, { ok: false, error: 'ratelimited' }]);
  });

  it('says the wrong type, an error under 200, another host', async () => {
    const type = await meet('wrong_type');
    expect(type.answer?.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await type.answer?.json()).toMatchObject({ access_token: expect.any(String) });
    const error = await meet('error_200');
    expect([error.answer?.status, await error.answer?.json()]).toMatchObject([
      200,
      { error: 'invalid_grant' },
    ]);
    const away = await meet('redirect');
    expect([away.answer?.status, away.answer?.headers.get('location')]).toEqual([
      307,
      'https://elsewhere.example/token',
    ]);
  });

  it('cuts, floods and drips', async () => {
    const cut = await meet('truncate', { bytes: 9, clean: true });
    expect(await cut.answer?.text()).toHaveLength(9);
    expect(cut.use).toMatchObject({ processed: true, issued: 1 });
    const broken = await meet('truncate', { bytes: 9 });
    await expect(broken.answer?.text()).rejects.toThrow();
    const huge = await meet('huge', { bytes: 300_000 });
    expect(await huge.answer?.text()).toHaveLength(300_000);
    const drip = await meet('drip', { ms: 1 });
    expect(await drip.answer?.json()).toMatchObject({ refresh_token: expect.any(String) });
  });

  it('drops the connection before and after the work, and the record tells which', async () => {
    const before = await meet('drop_before');
    expect([before.answer, before.use]).toMatchObject([
      null,
      { processed: false, answered: false, status: null },
    ]);
    const after = await meet('drop_after');
    expect([after.answer, after.use]).toMatchObject([null, { processed: true, issued: 1, answered: false }]);
    const made = await refresh(after.simulator, 'box', after.account.first.refreshToken);
    expect(made.status).toBe(200);
    expect(after.simulator.uses[1]).toMatchObject({ verdict: 'in_grace', issued: 1 });
  });

  it('does the work behind an answer that hides it, where it is told to', async () => {
    const { answer, use } = await meet('error', { process: true });
    expect([answer?.status, use]).toMatchObject([500, { processed: true, issued: 1 }]);
  });
});

describe('latency', () => {
  it('follows its distribution, and is never negative or endless', () => {
    const all: Latency[] = [
      { kind: 'constant', ms: 40 },
      { kind: 'uniform', minMs: 10, maxMs: 30 },
      { kind: 'exponential', meanMs: 50 },
      { kind: 'lognormal', medianMs: 80, p99Ms: 900 },
    ];
    const sorted = (latency: Latency) => {
      const made = Array.from({ length: 10_000 }, (_, n) =>
        latencyMs(latency, (n % 100) / 100 + 0.005, Math.floor(n / 100) / 100),
      );
      return made.toSorted((a, b) => a - b);
    };
    const [constant = [], uniform = [], exponential = [], lognormal = []] = all.map(sorted);
    expect(new Set(constant)).toEqual(new Set([40]));
    expect(uniform[0]).toBeGreaterThanOrEqual(10);
    expect(uniform.at(-1)).toBeLessThan(30);
    expect(exponential.reduce((sum, one) => sum + one, 0) / exponential.length).toBeCloseTo(50, -1);
    expect(lognormal[5000]).toBeCloseTo(80, -1);
    expect(latencyMs({ kind: 'exponential', meanMs: 1e9 }, 0.999, 0)).toBe(120_000);
    expect(latencyMs({ kind: 'lognormal', medianMs: 0, p99Ms: 1 }, 0.5, 0.5)).toBe(0);
  });
});

describe('the routes of its own', () => {
  it('make, script, show and end accounts', async () => {
    const { origin } = await simulate();
    const call = async (method: string, path: string, body?: unknown) => {
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await fetch(`${origin}/simulator${path}`, { method, ...sent });
      return { status: answer.status, json: await jsonOf(answer) };
    };
    const made = await call('POST', '/accounts', {
      dialect: 'slack',
      id: 'u1',
      grace_s: 0,
      access_ttl_s: 60,
    });
    expect(made).toMatchObject({
      status: 201,
      json: { account: 'u1', refresh_token: expect.stringMatching(/^xoxe-/), living: [0] },
    });
    expect(made.json['provider_config']).toMatchObject({ token_url: `${origin}/slack/token` });
    expect(
      (await call('PATCH', '/accounts/u1', { dead: true, script: [{ kind: 'slow', ms: 1 }] })).json,
    ).toMatchObject({ dead: true, living: [] });
    expect((await call('GET', '/uses?account=u1')).json).toEqual({ uses: [] });
    expect((await call('GET', '')).json).toMatchObject({ dialects: { length: 12 } });
    for (const body of [
      { dialect: 'none' },
      { dialect: 'slack', id: 'u1' },
      { dialect: 'slack', grace_s: -1 },
      { dialect: 'slack', script: [{ kind: 'x' }] },
      [],
    ])
      expect((await call('POST', '/accounts', body)).status).toBe(400);
    expect((await call('GET', '/accounts/none')).status).toBe(400);
    expect((await call('PUT', '/accounts')).status).toBe(404);
  });

  it('hand out a code that is good once, for its redirect and its verifier', async () => {
    const simulator = await simulate({ answer: 'allow' });
    const { origin, client } = simulator;
    const verifier = 'v'.repeat(43);
    const code_challenge = createHash('sha256').update(verifier).digest('base64url');
    const redirect_uri = 'http://127.0.0.1:1/back';
    const asked = {
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri,
      state: 's',
      code_challenge,
    };
    const consent = async () => {
      const query = new URLSearchParams(asked).toString();
      const answer = await fetch(`${origin}/linear/authorize?${query}`, { redirect: 'manual' });
      return new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    };
    const redeem = async (code: string, code_verifier: string) =>
      await ask(simulator, 'linear', { grant_type: 'authorization_code', code, redirect_uri, code_verifier });
    const code = await consent();
    expect(await jsonOf(await redeem(code, verifier))).toMatchObject({ refresh_token: expect.any(String) });
    expect((await redeem(code, verifier)).status).toBe(400);
    expect((await redeem(await consent(), 'w'.repeat(43))).status).toBe(400);
    const evil = new URLSearchParams({ ...asked, redirect_uri: 'https://evil.example/' }).toString();
    expect((await fetch(`${origin}/linear/authorize?${evil}`, { redirect: 'manual' })).status).toBe(400);
  });
});

describe('the program', () => {
  it('says where it is and how to begin, tells each use, and ends with SIGTERM', async () => {
    const program = runNode('simulate.ts', ['--port', '0']);
    try {
      const origin = (await program.says(/^ready (http:\/\/127\.0\.0\.1:\d+)$/m))[1] ?? '';
      const [, clientId = '', secret = ''] = await program.says(/^client +(\S+) +(\S+)$/m);
      const body = JSON.stringify({ dialect: 'slack', id: 'u1', script: [{ kind: 'throttle', seconds: 5 }] });
      const made = await jsonOf(await fetch(`${origin}/simulator/accounts`, { method: 'POST', body }));
      const form = { grant_type: 'refresh_token', refresh_token: String(made['refresh_token']) };
      const sent = new URLSearchParams({ ...form, client_id: clientId, client_secret: secret });
      const answers = [];
      for (let n = 0; n < 2; n += 1)
        answers.push((await fetch(`${origin}/slack/token`, { method: 'POST', body: sent })).status);
      expect(answers).toEqual([429, 200]);
      await program.says(/^slack u1 token 0 fresh \[throttle\]: 429\nslack u1 token 0 fresh: 200$/m);
      expect(program.stdout()).not.toContain(String(made['refresh_token']));
      program.child.kill('SIGTERM');
      expect(await program.exited).toBe(0);
    } finally {
      endGroup(program);
    }
  });

  it('says in one line what is wrong with its arguments', async () => {
    const program = runNode('simulate.ts', ['--port', 'x']);
    expect(await program.exited).toBe(2);
    expect(program.stderr()).toMatch(/^--port must be 0 to 65535[^\n]*\n$/);
  });
});
