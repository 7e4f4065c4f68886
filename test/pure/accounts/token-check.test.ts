/** The provider is asked about a token once in half a minute, whoever reports it and in whatever order. */

import { describe, expect, it } from 'vitest';
import { TokenCheck } from '#accounts/refreshing/provider/token-check.ts';
import type { GrantRow } from '#accounts/rows.ts';
import type { AccountState } from '#accounts/store.ts';

const state = { account: {}, settings: {} } as unknown as AccountState;
const grant = (id: number, generation = id) => ({ id, generation, accessToken: 'x' }) as unknown as GrantRow;

function checking() {
  const asked: number[] = [];
  let nowMs = 1_000_000;
  const check = new TokenCheck({
    now: () => nowMs,
    checkToken: async (request: unknown) => {
      asked.push((request as { grantId: number }).grantId);
      return 'accepted';
    },
  } as never);
  return {
    asked,
    pass: (ms: number) => void (nowMs += ms),
    ask: (one: GrantRow) => check.verdict(state, one),
  };
}

describe('the question whether a provider still takes a token', () => {
  it('goes out once for each grant, however reports of several take turns', async () => {
    const { asked, ask } = checking();
    for (let turn = 0; turn < 50; turn += 1)
      for (const id of [2, 3, 4]) expect(await ask(grant(id))).toBe('accepted');
    expect(asked).toEqual([2, 3, 4]);
  });

  it('goes out again half a minute later, and at once for a new token', async () => {
    const { asked, ask, pass } = checking();
    await ask(grant(2));
    pass(29_999);
    await ask(grant(2));
    expect(asked).toEqual([2]);
    pass(1);
    await ask(grant(2));
    await ask(grant(2, 9));
    expect(asked).toEqual([2, 2, 2]);
  });
});
