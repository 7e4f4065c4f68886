import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import fc from 'fast-check';
import { GATHER_MS, ReleaseLines, type Senders } from '../../../src/accounts/door/together/line.ts';
import type { ReleaseRequest, ReleaseResult } from '../../../src/accounts/door/answer.ts';

const ask = (who: string): ReleaseRequest => ({
  agent: { id: who, organization: '', status: 'active', policy: { rules: [] } },
  byId: true,
  minTtlMs: 60_000,
  minTtlExplicit: false,
  scopes: null,
  rejected: null,
  context: {
    actor: { type: 'agent', id: who, method: 'agent_key', key_id: null },
    correlationId: who,
    toolCallId: null,
    client: { ip: null, country: null, colo: null, user_agent: null },
  },
});
const answerTo = ({ agent }: ReleaseRequest): ReleaseResult => ({ ok: true, body: agent.id });

/** An account that takes `tripMs` for a call, and what it was asked. */
function account(tripMs: number, changes: Partial<Senders> = {}) {
  const calls: string[][] = [];
  const heldMs: number[] = [];
  const trip = () => new Promise((resolve) => setTimeout(resolve, tripMs));
  const note = (requests: readonly ReleaseRequest[]) => {
    calls.push(requests.map(({ agent }) => agent.id));
    heldMs.push(...requests.map((request) => request.heldMs ?? 0));
  };
  const send: Senders = {
    alone: async (request) => {
      note([request]);
      await trip();
      return answerTo(request);
    },
    together: async (requests) => {
      note(requests);
      await trip();
      return requests.map(answerTo);
    },
    ...changes,
  };
  return { calls, heldMs, send, trip, note };
}

const lasting = () => undefined;
const askedBy = (lines: ReleaseLines, send: Senders, who: string) =>
  lines.release('acc', ask(who), send, lasting);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('requests for one account', () => {
  it('go at once and alone where no call is on its way', async () => {
    const { calls, send } = account(1);
    const lines = new ReleaseLines();
    for (const who of ['a', 'b']) {
      const answer = askedBy(lines, send, who);
      expect(calls.at(-1)).toEqual([who]);
      await vi.advanceTimersByTimeAsync(1);
      expect(await answer).toEqual({ ok: true, body: who });
    }
  });

  it('that come while a call is on its way go together, each with its own answer', async () => {
    const { calls, send } = account(1);
    const lines = new ReleaseLines();
    const answers = ['a', 'b', 'c', 'd'].map((who) => askedBy(lines, send, who));
    await vi.advanceTimersByTimeAsync(10);
    expect(calls).toEqual([['a'], ['b', 'c', 'd']]);
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd'].map((body) => ({ ok: true, body })));
  });

  it('wait for company a millisecond and no longer, however slow the call, and say how long they were held', async () => {
    const { calls, heldMs, send } = account(500);
    const lines = new ReleaseLines();
    const answers = ['a', 'b', 'c'].map((who) => askedBy(lines, send, who));
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(calls).toEqual([['a'], ['b', 'c']]);
    expect(heldMs).toEqual([0, GATHER_MS, GATHER_MS]);
    await vi.advanceTimersByTimeAsync(500);
    await Promise.all(answers);
  });

  it('wait a moment for company where there was some just now, and not where there was none', async () => {
    const { calls, send } = account(1);
    const lines = new ReleaseLines();
    const first = ['a', 'b', 'c'].map((who) => askedBy(lines, send, who));
    await vi.advanceTimersByTimeAsync(2);
    const second = ['d', 'e'].map((who) => askedBy(lines, send, who));
    expect(calls).toEqual([['a'], ['b', 'c']]);
    await vi.advanceTimersByTimeAsync(10);
    await Promise.all([...first, ...second]);
    expect(calls.at(-1)).toEqual(['d', 'e']);
    const alone = askedBy(lines, send, 'f');
    await vi.advanceTimersByTimeAsync(2);
    await alone;
    void askedBy(lines, send, 'g');
    expect(calls.slice(-2)).toEqual([['f'], ['g']]);
  });

  it('are woken by their own timers alone: another request that has their answer does not go on as them', async () => {
    const lines = new ReleaseLines();
    let arrive: () => void = () => undefined;
    const together: Senders['together'] = (requests) =>
      new Promise((resolve) => {
        arrive = () => resolve(requests.map(answerTo));
      });
    const { send } = account(1);
    const [a, b, c] = ['a', 'b', 'c'].map((who) => askedBy(lines, { ...send, together }, who));
    await vi.advanceTimersByTimeAsync(5);
    await a;
    let answered = false;
    void c?.then(() => {
      answered = true;
    });
    arrive();
    await b;
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(answered).toBe(false);
    await vi.advanceTimersByTimeAsync(GATHER_MS);
    expect(answered).toBe(true);
  });

  it('of another account wait for nobody', async () => {
    const { calls, send } = account(5);
    const lines = new ReleaseLines();
    void askedBy(lines, send, 'a');
    void lines.release('other', ask('b'), send, lasting);
    expect(calls).toEqual([['a'], ['b']]);
  });

  it('that cannot be answered at once go once more, alone', async () => {
    const { calls, send, trip, note } = account(1);
    const together: Senders['together'] = async (requests) => {
      note(requests);
      await trip();
      return requests.map((request) => (request.agent.id === 'c' ? null : answerTo(request)));
    };
    const lines = new ReleaseLines();
    const answers = ['a', 'b', 'c', 'd'].map((who) => askedBy(lines, { ...send, together }, who));
    await vi.advanceTimersByTimeAsync(10);
    expect(calls).toEqual([['a'], ['b', 'c', 'd'], ['c']]);
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd'].map((body) => ({ ok: true, body })));
  });

  it('of a common call that fails go once more, each alone and each with its own end', async () => {
    const { send, trip } = account(1);
    const together: Senders['together'] = async () => {
      await trip();
      throw new Error('the object was reset');
    };
    const alone: Senders['alone'] = async (request) => {
      await trip();
      if (request.agent.id === 'c') throw new Error('of c');
      return answerTo(request);
    };
    const lines = new ReleaseLines();
    const answers = ['a', 'b', 'c'].map((who) => askedBy(lines, { ...send, alone, together }, who));
    const ends = Promise.allSettled(answers);
    await vi.advanceTimersByTimeAsync(20);
    expect((await ends).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  it('do not hang where a common call never comes back', async () => {
    const { calls, send } = account(1);
    const lines = new ReleaseLines();
    const together: Senders['together'] = () => new Promise(() => undefined);
    const [, , c] = ['a', 'b', 'c'].map((who) => askedBy(lines, { ...send, together }, who));
    await vi.advanceTimersByTimeAsync(6_000);
    expect(await c).toEqual({ ok: true, body: 'c' });
    expect(calls.at(-1)).toEqual(['c']);
  });

  it('find their own answers whatever comes when, and how long calls take', async () => {
    const arrivals = fc.array(fc.nat(6), { minLength: 1, maxLength: 60 });
    const trips = fc.array(fc.record({ ms: fc.nat(8), fails: fc.boolean() }), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(arrivals, trips, async (gaps, plans) => {
        let trip = 0;
        const next = async () => {
          const plan = plans[trip++ % plans.length];
          await new Promise((resolve) => setTimeout(resolve, plan?.ms ?? 0));
          return plan?.fails === true;
        };
        const answered = new Map<string, number>();
        const answer = (request: ReleaseRequest) => {
          answered.set(request.agent.id, (answered.get(request.agent.id) ?? 0) + 1);
          return answerTo(request);
        };
        const send: Senders = {
          alone: async (request) => {
            await next();
            return answer(request);
          },
          together: async (requests) => {
            if (await next()) throw new Error('cut');
            return requests.map((request, index) => (index % 3 === 2 ? null : answer(request)));
          },
        };
        const lines = new ReleaseLines();
        const answers: Promise<ReleaseResult>[] = [];
        for (const gap of gaps) {
          answers.push(askedBy(lines, send, `r${answers.length}`));
          await vi.advanceTimersByTimeAsync(gap);
        }
        await vi.advanceTimersByTimeAsync(1_000);
        expect(await Promise.all(answers)).toEqual(gaps.map((_, n) => ({ ok: true, body: `r${n}` })));
        // Nobody is answered, and so recorded, twice.
        expect([...answered.values()].every((times) => times === 1)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the age of a proof', () => {
  it('grows by the time in the line, on top of what it was before', async () => {
    const sent: ReleaseRequest[] = [];
    const { send, trip } = account(5);
    const noted: Senders = {
      alone: async (request) => {
        sent.push(request);
        return send.alone(request);
      },
      together: async (requests) => {
        sent.push(...requests);
        await trip();
        return requests.map(answerTo);
      },
    };
    const lines = new ReleaseLines();
    const asked = (who: string) =>
      lines.release('acc', { ...ask(who), heldMs: 40, provedMsAgo: 600 }, noted, lasting);
    const all = [asked('a'), asked('b'), asked('c')];
    await vi.runAllTimersAsync();
    await Promise.all(all);
    expect(sent).toHaveLength(3);
    expect(sent[0]).toMatchObject({ heldMs: 40, provedMsAgo: 600 });
    for (const { heldMs = 0, provedMsAgo = 0 } of sent.slice(1)) {
      expect(heldMs).toBeGreaterThanOrEqual(40 + GATHER_MS);
      expect(provedMsAgo).toBe(600 + heldMs - 40);
    }
  });
});
