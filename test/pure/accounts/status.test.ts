import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayRefresh, move, MOVES, type Signal, type Standing, type Status } from '#accounts/status.ts';

const statuses = Object.keys(MOVES) as Status[];
const signals: Signal[] = ['connected', 'grant_died', 'disabled', 'enabled', 'revoked'];
const fresh: Standing = { status: 'pending', before: null };

function walk(steps: readonly Signal[], from: Standing = fresh): Standing[] {
  const trail = [from];
  for (const signal of steps) {
    const next = move(trail.at(-1) ?? from, signal);
    if (next !== null) trail.push(next);
  }
  return trail;
}

describe('the transition table', () => {
  it('has exactly these moves', () => {
    const cells = statuses.flatMap((status) =>
      signals.map((signal) => {
        const to = move({ status, before: status === 'disabled' ? 'active' : null }, signal);
        return `${status} --${signal}--> ${to === null ? '-' : to.status + (to.before === null ? '' : ` (${to.before})`)}`;
      }),
    );
    expect(cells).toMatchInlineSnapshot(`
      [
        "pending --connected--> active",
        "pending --grant_died--> -",
        "pending --disabled--> disabled (pending)",
        "pending --enabled--> -",
        "pending --revoked--> revoked",
        "active --connected--> active",
        "active --grant_died--> reauth_required",
        "active --disabled--> disabled (active)",
        "active --enabled--> -",
        "active --revoked--> revoked",
        "reauth_required --connected--> active",
        "reauth_required --grant_died--> -",
        "reauth_required --disabled--> disabled (reauth_required)",
        "reauth_required --enabled--> -",
        "reauth_required --revoked--> revoked",
        "disabled --connected--> disabled (active)",
        "disabled --grant_died--> disabled (reauth_required)",
        "disabled --disabled--> -",
        "disabled --enabled--> active",
        "disabled --revoked--> revoked",
        "revoked --connected--> active",
        "revoked --grant_died--> -",
        "revoked --disabled--> -",
        "revoked --enabled--> -",
        "revoked --revoked--> -",
      ]
    `);
  });

  it('leaves revoked by a new grant alone', () => {
    for (const signal of signals) {
      const to = move({ status: 'revoked', before: null }, signal);
      expect(to?.status ?? null).toBe(signal === 'connected' ? 'active' : null);
    }
  });

  it('remembers what it was exactly while it is disabled', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...signals)), (steps) => {
        for (const standing of walk(steps))
          expect(standing.before !== null).toBe(standing.status === 'disabled');
      }),
    );
  });

  it('returns from disabled to where the same signals lead an account that was never disabled', () => {
    const quiet: Signal[] = ['connected', 'grant_died'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...quiet)), fc.array(fc.constantFrom(...quiet)), (first, then) => {
        const start = walk(first).at(-1) ?? fresh;
        const straight = walk(then, start).at(-1);
        const disabled = move(start, 'disabled');
        if (disabled === null) throw new Error('every living status can be disabled');
        const back = move(walk(then, disabled).at(-1) ?? disabled, 'enabled');
        expect(back).toEqual(straight);
      }),
    );
  });

  it('never lets an account serve that is not active', () => {
    expect(statuses.filter(mayRefresh)).toEqual(['active']);
  });
});
