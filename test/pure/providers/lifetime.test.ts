/** How long an access token lives: what the answer says, what an operator set, what the facts say, and what nobody says. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { accessLifetimeMs, type LifetimeFacts } from '#providers/reading/lifetime.ts';
import { readTokens } from '#providers/answers/answer.ts';
import { NOW_MS } from './descriptors.ts';

const PLAIN: LifetimeFacts = {
  access_token_ttl_s: null,
  access_token_never_expires: null,
  expires_in_zero: null,
};

function lives(
  facts: Partial<LifetimeFacts>,
  {
    expiresIn = undefined as unknown,
    expiresAt = undefined as unknown,
    renewable = true,
    setS = null as number | null,
  },
): number | null {
  const answer = { accessToken: 'token', expiresIn, expiresAt, renewable };
  return accessLifetimeMs({ ...PLAIN, ...facts }, answer, NOW_MS, setS);
}

describe('an access token', () => {
  it('of which nobody says how long it lives, and that nothing can renew, never ends by a guess', () => {
    expect(lives({}, { renewable: false })).toBeNull();
    expect(lives({ access_token_ttl_s: 7200 }, { renewable: false })).toBeNull();
    expect(lives({}, { expiresIn: null, expiresAt: null, renewable: false })).toBeNull();
    expect(lives({}, {})).toBe(3_600_000);
    expect(lives({ access_token_ttl_s: 7200 }, {})).toBe(7_200_000);
  });
  it('ends when the answer says so, renewable or not', () => {
    for (const renewable of [true, false]) {
      expect(lives({}, { expiresIn: 900, renewable })).toBe(900_000);
      expect(lives({}, { expiresIn: 'soon', renewable })).toBe(300_000);
      expect(lives({}, { expiresAt: (NOW_MS + 900_000) / 1000, renewable })).toBe(900_000);
    }
  });
  it('lives as long as an operator has set, whatever the facts say', () => {
    for (const facts of [{}, { access_token_ttl_s: 7200 }, { access_token_never_expires: true as const }]) {
      expect(lives(facts, { setS: 900 })).toBe(900_000);
      expect(lives(facts, { setS: 900, renewable: false })).toBe(900_000);
      expect(lives(facts, { setS: 86_400 })).toBe(86_400_000);
    }
  });
  it('never lives longer than the answer says', () => {
    expect(lives({}, { setS: 900, expiresIn: 3600 })).toBe(900_000);
    expect(lives({}, { setS: 86_400, expiresIn: 3600 })).toBe(3_600_000);
  });
  it('has a life that is a whole number of milliseconds, or none that ends', () => {
    const odd = fc.oneof(fc.constant(undefined), fc.constant(null), fc.double(), fc.string(), fc.boolean());
    const set = fc.option(fc.integer({ min: 1, max: 315_360_000 }));
    fc.assert(
      fc.property(odd, odd, fc.boolean(), set, (expiresIn, expiresAt, renewable, setS) => {
        const lifeMs = lives({}, { expiresIn, expiresAt, renewable, setS });
        if (lifeMs === null) expect(setS).toBeNull();
        else expect(Number.isInteger(lifeMs) && lifeMs >= 1000).toBe(true);
        if (setS !== null) expect(lifeMs ?? Infinity).toBeLessThanOrEqual(setS * 1000);
      }),
    );
  });
});

describe('a first answer without expires_in and refresh token', () => {
  const oauth = allDescriptors().filter(({ auth_type: type }) => type === 'oauth2');
  it.each(oauth.map((entry) => [entry.id, entry] as const))(
    'of %s is served until the API refuses it',
    (_id, entry) => {
      const descriptor = { ...entry, token_response_map: null, token_response_success_check: null };
      const body = { access_token: 'the-token', token_type: 'Bearer' };
      const context = { nowMs: NOW_MS };
      expect(readTokens(descriptor, body, { ...context, isFirst: true })?.lifetimeMs).toBeNull();
      const renewed = readTokens(descriptor, body, context)?.lifetimeMs;
      if (entry.access_token_never_expires === null) expect(renewed).toBeGreaterThan(0);
    },
  );
});
