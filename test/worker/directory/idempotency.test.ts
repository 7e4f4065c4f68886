/** Reservations of idempotency keys: one runs, the others wait or are answered, and what is over makes room. */

import { beforeAll, describe, expect, it } from 'vitest';
import { IDEMPOTENCY_LIFE_MS } from '#contract/idempotency.ts';
import { forgetRun, keepAnswer, reserve, RUN_LIMIT_MS, type Reservation } from '#directory/idempotency.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { configWith, db, dump, emptyVault, masterKey } from './world.ts';

const config = configWith(`k1:${masterKey()}`);
const NOW = 1_800_000_000_000;
let count = 0;

beforeAll(async () => {
  await applyMigrations(db);
  await emptyVault();
});

const scopeOf = (changed: object = {}) => ({
  caller: 'admin',
  organization: null,
  route: 'POST /v1/agents',
  key: `key-${(count += 1)}`,
  ...changed,
});

function running(reservation: Reservation): Extract<Reservation, { kind: 'run' }> {
  if (reservation.kind !== 'run') throw new Error(`it is ${reservation.kind}`);
  return reservation;
}

describe('a key', () => {
  it('lets one of many run that come at once', async () => {
    const scope = scopeOf();
    const all = await Promise.all(Array.from({ length: 20 }, () => reserve(config, scope, 'p', NOW)));
    const kinds = all.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'run')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'running')).toHaveLength(19);
  });

  it('gives the kept answer to the same payload for 24 hours, and refuses another', async () => {
    const scope = scopeOf();
    await keepAnswer(db, running(await reserve(config, scope, 'p', NOW)), 201, '{"id":"a"}');
    const replay = { kind: 'replay', status: 201, answer: '{"id":"a"}' };
    expect(await reserve(config, scope, 'p', NOW + IDEMPOTENCY_LIFE_MS - 1)).toEqual(replay);
    expect(await reserve(config, scope, 'q', NOW + 1)).toEqual({ kind: 'mismatch' });
    expect(await reserve(config, scope, 'q', NOW + IDEMPOTENCY_LIFE_MS)).toMatchObject({ kind: 'run' });
  });

  it('refuses another payload also while the first runs', async () => {
    const scope = scopeOf();
    await reserve(config, scope, 'p', NOW);
    expect(await reserve(config, scope, 'q', NOW)).toEqual({ kind: 'mismatch' });
  });

  it('is free again when its request created nothing, or has died', async () => {
    const scope = scopeOf();
    await forgetRun(db, running(await reserve(config, scope, 'p', NOW)));
    const second = running(await reserve(config, scope, 'q', NOW));
    expect(await reserve(config, scope, 'q', NOW + RUN_LIMIT_MS - 1)).toEqual({ kind: 'running' });
    const third = running(await reserve(config, scope, 'q', NOW + RUN_LIMIT_MS));
    // The one that was taken for dead comes late: what it says counts no more.
    await keepAnswer(db, second, 201, '{"id":"late"}');
    await forgetRun(db, second);
    await keepAnswer(db, third, 201, '{"id":"third"}');
    expect(await reserve(config, scope, 'q', NOW)).toMatchObject({ answer: '{"id":"third"}' });
  });

  it('means another thing to another caller, organization or route', async () => {
    const scope = scopeOf();
    running(await reserve(config, scope, 'p', NOW));
    for (const other of [
      { caller: 'x' },
      { organization: 'acme' },
      { organization: '' },
      { route: 'POST /v1/x' },
    ]) {
      expect(await reserve(config, { ...scope, ...other }, 'p', NOW)).toMatchObject({ kind: 'run' });
    }
  });

  it('leaves neither itself nor its payload in the directory', async () => {
    await reserve(config, scopeOf({ key: 'planted-key-0123' }), 'planted-payload-0123', NOW);
    expect(await dump()).not.toMatch(/planted-(key|payload)/);
  });

  it('that is over is taken along by others', async () => {
    await reserve(config, scopeOf(), 'p', NOW - 2 * IDEMPOTENCY_LIFE_MS);
    await reserve(config, scopeOf(), 'p', NOW);
    const left = db.prepare('SELECT count(*) AS n FROM idempotency WHERE expires_at_ms <= ?').bind(NOW);
    expect(await left.first<number>('n')).toBe(0);
  });
});
