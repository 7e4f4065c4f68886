/** A call that the account let out has an end in its chain, told by the Worker that made it, or else found missing. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CallEnded } from '#accounts/door/answer.ts';
import {
  connected,
  context,
  evict,
  records,
  release,
  request,
  right,
  ring,
  rows,
  stub,
  tamper,
} from './world.ts';

const USE = { action: 'proxy', method: 'GET', path: '/contacts/7', tool: null } as const;
const MINUTE_MS = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

const callable = () => connected({ facts: { api_base_urls: ['https://api.example.com/v1'] } });

async function begin(id: string): Promise<number> {
  const result = await stub(id).release(request({ use: USE }));
  if (!('began' in result)) throw new Error(`answered ${JSON.stringify(result)}`);
  return result.began;
}

const told = (began: number): CallEnded => ({
  began,
  use: USE,
  outcome: 'ok',
  reason: null,
  upstreamStatus: 200,
  fingerprint: 'print',
  durationMs: 12,
  context,
});

/** The account's alarm some minutes later; the clock is moved on, and moves on from there. */
async function ringAfter(id: string, minutes: number): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + minutes * MINUTE_MS);
  await ring(id);
}

const ends = async (id: string) =>
  (await records(id))
    .map((one) => one as unknown as Record<string, unknown>)
    .filter(({ action, outcome }) => action === 'proxy.call' && outcome !== 'started')
    .map(({ began, outcome, reason = null }) => ({ began, outcome, reason }));

describe('a call that began', () => {
  it('ends once in the chain, where its Worker tells it, and is looked for no more', async () => {
    const { id } = await callable();
    const began = await begin(id);
    expect(await stub(id).callEnded(told(began))).toBe(true);
    await ringAfter(id, 5);
    expect(await ends(id)).toEqual([{ began, outcome: 'ok', reason: null }]);
    expect(await rows(id, `SELECT kind FROM timer WHERE kind = 'calls'`)).toEqual([]);
    expect(right(await stub(id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it.each([false, true])('is found where nobody tells its end; the object has slept: %s', async (slept) => {
    const { id } = await callable();
    const first = await begin(id);
    const lost = await begin(id);
    expect(await stub(id).callEnded(told(first))).toBe(true);
    if (slept) await evict(id);
    await ringAfter(id, 5);
    expect(await ends(id)).toContainEqual({ began: lost, outcome: 'unknown', reason: 'outcome_unknown' });
    expect(await ends(id)).toHaveLength(2);
    // What was closed is not found again.
    await release(id, { use: USE });
    await ringAfter(id, 5);
    expect((await ends(id)).filter(({ began }) => began === lost)).toHaveLength(1);
  });

  it('is left alone while it may still be told', async () => {
    const { id } = await callable();
    await begin(id);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 3 * MINUTE_MS);
    const young = await begin(id);
    vi.setSystemTime(Date.now() + 2 * MINUTE_MS);
    await ring(id);
    expect((await ends(id)).map(({ began }) => began)).not.toContain(young);
    expect(await rows(id, `SELECT payload FROM timer WHERE kind = 'calls'`)).toEqual([
      { payload: String(young) },
    ]);
  });
});

describe('a call that goes on', () => {
  const may = (id: string, changes = {}) => stub(id).mayGoOn(request({ use: USE, byId: true, ...changes }));

  it('may, as long as its account and its rules say so, and records nothing', async () => {
    const { id, connection } = await callable();
    const before = (await records(id)).length;
    expect(await may(id)).toBe(true);
    const suspended = { ...request().agent, status: 'suspended' } as const;
    expect(await may(id, { agent: suspended })).toBe(false);
    const others = { ...request().agent, policy: { rules: [{ connection: 'other', identifiers: ['*'] }] } };
    expect(await may(id, { agent: others })).toBe(false);
    const tokens = {
      ...request().agent,
      policy: { rules: [{ connection, identifiers: ['*'], actions: ['token'] }] },
    };
    expect(await may(id, { agent: tokens })).toBe(false);
    expect((await records(id)).length).toBe(before);
    right(await stub(id).seal({ context }));
    expect(await may(id)).toBe(true);
    right(await stub(id).signal({ context, signal: 'disabled' }));
    expect(await may(id)).toBe(false);
  });

  it('may not where the account’s rows cannot be trusted, or it is gone', async () => {
    const { id } = await callable();
    await tamper(id, `UPDATE account SET status = 'revoked'`);
    expect(await may(id)).toBe(false);
    expect(await stub(id).callEnded(told(1))).toBe(false);
    const gone = await callable();
    right(await stub(gone.id).remove({ organization: null, context }));
    expect(await may(gone.id)).toBe(false);
  });
});
