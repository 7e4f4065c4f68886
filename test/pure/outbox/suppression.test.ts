/** What the account's own events say about one of them that has not left. */

import { describe, expect, it } from 'vitest';
import type { ToldEvent } from '#outbox/tables/rows.ts';
import { canBeSuppressed, suppressionOf } from '#outbox/suppression.ts';
import type { EventType } from '#webhooks/event.ts';

const MINUTE_MS = 60_000;
const REAUTH = 'agent.auth.reauth_required';
const SUCCEEDED = 'agent.auth.succeeded';
const DEGRADED = 'connected_account.degraded';
const RECOVERED = 'connected_account.recovered';

type Given = readonly [type: EventType, how?: 'left' | 'suppressed'];

/** Events a minute apart, the first at the beginning of time. */
function timeline(...given: readonly Given[]): ToldEvent[] {
  return given.map(([type, how], index) => ({
    n: index + 1,
    sequence: index + 1,
    type,
    atMs: index * MINUTE_MS,
    leftAtMs: how === 'left' ? index * MINUTE_MS : null,
    suppressed: how === 'suppressed',
  }));
}

function verdict(n: number, told: readonly ToldEvent[]): string {
  const event = told.find((one) => one.n === n);
  if (event === undefined) throw new Error('no such event');
  const found = suppressionOf(event, told, told.length * MINUTE_MS);
  return found.suppressed ? found.why : 'sent';
}

describe('an opening', () => {
  it('is sent while its incident lasts', () => {
    expect(verdict(1, timeline([REAUTH]))).toBe('sent');
    expect(verdict(1, timeline([DEGRADED], ['connected_account.disabled']))).toBe('sent');
  });

  it('is not sent when a later event has ended its incident', () => {
    expect(verdict(1, timeline([REAUTH], [SUCCEEDED]))).toBe('incident_ended');
    expect(verdict(1, timeline([REAUTH], ['connected_account.deleted']))).toBe('incident_ended');
    expect(verdict(1, timeline([DEGRADED], [REAUTH]))).toBe('incident_ended');
    // The end of an earlier incident ends no later one.
    expect(verdict(2, timeline([SUCCEEDED], [REAUTH]))).toBe('sent');
  });
});

describe('a recovery', () => {
  it('is not sent where nothing of its incident was', () => {
    expect(verdict(2, timeline([DEGRADED, 'suppressed'], [RECOVERED]))).toBe('opening_suppressed');
    expect(verdict(3, timeline([DEGRADED, 'suppressed'], [DEGRADED, 'left'], [RECOVERED]))).toBe('sent');
  });

  it('does not answer for the incident before', () => {
    const told = timeline(
      [DEGRADED, 'suppressed'],
      [RECOVERED, 'suppressed'],
      [DEGRADED, 'left'],
      [RECOVERED],
    );
    expect(verdict(4, told)).toBe('sent');
  });
});

describe('of a flapping account', () => {
  it('the third reauth event within an hour waits for room', () => {
    const told = timeline([REAUTH, 'left'], [SUCCEEDED], [REAUTH, 'left'], [SUCCEEDED], [REAUTH]);
    expect(verdict(5, told)).toBe('flapping');
    const fewer = timeline([REAUTH, 'suppressed'], [SUCCEEDED], [REAUTH, 'left'], [SUCCEEDED], [REAUTH]);
    expect(verdict(5, fewer)).toBe('sent');
  });
});

it('only what opens or ends an incident can be suppressed', () => {
  const types: EventType[] = [
    REAUTH,
    DEGRADED,
    RECOVERED,
    SUCCEEDED,
    'connected_account.disabled',
    'agent.suspended',
  ];
  const found = timeline(...types.map((type) => [type] as const)).filter(canBeSuppressed);
  expect(found.map(({ type }) => type)).toEqual([REAUTH, DEGRADED, RECOVERED]);
});
