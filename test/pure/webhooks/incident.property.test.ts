import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AccountEventType } from '#webhooks/event.ts';
import {
  afterNews,
  decideSuppression,
  endsIncident,
  type News,
  type Standing,
  type Suppression,
} from '#webhooks/incident.ts';
import { incidentOf, UNTROUBLED } from './incidents.ts';
import { HOUR, MINUTE, NOW, SECOND } from './given.ts';

const anyNews: fc.Arbitrary<News> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('trouble' as const),
      cause: fc.constantFrom('provider_unavailable', 'refresh_in_doubt', 'token_refused_by_api'),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        ...(['recovered', 'recovered', 'grant_died', 'grant_died', 'connected', 'connected'] as const),
        ...(['disabled', 'enabled', 'revoked', 'deleted'] as const),
      ),
    }),
  },
);

interface Told {
  readonly type: AccountEventType;
  readonly sequence: number;
}

/** Every event of these news in order, with what stood after each piece of news. */
function play(news: readonly News[]): { events: Told[]; steps: { standing: Standing; events: Told[] }[] } {
  let standing = UNTROUBLED;
  const events: Told[] = [];
  const steps = news.map((one) => {
    const after = afterNews(standing, one);
    standing = after.standing;
    if (after.event !== null) events.push({ type: after.event, sequence: events.length + 1 });
    return { standing, events: [...events] };
  });
  return { events, steps };
}

it('makes exactly one reauth event per incident', () => {
  fc.assert(
    fc.property(fc.array(anyNews, { maxLength: 60 }), (news) => {
      const { events } = play(news);
      let open = false;
      for (const { type } of events) {
        if (type === 'agent.auth.reauth_required') {
          expect(open).toBe(false);
          open = true;
        } else if (endsIncident('agent.auth.reauth_required', type)) open = false;
      }
    }),
    { numRuns: 2_000 },
  );
});

it('leaves no living account in want of a user without having said so', () => {
  fc.assert(
    fc.property(fc.array(anyNews, { maxLength: 60 }), (news) => {
      for (const { standing, events } of play(news).steps) {
        const open = incidentOf(events)?.type;
        if (standing.status === 'live') {
          const expected = { degraded: 'connected_account.degraded', reauth: 'agent.auth.reauth_required' };
          expect(open).toBe(standing.trouble === null ? undefined : expected[standing.trouble.kind]);
        }
        if (standing.status === 'revoked' || standing.status === 'deleted') expect(open).toBeUndefined();
      }
    }),
    { numRuns: 2_000 },
  );
});

it('closes with recovered only what degraded opened, and opens nothing that is open', () => {
  fc.assert(
    fc.property(fc.array(anyNews, { maxLength: 60 }), (news) => {
      const { events } = play(news);
      events.forEach(({ type }, index) => {
        const before = incidentOf(events.slice(0, index));
        if (type === 'connected_account.recovered') expect(before?.type).toBe('connected_account.degraded');
        if (type === 'connected_account.degraded')
          expect(before?.type).not.toBe('agent.auth.reauth_required');
      });
    }),
    { numRuns: 2_000 },
  );
});

interface Sent extends Told {
  readonly atMs: number;
}
interface Waiting extends Told {
  leavesAtMs: number;
  decided: Suppression | null;
}

/** Plays news at their times; each event leaves after its delay, and is decided as the room's README says. */
function send(steps: readonly { news: News; gapMs: number; delayMs: number }[]): {
  sent: Sent[];
  rows: Waiting[];
  standing: Standing;
} {
  let standing = UNTROUBLED;
  let nowMs = NOW;
  const rows: Waiting[] = [];
  const sent: Sent[] = [];
  const settle = (row: Waiting, atMs: number) => {
    const index = rows.indexOf(row);
    const ended = rows.slice(index + 1).some(({ type }) => endsIncident(row.type, type));
    const openings: Waiting[] = [];
    for (const one of rows.slice(0, index)) {
      if (one.type === 'connected_account.degraded') openings.push(one);
      else if (endsIncident('connected_account.degraded', one.type)) openings.length = 0;
    }
    const decided = decideSuppression({
      type: row.type,
      nowMs: atMs,
      endedAtMs: ended ? atMs : null,
      openingSuppressed: openings.every((one) => one.decided?.suppressed === true),
      sentReauthAtMs: sent.flatMap((one) => (one.type === 'agent.auth.reauth_required' ? [one.atMs] : [])),
    });
    row.decided = decided;
    if (!decided.suppressed) sent.push({ type: row.type, sequence: row.sequence, atMs });
    row.leavesAtMs = decided.suppressed && decided.why === 'flapping' ? decided.againAtMs : Infinity;
  };
  const leaveUntil = (untilMs: number) => {
    for (;;) {
      const due = rows.filter(({ leavesAtMs }) => leavesAtMs <= untilMs);
      const first = due.toSorted((left, right) => left.leavesAtMs - right.leavesAtMs)[0];
      if (first === undefined) return;
      settle(first, first.leavesAtMs);
    }
  };
  for (const { news, gapMs, delayMs } of steps) {
    nowMs += gapMs;
    leaveUntil(nowMs);
    const after = afterNews(standing, news);
    standing = after.standing;
    if (after.event === null) continue;
    const event = {
      type: after.event,
      sequence: rows.length + 1,
      leavesAtMs: nowMs + delayMs,
      decided: null,
    };
    rows.push(event);
    // What has not left when its incident ends is decided then, before the event that ended it can leave.
    for (const row of rows) {
      if (row.leavesAtMs < Infinity && endsIncident(row.type, event.type)) settle(row, nowMs);
    }
  }
  leaveUntil(Number.MAX_SAFE_INTEGER);
  return { sent, rows, standing };
}

const anySteps = fc.array(
  fc.record({
    news: anyNews,
    gapMs: fc.oneof(fc.integer({ min: 1, max: 10 * SECOND }), fc.integer({ min: 1, max: 40 * MINUTE })),
    delayMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 * MINUTE })),
  }),
  { maxLength: 60 },
);

it('lets out at most two reauth events in any hour of a flapping account', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const times = send(steps).sent.flatMap(({ type, atMs }) =>
        type === 'agent.auth.reauth_required' ? [atMs] : [],
      );
      times.forEach((atMs, index) => {
        expect((times[index + 2] ?? Infinity) - atMs).toBeGreaterThanOrEqual(HOUR);
      });
    }),
    { numRuns: 1_000 },
  );
});

it('explains every gap in sequence: what was not sent reads as suppressed', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const { sent, rows } = send(steps);
      expect(rows.map(({ sequence }) => sequence)).toEqual(rows.map((_, index) => index + 1));
      const arrived = new Set(sent.map(({ sequence }) => sequence));
      expect(arrived.size).toBe(sent.length);
      for (const { sequence, decided } of rows) expect(decided?.suppressed).toBe(!arrived.has(sequence));
    }),
    { numRuns: 1_000 },
  );
});

it('tells the receiver, who orders by sequence, of every incident that lasts, and of no recovery from nothing', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const { sent, standing } = send(steps);
      const received = sent.toSorted((left, right) => left.sequence - right.sequence);
      received.forEach(({ type }, index) => {
        const before = incidentOf(received.slice(0, index))?.type;
        if (type === 'connected_account.recovered') expect(before).toBe('connected_account.degraded');
      });
      if (standing.status !== 'live') return;
      const expected = { degraded: 'connected_account.degraded', reauth: 'agent.auth.reauth_required' };
      expect(incidentOf(received)?.type).toBe(
        standing.trouble === null ? undefined : expected[standing.trouble.kind],
      );
    }),
    { numRuns: 1_000 },
  );
});
