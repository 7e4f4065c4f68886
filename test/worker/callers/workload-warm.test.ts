/** What a workload's proof costs when it is cold and when it is warm, and what goes on where the directory is away. */

import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { prove } from '#callers/prove.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { systemNow } from '#lib/clock.ts';
import { config } from '../agents/world.ts';
import { stubIssuer, trustedAgent, type Issuer } from './workloads.ts';

const MINUTE_MS = 60_000;

let issuer: Issuer;

beforeAll(async () => {
  await applyMigrations(config.directory);
  issuer = await stubIssuer();
});
beforeEach(() => {
  issuer.asked.splice(0);
});
afterAll(() => {
  vi.unstubAllGlobals();
});

/** An isolate of its own, whose questions to the directory are counted, and whose clock is the test's. */
function isolate() {
  const state = { questions: 0, isAway: false, nowMs: systemNow() };
  const directory = new Proxy(config.directory, {
    get: (db, name) => {
      if (name !== 'prepare') return Reflect.get(db, name, db);
      return (sql: string) => {
        state.questions += 1;
        if (state.isAway) throw new Error('D1 is away');
        return db.prepare(sql);
      };
    },
  });
  const own = { ...config, directory };
  const work: Promise<unknown>[] = [];
  const ask = (token: string) =>
    prove(
      {
        config: own,
        method: 'GET',
        headers: new Headers({ authorization: `Bearer ${token}` }),
        url: 'https://broker.test/v1/agents/self/credentials',
        correlationId: 'test',
        toolCallId: null,
        client: { ip: null, country: null, colo: null, user_agent: null },
        waitUntil: (promise) => work.push(promise),
      },
      () => state.nowMs,
    );
  return { state, ask, settled: () => Promise.all(work.splice(0)) };
}

async function workload() {
  const { id, subject } = await trustedAgent();
  return { id, token: (lifeS?: number) => issuer.token(subject, lifeS) };
}

it('a cold proof asks the directory once and the issuer once; a warm one asks neither', async () => {
  const { id, token } = await workload();
  const { state, ask } = isolate();
  const first = await token();
  expect(await ask(first)).toMatchObject({
    ok: true,
    value: { plane: 'agent', id, method: 'workload_jwt', keyId: null, grantedRules: null, chain: [] },
  });
  expect(state.questions).toBe(1);
  expect(issuer.asked).toHaveLength(2);
  for (let n = 0; n < 10; n += 1) {
    state.nowMs += 20_000;
    expect((await ask(n % 2 === 0 ? first : await token(3_000 + n))).ok).toBe(true);
  }
  expect(state.questions).toBe(1);
  expect(issuer.asked).toHaveLength(2);
});

it('says when the token was made and when it ends', async () => {
  const { token } = await workload();
  const { ask } = isolate();
  const outcome = await ask(await token(600));
  if (!outcome.ok) throw new Error('expected a proof');
  const { expiresAtMs, issuedAtMs } = outcome.value;
  expect((expiresAtMs ?? 0) - (issuedAtMs ?? 0)).toBeGreaterThanOrEqual(599_000);
});

it('goes on for ten minutes while the directory is away, and then says so', async () => {
  const { token } = await workload();
  const { state, ask, settled } = isolate();
  const text = await token();
  expect((await ask(text)).ok).toBe(true);
  state.isAway = true;
  state.nowMs += 10 * MINUTE_MS - 1;
  expect((await ask(text)).ok).toBe(true);
  await settled();
  state.nowMs += 1;
  expect(await ask(text)).toMatchObject({ ok: false, error: { code: 'unavailable', retryAfterS: 5 } });
  state.isAway = false;
  expect((await ask(text)).ok).toBe(true);
});

it('of a workload that the isolate has not seen is not refused as wrong while the directory is away', async () => {
  const { token } = await workload();
  const { state, ask } = isolate();
  state.isAway = true;
  expect(await ask(await token())).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  expect(issuer.asked).toEqual([]);
});

it('a row that was written in the directory alone opens nothing', async () => {
  const { subject } = await trustedAgent(false);
  const outcome = await isolate().ask(await issuer.token(subject));
  expect(outcome).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
});
