/** Who has to say that a token is refused before it is believed, where nothing can renew it. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allSaySo,
  decideRefusedToken,
  handedTo,
  NOBODY_YET,
  refusedBy,
  type Holders,
  type TokenVerdict,
} from '#refresh/refused-token.ts';
import { DAY, NOW } from './given.ts';

const token = 'one';
const handed = (holders: Holders | null, ...agents: string[]): Holders | null =>
  agents.reduce((list, agent) => handedTo(list, { token, agent, nowMs: NOW }), holders);
const said = (holders: Holders | null, agent: string): Holders =>
  refusedBy(holders, { token, agent, nowMs: NOW });
const decide = (
  holders: Holders,
  verdict: TokenVerdict | null = null,
  canAsk = false,
  acceptedBefore = false,
) => decideRefusedToken({ nowMs: NOW, canAsk, verdict, acceptedBefore, holders }).kind;

describe('a report about a token that nothing renews', () => {
  it('is the end where the only agent that has it says so', () => {
    expect(decide(said(handed(NOBODY_YET, 'a'), 'a'))).toBe('ended');
  });
  it('of one of two is a doubt, of both the end', () => {
    const one = said(handed(NOBODY_YET, 'a', 'b'), 'a');
    expect(decide(one)).toBe('doubted');
    expect(decide(said(one, 'a'))).toBe('doubted');
    expect(decide(said(one, 'b'))).toBe('ended');
  });
  it('of three is the end, however many have it', () => {
    const many = handed(NOBODY_YET, 'a', 'b', 'c', 'd', 'e', 'f');
    const two = said(said(many, 'e'), 'f');
    expect(decide(two)).toBe('doubted');
    expect(decide(said(two, 'a'))).toBe('ended');
  });
  it('about a token of which nobody kept a list is believed of one agent a day later', () => {
    const one = said(null, 'a');
    expect(allSaySo(one, NOW)).toBe(false);
    expect(allSaySo(one, NOW + DAY)).toBe(true);
    expect(allSaySo(said(said(one, 'b'), 'c'), NOW)).toBe(true);
  });
  it('says nothing of the token that follows', () => {
    const old = said(handed(NOBODY_YET, 'a'), 'a');
    const next = handedTo(old, { token: 'two', agent: 'b', nowMs: NOW });
    expect(next).toMatchObject({ token: 'two', agents: ['b'], refusedBy: [] });
  });
  it.each([
    [null, 'ask'],
    ['refused', 'ended'],
    ['dead', 'ended'],
    ['accepted', 'refuted'],
    ['insufficient', 'refuted'],
    ['unsure', 'doubted'],
  ] as const)('where the provider can be asked and says %s is %s, whatever agents say', (verdict, kind) => {
    const all = said(handed(NOBODY_YET, 'a'), 'a');
    const one = said(handed(NOBODY_YET, 'a', 'b'), 'a');
    for (const holders of [all, one]) expect(decide(holders, verdict, true, true)).toBe(kind);
    for (const holders of verdict === 'refused' ? [] : [all, one])
      expect(decide(holders, verdict, true, false)).toBe(kind);
  });
  it('that is refused where the grant was never accepted is for the agents', () => {
    expect(decide(said(handed(NOBODY_YET, 'a'), 'a'), 'refused', true)).toBe('ended');
    expect(decide(said(handed(NOBODY_YET, 'a', 'b'), 'a'), 'refused', true)).toBe('doubted');
  });
  it('where there turns out to be nowhere to ask is for the agents', () => {
    expect(decide(said(handed(NOBODY_YET, 'a'), 'a'), 'unaskable', true)).toBe('ended');
    expect(decide(said(handed(NOBODY_YET, 'a', 'b'), 'a'), 'unaskable', true)).toBe('doubted');
  });
  it('never ends it by the word of one agent while another has the token', () => {
    const agent = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.record({ agent, says: fc.boolean(), token: fc.constantFrom('one', 'two') });
    fc.assert(
      fc.property(fc.option(fc.constant(NOBODY_YET)), fc.array(step, { maxLength: 30 }), (first, steps) => {
        let holders: Holders | null = first;
        let now = 'one';
        let have = new Set<string>();
        let say = new Set<string>();
        for (const { agent: who, says, token: which } of steps) {
          if (which !== now) [now, have, say] = [which, new Set(), new Set()];
          const word = { token: which, agent: who, nowMs: NOW };
          have.add(who);
          if (says) say.add(who);
          holders = says ? refusedBy(holders, word) : handedTo(holders, word);
          const all = say.size >= 3 || [...have].every((name) => say.has(name));
          if (decide(holders) === 'ended') expect(all).toBe(true);
          expect(holders.agents.length).toBeLessThanOrEqual(3);
          expect(holders.refusedBy.length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});
