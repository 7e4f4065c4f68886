/**
 * Tokens of the broker where the directory is away or was changed by an intruder, and what its keys are at rest. Each
 * config is an isolate that remembers nothing.
 */

import { env } from 'cloudflare:workers';
import { decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { prove } from '#callers/prove.ts';
import type { Outcome, RequestPieces } from '#callers/proof.ts';
import { makeToken } from '#callers/tokens/issue.ts';
import { lookAfterSigningKeys, signingBundle } from '#directory/callers/signing-keys.ts';
import { applyMigrations } from '#directory/migrate.ts';
import type { Config } from '#env.ts';
import { systemNow, type Now } from '#lib/clock.ts';
import { config, newAgent, right, stub, UNKNOWN_KID, WRONG_KEY as WRONG_RING } from '../agents/world.ts';

const ORIGIN = 'https://broker.test';
const DAY_MS = 24 * 3_600_000;
const db = (env as unknown as { DB: D1Database }).DB;

beforeAll(async () => {
  await applyMigrations(db);
});

/** An isolate of its own. */
const isolate = (changed: Partial<Config> = {}): Config => ({ ...config, baseUrl: ORIGIN, ...changed });

const AWAY = {
  prepare: () => {
    throw new Error('D1_ERROR: network lost');
  },
  batch: () => Promise.reject(new Error('D1_ERROR: network lost')),
} as unknown as D1Database;

function pieces(where: Config, token: string | null = null): RequestPieces {
  return {
    config: where,
    method: 'GET',
    headers: new Headers(token === null ? {} : { authorization: `Bearer ${token}` }),
    url: `${ORIGIN}/v1/agents/self/credentials/hubspot`,
    correlationId: 'test',
    toolCallId: null,
    client: { ip: null, country: null, colo: null, user_agent: null },
    waitUntil: (work) => void work.catch(() => undefined),
  };
}

const proveAs = (token: string, where = isolate(), now: Now = systemNow): Promise<Outcome> =>
  prove(pieces(where, token), now);

async function tokenOf(key: string, where = isolate(), now: Now = systemNow): Promise<string> {
  const proof = await prove(pieces(where, key), now);
  if (!proof.ok || proof.value.plane !== 'agent') throw new Error('expected an agent');
  const wanted = { proof: proof.value, assertion: null, lifeS: null, origin: ORIGIN };
  const made = await makeToken(wanted, pieces(where), now);
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  return made.value.token;
}

const PROVED = { ok: true, value: { plane: 'agent', method: 'broker_token' } };
const REFUSED = { ok: false, error: { code: 'unauthenticated', detail: 'this is not a valid key' } };

describe('a token of the broker', () => {
  it('proves its agent, by the key that asked for it, until its end and a minute', async () => {
    const { id, key, keyId } = await newAgent();
    const token = await tokenOf(key);
    const proved = await proveAs(token);
    expect(proved).toMatchObject({ ok: true, value: { id, keyId, method: 'broker_token', chain: [] } });
    if (!proved.ok) throw new Error('expected a proof');
    const endsAtMs = Number(proved.value.expiresAtMs);
    const begunAtMs = Number(proved.value.issuedAtMs);
    expect(endsAtMs - begunAtMs).toBe(900_000);
    for (const [atMs, expected] of [
      [endsAtMs + 59_999, PROVED],
      [endsAtMs + 60_000, REFUSED],
      [begunAtMs - 60_000, PROVED],
      [begunAtMs - 60_001, REFUSED],
    ] as const)
      expect(await proveAs(token, isolate(), () => atMs), String(atMs - endsAtMs)).toMatchObject(expected);
  });

  it('asks the directory nothing once it is warm', async () => {
    const { key } = await newAgent();
    let asked = 0;
    const counted = new Proxy(db, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          asked += 1;
          return (member as (...all: unknown[]) => unknown).apply(target, given);
        };
      },
    });
    const where = isolate({ directory: counted });
    const token = await tokenOf(key, where);
    expect(await proveAs(token, where)).toMatchObject(PROVED);
    const before = asked;
    for (let n = 0; n < 20; n += 1) expect(await proveAs(token, where)).toMatchObject(PROVED);
    expect(asked).toBe(before);
  });

  it('is made and proves where the directory is away, in an isolate that has read nothing', async () => {
    const { id, key } = await newAgent();
    const token = await tokenOf(key);
    expect(await proveAs(token, isolate({ directory: AWAY }))).toMatchObject({ ok: true, value: { id } });
    const other = await tokenOf(key, isolate({ directory: AWAY }));
    expect(await proveAs(other)).toMatchObject({ ok: true, value: { id } });
  });

  it('is not refused as wrong where nothing can say so', async () => {
    const { key } = await newAgent();
    const token = await tokenOf(key);
    expect(await proveAs(token, isolate({ masterKeys: null }))).toMatchObject({
      ok: false,
      error: { code: 'vault_locked' },
    });
    for (const masterKeys of [WRONG_RING, UNKNOWN_KID])
      expect(await proveAs(token, isolate({ masterKeys }))).toMatchObject({
        ok: false,
        error: { code: 'vault_locked' },
      });
  });

  it('of an agent that an intruder made up in the directory proves nobody', async () => {
    const { id, key } = await newAgent();
    const token = await tokenOf(key);
    const [row] = (await signingBundle(db)).rows.toReversed();
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const { d: _, ...published } = await exportJWK(privateKey);
    const forged = JSON.stringify({ ...published, kid: row!.kid, use: 'sig', alg: 'ES256' });
    await db
      .prepare('UPDATE signing_key SET public_key = ? WHERE number = ?')
      .bind(forged, row!.number)
      .run();
    expect(await proveAs(token)).toMatchObject(REFUSED);
    await db
      .prepare('UPDATE signing_key SET public_key = ? WHERE number = ?')
      .bind(row!.public_key, row!.number)
      .run();
    expect(await proveAs(token)).toMatchObject({ ok: true, value: { id } });
  });
});

describe('the signing keys', () => {
  it('are in the directory as ciphertexts alone', async () => {
    const { key } = await newAgent();
    await tokenOf(key);
    const text = JSON.stringify(await signingBundle(db));
    expect(text).not.toMatch(/\\"d\\"/);
    expect(text).toMatch(/"private_key":"e1\./);
  });

  it('follow one another: the next is published, then signs, and the one before it ends', async () => {
    const { key, id } = await newAgent();
    const kids = async () => (await signingBundle(db)).rows.map(({ kid }) => kid);
    const first = decodeProtectedHeader(await tokenOf(key)).kid;
    const startMs = systemNow();
    await lookAfterSigningKeys(config, startMs + 88 * DAY_MS);
    expect(await kids()).toEqual([first]);
    const dueMs = startMs + 90 * DAY_MS;
    await Promise.all([lookAfterSigningKeys(config, dueMs), lookAfterSigningKeys(config, dueMs)]);
    const both = await kids();
    expect(both).toHaveLength(2);
    const signer = async (atMs: number) =>
      decodeProtectedHeader(await tokenOf(key, isolate(), () => atMs)).kid;
    expect(await signer(dueMs)).toBe(first);
    expect(await signer(dueMs + DAY_MS)).toBe(both[1]);
    await lookAfterSigningKeys(config, dueMs + 2 * DAY_MS - 1);
    expect(await kids()).toEqual(both);
    await lookAfterSigningKeys(config, dueMs + 2 * DAY_MS);
    expect(await kids()).toEqual([both[1]]);
    expect(right(await stub(id).view({})).agent.id).toBe(id);
  });

  it('are one, however many tokens are the first', async () => {
    await db.prepare('DELETE FROM signing_key').run();
    const { key } = await newAgent();
    const tokens = await Promise.all(Array.from({ length: 8 }, () => tokenOf(key)));
    expect(new Set(tokens.map((token) => decodeProtectedHeader(token).kid)).size).toBe(1);
    expect((await signingBundle(db)).rows).toHaveLength(1);
  });
});
