/** Operators' keys against the directory: what proves one, how soon a deleted one ends, what wrong ones cost and learn. */

import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { asAgent, asOperator } from '#callers/planes.ts';
import type { RequestPieces } from '#callers/proof.ts';
import { prove } from '#callers/prove.ts';
import { createAdminKey, parseAdminKey } from '#crypto/api-keys.ts';
import { deleteAdminKey, makeAdminKey, MAX_ADMIN_KEYS } from '#directory/keys/admin-keys.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { verifyOrganizationAudit } from '#directory/organization-audit.ts';
import { configOf, type Config } from '#env.ts';

const config = configOf(env);
const db = config.directory;
const NOW = 1_800_000_000_000;
const URL_OF_REQUEST = 'https://broker.test/v1/connections';
const bearer = (key: string) => new Headers({ authorization: `Bearer ${key}` });

beforeAll(() => applyMigrations(db));

/** Another isolate: nothing remembered, a clock of its own, and every question to the directory counted. */
function isolate(settings: Partial<Config> = {}) {
  const asked: string[] = [];
  const later: Promise<unknown>[] = [];
  const counted = {
    prepare: (query: string) => {
      asked.push(query);
      return db.prepare(query);
    },
    batch: (list: D1PreparedStatement[]) => db.batch(list),
  } as D1Database;
  const own: Config = { ...config, directory: counted, ...settings };
  const clock = { nowMs: NOW };
  const pieces = {
    method: 'GET',
    correlationId: 'c',
    toolCallId: null,
    client: { ip: '203.0.113.7', country: null, colo: null, user_agent: null },
    waitUntil: (work: Promise<unknown>) => void later.push(work),
  };
  const proved = (key: string) => {
    const request: RequestPieces = { ...pieces, config: own, headers: bearer(key), url: URL_OF_REQUEST };
    return prove(request, () => clock.nowMs);
  };
  return {
    clock,
    asked,
    lookups: () => asked.filter((query) => query.includes('FROM admin_key k')).length,
    operator: (key: string) => proved(key).then((outcome) => asOperator(outcome, own)),
    agent: (key: string) => proved(key).then(asAgent),
    idle: async () => {
      while (later.length > 0) await later.shift();
    },
  };
}

async function newKey(draft: Partial<Parameters<typeof makeAdminKey>[1]> = {}) {
  const made = await makeAdminKey(
    config,
    { name: null, role: 'operator', organization: null, ...draft },
    NOW,
  );
  if (made === null) throw new Error('no key was made');
  return made;
}

/** Well-formed, under the same id, with another secret: the checksum is found as an attacker would compute it. */
function wrongSecret(key: string): string {
  for (;;) {
    const other = createAdminKey().key;
    const body = `vk_admin_${key.slice(9, 19)}${other.slice(19, -6)}`;
    const forged = body + checksum(body);
    if (parseAdminKey(forged) !== null) return forged;
  }
}

function checksum(text: string): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  let rest = (crc ^ 0xffffffff) >>> 0;
  let out = '';
  while (out.length < 6) {
    out = digits.charAt(rest % 62) + out;
    rest = Math.floor(rest / 62);
  }
  return out;
}

async function codeOf(answer: Promise<{ ok: boolean; error?: { code: string } }>): Promise<string> {
  const found = await answer;
  return found.ok ? 'ok' : String(found.error?.code);
}

const column = (id: string, name: string) =>
  db.prepare(`SELECT ${name} AS value FROM admin_key WHERE id = ?`).bind(id).first<number>('value');

describe('a right key', () => {
  it('is an operator with its role and organization, and its id for the records', async () => {
    const { key, row } = await newKey({ role: 'connect', organization: 'acme' });
    expect(await isolate().operator(key)).toEqual({
      ok: true,
      value: {
        plane: 'operator',
        method: 'admin_key',
        id: row.id,
        keyId: row.id,
        organization: 'acme',
        role: 'connect',
        provedAtMs: NOW,
        expiresAtMs: null,
        issuedAtMs: expect.any(Number),
        grantedRules: [],
        chain: [],
      },
    });
  });

  it('is a valid proof of the other plane for a route of agents', async () => {
    const { key } = await newKey();
    expect(await codeOf(isolate().agent(key))).toBe('forbidden');
    expect(await codeOf(isolate().agent(wrongSecret(key)))).toBe('unauthenticated');
  });

  it('costs one lookup for all who come at once, and none for three quarters of a second', async () => {
    const { key } = await newKey();
    const here = isolate();
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(here.operator(key))));
    expect(new Set(codes)).toEqual(new Set(['ok']));
    here.clock.nowMs += 749;
    expect(await codeOf(here.operator(key))).toBe('ok');
    expect(here.lookups()).toBe(1);
  });

  it('stops within a second of being deleted', async () => {
    const { key, row } = await newKey();
    const here = isolate();
    expect(await codeOf(here.operator(key))).toBe('ok');
    expect(await deleteAdminKey(config, row.id, null, NOW)).toBe(true);
    here.clock.nowMs += 1_000;
    expect(await codeOf(here.operator(key))).toBe('unauthenticated');
    expect(await deleteAdminKey(config, row.id, null, NOW)).toBe(false);
  });

  it('is noted as used once an hour, over all isolates', async () => {
    const { key, row } = await newKey();
    const here = isolate();
    for (let n = 0; n < 3; n += 1) await here.operator(key);
    await here.idle();
    expect(here.asked.filter((query) => query.includes('last_used_at_ms = ?'))).toHaveLength(1);
    expect(await column(row.id, 'last_used_at_ms')).toBe(NOW);
    const there = isolate();
    there.clock.nowMs += 3_599_999;
    await there.operator(key);
    await there.idle();
    expect(await column(row.id, 'last_used_at_ms')).toBe(NOW);
    there.clock.nowMs += 3_600_000;
    await there.operator(key);
    await there.idle();
    expect(await column(row.id, 'last_used_at_ms')).toBe(there.clock.nowMs);
  });
});

describe('ADMIN_KEY', () => {
  it('is compared first, also where it has the form of an admin key, and needs no directory', async () => {
    const adminKey = createAdminKey().key;
    const here = isolate({ adminKey });
    expect(await here.operator(adminKey)).toMatchObject({ value: { role: 'admin', keyId: null } });
    expect(await codeOf(here.agent(adminKey))).toBe('forbidden');
    expect(here.asked).toEqual([]);
  });
});

describe('a key that proves nobody', () => {
  it('costs no lookup where it is malformed, and one where it is not, existing or not', async () => {
    const { key } = await newKey();
    const here = isolate();
    for (const malformed of [
      'vk_admin_x',
      key.slice(0, -1),
      `${key}0`,
      key.toUpperCase(),
      `${key.slice(0, -1)}!`,
    ]) {
      expect(await codeOf(here.operator(malformed))).toBe('unauthenticated');
    }
    expect(here.asked).toEqual([]);
    for (const wrong of [createAdminKey().key, wrongSecret(key)]) {
      const before = here.lookups();
      expect(await codeOf(here.operator(wrong))).toBe('unauthenticated');
      expect(here.lookups()).toBe(before + 1);
    }
    await here.operator(key);
    here.clock.nowMs += 1;
    const before = here.lookups();
    expect(await codeOf(here.operator(wrongSecret(key)))).toBe('unauthenticated');
    expect(here.lookups()).toBe(before + 1);
  });

  it('closes its id for a minute after five wrong secrets, for the right one too, and no other', async () => {
    for (const { key } of [await newKey(), { key: createAdminKey().key }]) {
      const other = await newKey();
      const here = isolate();
      const codes: string[] = [];
      for (let n = 0; n < 6; n += 1) codes.push(await codeOf(here.operator(wrongSecret(key))));
      expect(codes).toEqual([...Array.from({ length: 5 }, () => 'unauthenticated'), 'rate_limited']);
      expect(await here.operator(key)).toMatchObject({ error: { code: 'rate_limited', retryAfterS: 60 } });
      expect(await codeOf(here.agent(key))).toBe('rate_limited');
      expect(await codeOf(here.operator(other.key))).toBe('ok');
      here.clock.nowMs += 60_000;
      expect(await codeOf(here.operator(key))).not.toBe('rate_limited');
    }
  });

  it('is in the chain of its organization once a minute where the key exists, and nowhere else', async () => {
    const organization = `org-${crypto.randomUUID().slice(0, 8)}`;
    const { key, row } = await newKey({ organization });
    const here = isolate();
    for (let n = 0; n < 3; n += 1) await here.operator(wrongSecret(key));
    await here.operator(createAdminKey().key);
    await here.idle();
    here.clock.nowMs += 60_000;
    await here.operator(wrongSecret(key));
    await here.idle();
    const found = await db
      .prepare(
        `SELECT body FROM organization_audit WHERE organization = ? AND action = 'auth.fail' ORDER BY seq`,
      )
      .bind(organization)
      .all<{ body: string }>();
    const records = found.results.map(({ body }) => JSON.parse(body));
    expect(records).toHaveLength(2);
    expect(records[0]).toMatchObject({
      outcome: 'refused',
      reason: 'wrong_secret',
      actor: { type: 'operator', method: 'admin_key', key_id: row.id },
      client: { ip: '203.0.113.7' },
    });
    expect((await verifyOrganizationAudit(config, organization)).intact).toBe(true);
  });

  it('opens nothing though its row was written into the directory, nor does a role that was raised there', async () => {
    const { key, row } = await newKey({ role: 'auditor', organization: 'acme' });
    for (const sql of [
      "SET role = 'admin'",
      'SET organization = NULL',
      "SET digest = 'x'",
      "SET mac = 'x'",
    ]) {
      const before = await db.prepare('SELECT * FROM admin_key WHERE id = ?').bind(row.id).first();
      await db.prepare(`UPDATE admin_key ${sql} WHERE id = ?`).bind(row.id).run();
      expect(await codeOf(isolate().operator(key)), sql).toBe('unauthenticated');
      const { role, organization, digest, mac } = before as Record<string, string>;
      await db
        .prepare('UPDATE admin_key SET role = ?, organization = ?, digest = ?, mac = ? WHERE id = ?')
        .bind(role, organization, digest, mac, row.id)
        .run();
    }
    expect(await codeOf(isolate().operator(key))).toBe('ok');
    const planted = createAdminKey();
    await db
      .prepare(
        `INSERT INTO admin_key SELECT ?, name, 'admin', NULL, ?, mac, created_at_ms, NULL, NULL, NULL FROM admin_key WHERE id = ?`,
      )
      .bind(planted.keyId, planted.digest, row.id)
      .run();
    expect(await codeOf(isolate().operator(planted.key))).toBe('unauthenticated');
  });
});

describe('what stands in the way', () => {
  const failing = (fail: () => never) => ({ prepare: fail, batch: fail }) as unknown as D1Database;

  it('is said as unavailable with a time while the directory is down; ADMIN_KEY goes on', async () => {
    const { key } = await newKey();
    const directory = failing(() => {
      throw new Error('D1_ERROR: Network connection lost.');
    });
    const here = isolate({ directory });
    expect(await here.operator(key)).toMatchObject({ error: { code: 'unavailable', retryAfterS: 5 } });
    expect(await codeOf(here.operator(config.adminKey ?? ''))).toBe('ok');
  });

  it('is said as vault_locked under a ring that is not the right one', async () => {
    const { key } = await newKey();
    const masterKeys = `k9:${btoa('fedcba9876543210fedcba9876543210')}`;
    expect(await codeOf(isolate({ masterKeys }).operator(key))).toBe('vault_locked');
  });
});

describe('an organization', () => {
  it(`has at most ${MAX_ADMIN_KEYS} keys; none is one of its own`, async () => {
    const organization = `full-${crypto.randomUUID().slice(0, 8)}`;
    const { row } = await newKey({ organization });
    const fill = `INSERT INTO admin_key SELECT 'fill' || value, name, role, organization, digest, mac, created_at_ms, NULL, NULL, NULL
      FROM admin_key, json_each(?) WHERE admin_key.id = ?`;
    const ids = Array.from({ length: MAX_ADMIN_KEYS - 1 }, (_, index) => `${organization}${index}`);
    await db.prepare(fill).bind(JSON.stringify(ids), row.id).run();
    expect(await makeAdminKey(config, { name: null, role: 'admin', organization }, NOW)).toBeNull();
    expect(await makeAdminKey(config, { name: null, role: 'admin', organization: null }, NOW)).not.toBeNull();
    expect(await verifyOrganizationAudit(config, organization)).toMatchObject({ intact: true, events: 1 });
  });
});
