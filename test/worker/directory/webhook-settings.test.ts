/** Endpoints as objects load them: in time, not older than two seconds, and never from a row that was changed. */

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { deleteEndpoint, findEndpoint, updateEndpoint } from '#directory/webhooks/webhook-endpoints.ts';
import { recordEndpointResult } from '#directory/webhooks/webhook-health.ts';
import {
  ENDPOINTS_MAX_AGE_MS,
  forgetEndpoints,
  loadEndpoints,
  type LoadedEndpoints,
} from '#directory/webhooks/webhook-settings.ts';
import {
  asAnotherIsolate,
  configWith,
  db,
  downDatabase,
  emptyVault,
  masterKey,
  silentDatabase,
} from './world.ts';
import { newEndpoint, NOW, tamper } from './webhook-world.ts';

const ring = `k1:${masterKey()}`;
const LIMIT_MS = 3_000;
let config = configWith(ring);

beforeEach(async () => {
  await emptyVault();
  forgetEndpoints();
  config = configWith(ring);
});

async function load(organizations: readonly string[] | null = null): Promise<LoadedEndpoints> {
  const loaded = await loadEndpoints(db, ring, LIMIT_MS, organizations);
  if (loaded === 'unavailable') throw new Error('expected endpoints');
  return loaded;
}

const ids = ({ endpoints }: LoadedEndpoints): string[] => endpoints.map(({ id }) => id).toSorted();

describe('loaded endpoints', () => {
  it('are all of them, whole, with the key that opens their secrets', async () => {
    const one = (await newEndpoint(config, { organization: 'acme' })).endpoint;
    const two = (await newEndpoint(config)).endpoint;
    await recordEndpointResult(db, two.id, 'gone', NOW);
    const loaded = await load();
    expect(ids(loaded)).toEqual([one.id, two.id].toSorted());
    expect(loaded.endpoints).toContainEqual(one);
    expect(loaded.endpoints).toContainEqual(await findEndpoint(db, two.id));
    const wrapped = await db
      .prepare(`SELECT wrapped FROM data_key WHERE purpose = 'webhook'`)
      .first('wrapped');
    expect(loaded).toMatchObject({ dataKey: wrapped, untrusted: [] });
    expect(JSON.parse(JSON.stringify(loaded))).toEqual(loaded);
  });

  it('are those of the organizations that are named', async () => {
    const made = await Promise.all(
      ['acme', '', 'other'].map(
        async (organization) => (await newEndpoint(config, { organization })).endpoint.id,
      ),
    );
    expect(ids(await load(['acme']))).toEqual([made[0]]);
    expect(ids(await load(['acme', '']))).toEqual([made[0], made[1]].toSorted());
    expect(ids(await load(['nobody']))).toEqual([]);
    expect(ids(await load([]))).toEqual([]);
  });

  it('are none where there are none, whatever the ring', async () => {
    const none = { endpoints: [], dataKey: null, untrusted: [] };
    expect(await load()).toEqual(none);
    expect(await loadEndpoints(db, null, LIMIT_MS)).toEqual(none);
  });

  it('leave out, and name, a row that was changed outside the broker', async () => {
    const one = (await newEndpoint(config)).endpoint;
    const two = (await newEndpoint(config)).endpoint;
    await tamper(one.id, `url = 'https://evil.example/'`);
    const loaded = await load();
    expect(ids(loaded)).toEqual([two.id]);
    expect(loaded.untrusted).toEqual([one.id]);
  });

  it('are unavailable, and never none, where nothing can be known', async () => {
    await newEndpoint(config);
    expect(await loadEndpoints(silentDatabase(), ring, 50)).toBe('unavailable');
    expect(await loadEndpoints(downDatabase(), ring, LIMIT_MS)).toBe('unavailable');
    expect(await loadEndpoints(db, `k1:${masterKey()}`, LIMIT_MS)).toBe('unavailable');
    expect(await loadEndpoints(db, null, LIMIT_MS)).toBe('unavailable');
    await db.prepare('DELETE FROM data_key').run();
    expect(await loadEndpoints(db, ring, LIMIT_MS)).toBe('unavailable');
  });
});

describe('what was loaded', () => {
  /** A database that counts what it is asked. */
  function counted() {
    const inner = asAnotherIsolate();
    const seen = { questions: 0 };
    const prepare = (query: string) => {
      seen.questions += 1;
      return inner.prepare(query);
    };
    return { seen, database: { ...inner, prepare } as D1Database };
  }

  it('serves for two seconds and then no more', async () => {
    await newEndpoint(config);
    const { seen, database } = counted();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(NOW);
    try {
      const first = await loadEndpoints(database, ring, LIMIT_MS);
      clock.mockReturnValue(NOW + ENDPOINTS_MAX_AGE_MS - 1);
      expect(await loadEndpoints(database, ring, LIMIT_MS)).toBe(first);
      expect(seen.questions).toBe(1);
      clock.mockReturnValue(NOW + ENDPOINTS_MAX_AGE_MS);
      expect(await loadEndpoints(database, ring, LIMIT_MS)).toEqual(first);
      expect(seen.questions).toBe(2);
      // A clock that was set back makes nothing older than it is.
      clock.mockReturnValue(NOW);
      await loadEndpoints(database, ring, LIMIT_MS);
      expect(seen.questions).toBe(3);
    } finally {
      clock.mockRestore();
    }
  });

  it('serves neither another database nor another ring nor other organizations', async () => {
    const { endpoint } = await newEndpoint(config, { organization: 'acme' });
    expect(ids(await load(['acme']))).toEqual([endpoint.id]);
    expect(await loadEndpoints(db, `k1:${masterKey()}`, LIMIT_MS, ['acme'])).toBe('unavailable');
    expect(await loadEndpoints(downDatabase(), ring, LIMIT_MS, ['acme'])).toBe('unavailable');
    expect(ids(await load(['other']))).toEqual([]);
  });

  it('is forgotten with every change that this isolate makes', async () => {
    const { endpoint } = await newEndpoint(config);
    expect(ids(await load())).toEqual([endpoint.id]);
    const { endpoint: second } = await newEndpoint(config);
    expect(ids(await load())).toEqual([endpoint.id, second.id].toSorted());
    await updateEndpoint(config, endpoint.id, { url: 'https://new.example.com/' }, NOW);
    expect((await load()).endpoints.map(({ url }) => url)).toContain('https://new.example.com/');
    await recordEndpointResult(db, endpoint.id, 'gone', NOW);
    expect((await load()).endpoints.map(({ health }) => health.status)).toContain('disabled');
    await deleteEndpoint(config, endpoint.id, NOW);
    expect(ids(await load())).toEqual([second.id]);
  });

  it('is not an answer that was asked for before a change', async () => {
    const { endpoint } = await newEndpoint(config);
    let answered: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (answered = resolve));
    const slow = {
      ...asAnotherIsolate(),
      prepare: (query: string) => {
        const statement = db.prepare(query);
        return {
          bind: (...values: unknown[]) => ({
            all: async () => {
              const rows = await statement.bind(...values).all();
              await held;
              return rows;
            },
          }),
        };
      },
    } as unknown as D1Database;
    const asked = loadEndpoints(slow, ring, LIMIT_MS);
    await expect.poll(async () => ids(await load())).toEqual([endpoint.id]);
    await deleteEndpoint(config, endpoint.id, NOW);
    answered();
    await asked;
    const after = await loadEndpoints(slow, ring, LIMIT_MS);
    expect(after).toMatchObject({ endpoints: [] });
  });
});
