/** Whatever happens to an account, in whatever order: what the room promises holds after each step. */

import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MOVES, type Status } from '#accounts/status.ts';
import type { Fault } from '../../../src/dev/oauth/faults.ts';
import {
  alarmAt,
  calls,
  context,
  evict,
  fault,
  fresh,
  http,
  inObject,
  kill,
  must,
  newConnection,
  newGrant,
  records,
  release,
  right,
  ring,
  rows,
  stub,
  withStorage,
} from './world.ts';

const DAY_MS = 86_400_000;

/** Every class of outcome that a refresh can have. */
const OUTCOMES: Record<string, Fault> = {
  refreshed: {},
  dead: { status: 400, body: { error: 'invalid_grant' } },
  client_rejected: { status: 401, body: { error: 'invalid_client' } },
  throttled: { status: 429, headers: { 'retry-after': '7' }, body: { error: 'slow_down' } },
  transient: { status: 503, body: 'down' },
  unlisted: { status: 400, body: { error: 'weird_code' } },
  page: { html: true },
  malformed: { status: 200, body: { token: 'none' } },
  lost: { dropAfter: true },
};

type Op =
  | { kind: 'import'; what: 'both' | 'refresh_token' | 'access_token' }
  | { kind: 'refresh'; outcome: string; how: 'forced' | 'on_demand' | 'rejected' }
  | { kind: 'wait'; ms: number; alarm: boolean }
  | { kind: 'expire' | 'disable' | 'enable' | 'revoke' | 'delete' | 'create' }
  | { kind: 'ring' | 'evict' | 'lose_alarm' | 'cut_off' | 'fetch' };

const plain = (...kinds: string[]) =>
  fc.constantFrom(...kinds).map((kind) => ({ kind }) as Extract<Op, { kind: 'ring' | 'expire' }>);

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('import' as const),
      what: fc.constantFrom('both' as const, 'refresh_token' as const, 'access_token' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('refresh' as const),
      outcome: fc.constantFrom(...Object.keys(OUTCOMES)),
      how: fc.constantFrom('forced' as const, 'on_demand' as const, 'rejected' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1_000, 31_000, 600_000, 3_600_000, DAY_MS, 9 * DAY_MS),
      alarm: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: plain('disable', 'enable', 'revoke', 'delete', 'create', 'expire') },
  { weight: 3, arbitrary: plain('ring', 'evict', 'lose_alarm', 'cut_off', 'fetch') },
);

interface Subject {
  readonly id: string;
  readonly connection: string;
  readonly identifier: string;
  readonly grants: string[];
}

const PATH = '/v1/connected-accounts';

async function importInto(subject: Subject, what: string): Promise<void> {
  const grant = await newGrant();
  subject.grants.push(grant.grantId);
  const body = {
    ...(what === 'access_token' ? {} : { refresh_token: grant.refreshToken }),
    // A refresh token alone is proven, also over a living grant; what else is brought is taken as it is.
    ...(what === 'refresh_token' ? {} : { access_token: grant.accessToken, expires_in: 3600, verify: false }),
  };
  const query = `identifier=${subject.identifier}`;
  await must(http('PUT', `/v1/credentials/${subject.connection}?${query}`, body), 200, 201);
}

async function refresh(subject: Subject, outcome: string, how: string): Promise<void> {
  const grantId = subject.grants.at(-1);
  const what = OUTCOMES[outcome];
  if (grantId !== undefined && what !== undefined) await fault(grantId, what);
  if (how === 'forced') await stub(subject.id).refresh({ context });
  else if (how === 'on_demand') await release(subject.id, { minTtlMs: 3_600_000, minTtlExplicit: true });
  else {
    const { fingerprint } = await release(subject.id);
    await release(subject.id, { rejected: fingerprint });
  }
}

/** An exchange that nobody will ever settle: the object and whoever was to call the provider die together. */
async function cutOff(subject: Subject): Promise<void> {
  await inObject(subject.id, (_object, state) => {
    const Exchanger = { exchange: () => new Promise(() => undefined) };
    Object.defineProperty(state, 'exports', { value: { Exchanger }, configurable: true });
  });
  const asked = stub(subject.id)
    .refresh({ context })
    .catch(() => undefined);
  await Promise.race([asked, scheduler.wait(50)]);
  await kill(subject.id);
}

async function run(subject: Subject, step: Op): Promise<void> {
  const { id, connection, identifier } = subject;
  switch (step.kind) {
    case 'import':
      return importInto(subject, step.what);
    case 'refresh':
      return refresh(subject, step.outcome, step.how);
    case 'wait':
      vi.setSystemTime(Date.now() + step.ms);
      if (step.alarm) await ring(id);
      return;
    case 'ring':
      return void (await ring(id));
    case 'fetch':
      return void (await release(id));
    case 'evict':
      await stub(id).view({ organization: null });
      return evict(id);
    case 'lose_alarm':
      await withStorage(id, (storage) => storage.deleteAlarm());
      await evict(id);
      return void (await stub(id).view({ organization: null }));
    case 'cut_off':
      return cutOff(subject);
    case 'create':
      return void (await must(http('POST', PATH, { connection, identifier }), 200, 201));
    case 'delete':
      return void (await must(http('DELETE', `${PATH}/${id}`), 204, 404));
    case 'disable':
    case 'enable':
    case 'expire':
    case 'revoke':
      await must(http('POST', `${PATH}/${id}/${step.kind}`), 200, 404, 409);
  }
}

/** What was true after the step before. */
interface Seen {
  counter: number;
  generation: number;
  seq: number;
}

/** All pairs that the table allows, whatever the signal; `disabled` also leads to what was before. */
const LEGAL = new Set(
  Object.entries(MOVES).flatMap(([from, cells]) =>
    Object.values(cells).flatMap((to) =>
      to === 'before'
        ? (['pending', 'active', 'reauth_required'] as Status[]).map((status) => `${from}->${status}`)
        : [`${from}->${to}`],
    ),
  ),
);

async function check(subject: Subject, seen: Seen): Promise<void> {
  const { id } = subject;
  const [account] = await rows(id, 'SELECT * FROM account');
  const [grave] = await rows(id, 'SELECT * FROM tombstone');
  const grants = await rows(id, 'SELECT * FROM grant_row');
  const attempts = await rows(id, 'SELECT * FROM refresh_attempt');
  const timers = await rows(id, 'SELECT * FROM timer ORDER BY due_at_ms');

  // Numbers only rise, and the counter is ahead of every grant; attempts draw from it by their own rows.
  const noted = Number((account ?? grave)?.['generation_counter'] ?? 0);
  const counter = Math.max(noted, 0, ...attempts.map((row) => Number(row['generation_to'])));
  const drawn = grants.map((row) => row['generation']);
  expect(counter).toBeGreaterThanOrEqual(Math.max(seen.counter, 0, ...drawn.map(Number)));
  for (const grant of grants) expect(Number(grant['generation'])).toBeGreaterThanOrEqual(seen.generation);
  seen.counter = counter;
  seen.generation = Math.max(seen.generation, ...grants.map((row) => Number(row['generation'])));

  // The chain holds, and every change of status since the last step is in it once, by the table.
  expect(right(await stub(id).verifyAudit({}))).toMatchObject({ intact: true });
  const chain = await records(id);
  expect(chain.map(({ seq }) => seq)).toEqual(chain.map((_, n) => n + 1));
  expect(chain.length).toBeGreaterThanOrEqual(seen.seq);
  seen.seq = chain.length;
  let status: string | null = null;
  for (const { action, reason, evidence = [] } of chain) {
    if (action === 'account.connect' && reason === 'created') status = 'pending';
    if (action === 'account.delete') status = null;
    for (const move of evidence.filter((text) => text.includes('->'))) {
      expect(LEGAL).toContain(move);
      expect(move.startsWith(`${status}->`), `${move} while ${status}`).toBe(true);
      status = move.split('->')[1] ?? null;
    }
  }
  expect(account?.['status'] ?? null).toBe(status);

  // At most one exchange is open, and something waits for it.
  const open = attempts.filter((row) => row['ended_at_ms'] === null);
  expect(open.length).toBeLessThanOrEqual(1);
  for (const row of open) expect(timers.map(({ kind }) => kind)).toContain(`reconcile:${String(row['id'])}`);

  // What can be renewed or can end has a timer, nothing else has, and the alarm is the earliest of all.
  const [grant] = grants;
  const waits = timers.filter(({ kind }) => String(kind).startsWith('refresh:'));
  const renewable = grant !== undefined && grant['refresh_token'] !== null;
  const ends =
    grant !== undefined && grant['access_token'] !== null && grant['access_expires_at_ms'] !== null;
  expect(waits.map(({ kind }) => kind)).toEqual(
    account?.['status'] === 'active' && (renewable || ends) ? [`refresh:${String(grant?.['id'])}`] : [],
  );
  for (const timer of timers) expect(Number.isSafeInteger(timer['due_at_ms'])).toBe(true);
  const due = timers[0]?.['due_at_ms'] ?? null;
  // A lost alarm whose time has passed is set anew for the moment when that was noticed.
  const nowMs = Date.now();
  if (due === null || Number(due) > nowMs) await expect.poll(() => alarmAt(id)).toBe(due);
  else await expect.poll(async () => (await alarmAt(id)) ?? Infinity).toBeLessThanOrEqual(nowMs);
  if (account === undefined) {
    // What is left of it: its row in the index, and events on their way.
    const left = timers.map(({ kind }) => String(kind));
    expect(left.filter((kind) => kind !== 'index' && kind !== 'outbox')).toEqual([]);
    expect([...grants, ...attempts]).toEqual([]);
  }
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a random life', () => {
  it.each(['rotating', 'static'])(
    'keeps every promise after every step at a provider whose refresh tokens are %s',
    async (rotation) => {
      await fc.assert(
        fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 30 }), async (steps) => {
          vi.useRealTimers();
          const connection = await newConnection({ refresh_token: rotation });
          const identifier = fresh('user');
          // Ahead of the real clock: no alarm rings but by hand.
          vi.useFakeTimers({ toFake: ['Date'] });
          vi.setSystemTime(Date.now() + DAY_MS);
          const { id } = await must(http('POST', PATH, { connection, identifier }), 201);
          const subject: Subject = { id, connection, identifier, grants: [] };
          const seen: Seen = { counter: 0, generation: 0, seq: 0 };
          await importInto(subject, 'both');
          for (const step of steps) {
            await run(subject, step);
            await check(subject, seen);
          }
          for (const grantId of subject.grants)
            expect((await calls(grantId)).every(({ overlaps }) => !overlaps)).toBe(true);
        }),
        { numRuns: 8, endOnFailure: true },
      );
    },
  );
});
