/** Keys that were made with an end: proved until then, refused from then on, by whatever isolate remembers them. */

import { beforeAll, describe, expect, it } from 'vitest';
import { asAgent, asOperator } from '#callers/planes.ts';
import type { RequestPieces } from '#callers/proof.ts';
import { prove } from '#callers/prove.ts';
import { makeAdminKey } from '#directory/keys/admin-keys.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { actions, config, context, newAgent, right, stub, tamper } from '../agents/world.ts';

beforeAll(() => applyMigrations(config.directory));

const URL_OF_REQUEST = 'https://broker.test/v1/x';
const bearer = (key: string) => new Headers({ authorization: `Bearer ${key}` });
const LIFE_MS = 60_000;

/** One isolate whose clock is the test's. */
function isolate() {
  const own = { ...config };
  const clock = { nowMs: 0 };
  const pieces = {
    method: 'GET',
    correlationId: 'c',
    toolCallId: null,
    client: { ip: null, country: null, colo: null, user_agent: null },
    waitUntil: (work: Promise<unknown>) => void work.catch(() => undefined),
  };
  const proved = (key: string) => {
    const request: RequestPieces = { ...pieces, config: own, headers: bearer(key), url: URL_OF_REQUEST };
    return prove(request, () => clock.nowMs);
  };
  return {
    at: (ms: number) => void (clock.nowMs = ms),
    agent: (key: string) => proved(key).then(asAgent),
    operator: (key: string) => proved(key).then((outcome) => asOperator(outcome, own)),
  };
}

describe("an agent's key with an end", () => {
  it('is proved until then and refused from then on, while another key of the agent goes on', async () => {
    const { id, key: endless } = await newAgent();
    const made = right(await stub(id).addKey({ context, lifeMs: LIFE_MS }));
    const endMs = made.createdAtMs + LIFE_MS;
    expect(made.expiresAtMs).toBe(endMs);
    const here = isolate();
    here.at(endMs - 1);
    expect((await here.agent(made.key)).ok).toBe(true);
    // The record that is remembered is the same one: only the clock has gone on.
    here.at(endMs);
    expect(await here.agent(made.key)).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
    here.at(endMs + 300_000);
    expect(await here.agent(made.key)).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
    expect((await here.agent(endless)).ok).toBe(true);
    expect(await actions(id)).not.toContain('auth.fail');
  });

  it('cannot be given a later end, or none, behind the broker', async () => {
    for (const sets of ['NULL', 'expires_at_ms + 1000000']) {
      const { id } = await newAgent();
      const made = right(await stub(id).addKey({ context, lifeMs: LIFE_MS }));
      await tamper(id, `UPDATE agent_key SET expires_at_ms = ${sets} WHERE id = '${made.id}'`);
      const here = isolate();
      here.at(made.createdAtMs);
      expect(await here.agent(made.key)).toMatchObject({ ok: false, error: { code: 'record_corrupt' } });
    }
  });

  it('makes room for the next one when it is over', async () => {
    const { id } = await newAgent();
    const ended = right(await stub(id).addKey({ context, lifeMs: 0 }));
    for (let more = 2; more < 20; more += 1) right(await stub(id).addKey({ context }));
    const next = right(await stub(id).addKey({ context }));
    const { keys } = right(await stub(id).listKeys({}));
    expect(keys.map((key) => key.id)).not.toContain(ended.id);
    expect(keys.map((key) => key.id)).toContain(next.id);
    expect(keys).toHaveLength(20);
    expect(await stub(id).addKey({ context })).toMatchObject({ ok: false, code: 'conflict' });
    expect(await actions(id)).toContain('agent.key.delete');
  });
});

describe("an operator's key with an end", () => {
  const NOW = 1_800_000_000_000;
  const make = async () => {
    const draft = { name: null, role: 'connect', organization: 'acme', lifeMs: LIFE_MS } as const;
    const made = await makeAdminKey(config, draft, NOW);
    if (made === null) throw new Error('no key was made');
    return made;
  };

  it('is proved until then and refused from then on', async () => {
    const { key, row } = await make();
    expect(row.expiresAtMs).toBe(NOW + LIFE_MS);
    const here = isolate();
    here.at(NOW + LIFE_MS - 1);
    expect(await here.operator(key)).toMatchObject({ ok: true, value: { organization: 'acme' } });
    here.at(NOW + LIFE_MS);
    expect(await here.operator(key)).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
  });

  it('cannot be given a later end, or none, with the directory alone', async () => {
    for (const sets of ['NULL', 'expires_at_ms + 1000000']) {
      const { key, row } = await make();
      await config.directory
        .prepare(`UPDATE admin_key SET expires_at_ms = ${sets} WHERE id = ?`)
        .bind(row.id)
        .run();
      const here = isolate();
      here.at(NOW);
      expect(await here.operator(key)).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
    }
  });
});
