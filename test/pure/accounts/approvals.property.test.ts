import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answerTo,
  APPROVAL_MOVES,
  APPROVAL_STATUSES,
  approvalAt,
  hasRoom,
  isLive,
  KEPT_ENDED,
  MAX_LIVE_PER_AGENT,
  MAX_PENDING_PER_AGENT,
  movedBy,
  PENDING_MS,
  requestKey,
  surplusOf,
  type About,
  type ApprovalRow,
  type AskedUse,
} from '#accounts/approvals/machine.ts';
import { FOR_TOKEN } from '#policy/request.ts';

const TTL_MS = 3_600_000;
const row = (changes: Partial<ApprovalRow> = {}): ApprovalRow => ({
  ...FOR_TOKEN,
  id: 'apr_1',
  key: 'key',
  agent: 'agent',
  status: 'pending',
  digest: null,
  preview: null,
  reason: null,
  ttlMs: TTL_MS,
  createdAtMs: 0,
  endsAtMs: PENDING_MS,
  decidedAtMs: null,
  decidedBy: null,
  usedAtMs: null,
  usedAs: null,
  updatedAtMs: 0,
  ...changes,
});

const text = fc.constantFrom(null, 'a', 'b', 'a,b', '"a"', 'null', '');
const use: fc.Arbitrary<AskedUse> = fc.record({
  action: fc.constantFrom('proxy', 'tool', 'mcp'),
  tool: text,
  method: text,
  path: text,
  digest: text,
  preview: text,
  purpose: text,
  baseUrl: text,
  headers: fc.constantFrom({}, { a: 'b' }),
});
const NOTHING: About = { agentLife: null, subject: null, address: null, headers: [] };
const about: fc.Arbitrary<About> = fc.record({
  agentLife: text,
  subject: text,
  address: text,
  headers: fc.constantFrom([], [['a', 'b']], [['a', 'c']]),
});
const named = ({ action, tool, method, path, digest }: AskedUse) => [action, tool, method, path, digest];
const pickNamed = ({ action, tool, method, path, digest }: AskedUse) => ({
  action,
  tool,
  method,
  path,
  digest,
});

describe('which request an approval is about', () => {
  it('is told by agent, action, tool, method, path, digest and what these are about, and by nothing else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('one', 'two'),
        use,
        fc.constantFrom('one', 'two'),
        use,
        about,
        about,
        (agent, asked, other, again, here, there) => {
          const isSame =
            agent === other &&
            JSON.stringify([named(asked), Object.entries(here).toSorted()]) ===
              JSON.stringify([named(again), Object.entries(there).toSorted()]);
          expect(requestKey(agent, asked, here) === requestKey(other, again, there)).toBe(isSame);
          const otherwise: AskedUse = { ...again, ...pickNamed(asked) };
          expect(requestKey(agent, otherwise, here)).toBe(requestKey(agent, asked, here));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each<[string, Partial<AskedUse>, Partial<About>]>([
    ['tool', { tool: 'b' }, {}],
    ['method', { method: 'b' }, {}],
    ['path', { path: 'b' }, {}],
    ['digest', { digest: 'b' }, {}],
    ['action', { action: 'tool' }, {}],
    ['life of the agent', {}, { agentLife: '2.0' }],
    ['user of the account', {}, { subject: 'eve' }],
    ['address', {}, { address: 'https://b.example' }],
    ['header that leaves', {}, { headers: [['a', 'c']] }],
  ])('is another one where the %s alone is another', (_what, change, elsewhere) => {
    const asked = { ...FOR_TOKEN, action: 'proxy', tool: 'a', method: 'a', path: 'a', digest: 'a' } as const;
    const here: About = {
      agentLife: '1.0',
      subject: 'ada',
      address: 'https://a.example',
      headers: [['a', 'b']],
    };
    const key = requestKey('one', asked, here);
    expect(requestKey('one', { ...asked, ...change }, { ...here, ...elsewhere })).not.toBe(key);
    expect(requestKey('two', asked, here)).not.toBe(key);
    expect(requestKey('one', { ...asked }, { ...here })).toBe(key);
  });

  it('is the token itself, whatever digest comes with it', () => {
    const token = { ...FOR_TOKEN, digest: null };
    const keyOf = (changes: object) => requestKey('one', { ...token, ...changes }, NOTHING);
    expect(keyOf({ digest: 'd' })).toBe(keyOf({}));
    expect(keyOf({ action: 'proxy' })).not.toBe(keyOf({}));
  });
});

/** What happens to one request, one after another, each after so long. */
const step = fc.record({
  what: fc.constantFrom('ask', 'approve', 'deny'),
  afterMs: fc.constantFrom(0, 1, 30_000, TTL_MS - 1, TTL_MS, PENDING_MS),
});

describe('an approval, whatever happens to it,', () => {
  it('lets through once for each yes, within its time, and never without one', () => {
    let through = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        let rows: ApprovalRow[] = [];
        let nowMs = 1_000;
        let yesAtMs: number | null = null;
        const put = (one: ApprovalRow) => (rows = [...rows.filter(({ id }) => id !== one.id), one]);
        for (const { what, afterMs } of steps) {
          nowMs += afterMs;
          if (what !== 'ask') {
            const open = rows.map((one) => approvalAt(one, nowMs)).find(({ status }) => status === 'pending');
            const decided =
              open === undefined
                ? null
                : movedBy(open, what === 'approve' ? 'approved' : 'denied', nowMs, 'me');
            if (decided === null) continue;
            put(decided);
            yesAtMs = what === 'approve' ? nowMs : null;
            continue;
          }
          const answer = answerTo(rows, 'key', TTL_MS, nowMs);
          const isMeant = yesAtMs !== null && nowMs - yesAtMs < TTL_MS;
          expect(answer.kind === 'approved').toBe(isMeant);
          if (answer.kind === 'approved') {
            put(movedBy(answer.row, 'spent', nowMs) as ApprovalRow);
            yesAtMs = null;
            through += 1;
          } else if (answer.kind === 'new')
            put(row({ id: `apr_${rows.length}`, createdAtMs: nowMs, endsAtMs: nowMs + PENDING_MS }));
        }
      }),
      { numRuns: 2000 },
    );
    expect(through).toBeGreaterThan(100);
  });

  it('moves as its table says and is over where nothing leads on', () => {
    for (const status of APPROVAL_STATUSES) {
      const moves = Object.keys(APPROVAL_MOVES[status]);
      for (const signal of ['approved', 'denied', 'spent', 'returned', 'lapsed'] as const)
        expect(movedBy(row({ status }), signal, 5) !== null).toBe(moves.includes(signal));
    }
    expect(approvalAt(row({ status: 'used' }), PENDING_MS).status).toBe('used');
    expect(approvalAt(row(), PENDING_MS).status).toBe('expired');
    expect(approvalAt(row(), PENDING_MS - 1).status).toBe('pending');
  });

  it('is good no longer than the rule says now, and no longer than it said then', () => {
    const yes = movedBy(row(), 'approved', 1_000) as ApprovalRow;
    const kindAt = (ttlMs: number, afterMs: number) => answerTo([yes], 'key', ttlMs, 1_000 + afterMs).kind;
    expect(kindAt(60_000, 59_999)).toBe('approved');
    expect(kindAt(60_000, 60_000)).toBe('new');
    expect(kindAt(10 * TTL_MS, TTL_MS - 1)).toBe('approved');
    expect(kindAt(10 * TTL_MS, TTL_MS)).toBe('new');
  });

  it('stands as a no for the time of its rule', () => {
    const no = movedBy(row(), 'denied', 1_000) as ApprovalRow;
    expect(answerTo([no], 'key', 60_000, 1_000 + TTL_MS - 1).kind).toBe('denied');
    expect(answerTo([no], 'key', 60_000, 1_000 + TTL_MS).kind).toBe('new');
    expect(answerTo([no], 'another', 60_000, 1_000).kind).toBe('new');
  });
});

describe('how many approvals there are', () => {
  const many = (count: number, changes: Partial<ApprovalRow>) =>
    Array.from({ length: count }, (_, index) => row({ id: `apr_${changes.agent}_${index}`, ...changes }));

  it('is bounded for each agent, and leaves room to the others', () => {
    const waiting = many(MAX_PENDING_PER_AGENT, { agent: 'one' });
    expect(hasRoom(waiting.slice(1), 'one', 1)).toBe(true);
    expect(hasRoom(waiting, 'one', 1)).toBe(false);
    expect(hasRoom(waiting, 'two', 1)).toBe(true);
    expect(hasRoom(waiting, 'one', PENDING_MS)).toBe(true);
    const denied = many(MAX_LIVE_PER_AGENT, { agent: 'one', status: 'denied', endsAtMs: 1_000 });
    expect(hasRoom(denied, 'one', 1)).toBe(false);
    expect(hasRoom(denied, 'one', 1_000)).toBe(true);
  });

  it('keeps the newest of those that are over, and every one that is not', () => {
    const used = Array.from({ length: KEPT_ENDED + 3 }, (_, index) =>
      row({ id: `u${index}`, status: 'used', updatedAtMs: index }),
    );
    const live = many(5, { agent: 'one' });
    expect(surplusOf([...live, ...used], 1).map(({ id }) => id)).toEqual(['u0', 'u1', 'u2']);
    expect(live.every((one) => isLive(one, 1))).toBe(true);
  });
});
