/** Who is at the door: proving an agent by its key against its object, and what wrong keys cost and learn. */

import { beforeAll, describe, expect, it } from 'vitest';
import { agentStub } from '#agents/stub.ts';
import { asAgent, asOperator } from '#callers/planes.ts';
import type { RequestPieces } from '#callers/proof.ts';
import { prove } from '#callers/prove.ts';
import { createAgentKey, parseAgentKey } from '#crypto/api-keys.ts';
import type { Config } from '#env.ts';
import { applyMigrations } from '#directory/migrate.ts';
import {
  actions,
  config,
  context,
  freshId,
  newAgent,
  records,
  right,
  settled,
  stub,
  tables,
} from './world.ts';

beforeAll(() => applyMigrations(config.directory));

const URL_OF_REQUEST = 'https://broker.test/v1/agents/a/credentials/hubspot';
const bearer = (key: string) => new Headers({ authorization: `Bearer ${key}` });

/** Another isolate: nothing remembered, a clock of its own, and every call to an agent's object counted. */
function isolate(settings: Partial<Config> = {}) {
  const calls: string[] = [];
  const later: Promise<unknown>[] = [];
  const counted = (name: string) =>
    new Proxy(agentStub(config, name), {
      get: (target, method: string) => (input: never) => {
        calls.push(method);
        return target[method as 'lookup'](input);
      },
    });
  const agents = { getByName: counted } as unknown as Config['agents'];
  const own: Config = { ...config, agents, ...settings };
  const clock = { nowMs: 1_800_000_000_000 };
  const pieces = {
    method: 'GET',
    correlationId: 'c',
    toolCallId: null,
    client: context.client,
    waitUntil: (work: Promise<unknown>) => void later.push(work),
  };
  const proved = (headers: Headers, url: string) => {
    const request: RequestPieces = { ...pieces, config: own, headers, url };
    return prove(request, () => clock.nowMs);
  };
  return {
    calls,
    clock,
    lookups: () => calls.filter((method) => method === 'lookup').length,
    agent: (headers: Headers, url = URL_OF_REQUEST) => proved(headers, url).then(asAgent),
    operator: (headers: Headers, url = URL_OF_REQUEST) =>
      proved(headers, url).then((outcome) => asOperator(outcome, own)),
    /** What the requests have left behind is done. */
    idle: async () => {
      while (later.length > 0) await later.shift();
    },
  };
}

/** A well-formed key under the same key id, with another secret. */
function wrongSecret(agentId: string, keyId: string): string {
  for (;;) {
    const other = createAgentKey(agentId);
    const forged = forge(agentId, keyId, other.key.slice(-49, -6));
    if (forged !== null) return forged;
  }
}

/** The key of these parts; its checksum is found by trying, as an attacker would compute it. */
function forge(agentId: string, keyId: string, secret: string): string | null {
  const body = `vk_agent_${agentId}_${keyId}${secret}`;
  const key = body + checksum(body);
  return parseAgentKey(key) === null ? null : key;
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

async function codeOf(answer: ReturnType<ReturnType<typeof isolate>['agent' | 'operator']>): Promise<string> {
  const found = await answer;
  return found.ok ? 'ok' : found.error.code;
}

describe('a right key', () => {
  it('proves its agent', async () => {
    const policy = { rules: [{ connection: 'slack' }] };
    const { id, key, keyId } = await newAgent({ organization: 'acme', policy });
    expect(await isolate().agent(bearer(key))).toEqual({
      ok: true,
      value: {
        plane: 'agent',
        life: '1.0',
        method: 'agent_key',
        id,
        keyId,
        organization: 'acme',
        status: 'active',
        policy,
        provedAtMs: expect.any(Number),
        expiresAtMs: null,
        issuedAtMs: expect.any(Number),
        grantedRules: [],
        chain: [],
      },
    });
  });

  it('costs one lookup for all who come at once, and none for three quarters of a second after', async () => {
    const { key } = await newAgent();
    const here = isolate();
    const codes = await Promise.all(Array.from({ length: 200 }, () => codeOf(here.agent(bearer(key)))));
    expect(new Set(codes)).toEqual(new Set(['ok']));
    expect(here.lookups()).toBe(1);
    here.clock.nowMs += 749;
    expect(await codeOf(here.agent(bearer(key)))).toBe('ok');
    expect(here.lookups()).toBe(1);
    here.clock.nowMs += 1;
    expect(await codeOf(here.agent(bearer(key)))).toBe('ok');
    expect(here.lookups()).toBe(2);
  });

  it('is noted as used once an hour', async () => {
    const { id, key } = await newAgent();
    const here = isolate();
    for (let n = 0; n < 5; n += 1) await here.agent(bearer(key));
    await here.idle();
    expect(here.calls.filter((method) => method === 'touchKey')).toHaveLength(1);
    expect(right(await stub(id).listKeys({})).keys[0]?.lastUsedAtMs).toBe(here.clock.nowMs);
    here.clock.nowMs += 60 * 60_000;
    await here.agent(bearer(key));
    await here.idle();
    expect(here.calls.filter((method) => method === 'touchKey')).toHaveLength(2);
  });

  it('works at once after it was made, though its agent was looked up just before', async () => {
    const { id, key } = await newAgent();
    const here = isolate();
    await here.agent(bearer(key));
    const made = right(await stub(id).addKey({ context }));
    here.clock.nowMs += 1;
    expect(await codeOf(here.agent(bearer(made.key)))).toBe('ok');
  });
});

describe('within a second', () => {
  it('a suspended agent is known as suspended, and a new policy holds', async () => {
    const { id, key } = await newAgent();
    const here = isolate();
    await here.agent(bearer(key));
    right(await stub(id).suspend({ context }));
    right(await stub(id).update({ policy: { rules: [] }, context }));
    here.clock.nowMs += 1_000;
    expect(await here.agent(bearer(key))).toMatchObject({
      value: { status: 'suspended', policy: { rules: [] } },
    });
  });

  it('a deleted key and the keys of a deleted agent are refused', async () => {
    const { id, key, keyId } = await newAgent();
    const other = right(await stub(id).addKey({ context }));
    const here = isolate();
    await here.agent(bearer(key));
    right(await stub(id).deleteKey({ keyId, context }));
    here.clock.nowMs += 1_000;
    expect(await codeOf(here.agent(bearer(key)))).toBe('unauthenticated');
    expect(await codeOf(here.agent(bearer(other.key)))).toBe('ok');
    right(await stub(id).remove({ context }));
    await newAgent({ id });
    here.clock.nowMs += 1_000;
    expect(await codeOf(here.agent(bearer(other.key)))).toBe('unauthenticated');
  });
});

describe('a key that proves nothing', () => {
  it('gets the same answer for the same work, whatever is wrong with it', async () => {
    const { id, key, keyId } = await newAgent();
    const here = isolate();
    await here.agent(bearer(key));
    const answers = [];
    for (const wrong of [
      wrongSecret(id, keyId),
      createAgentKey(id).key,
      createAgentKey(freshId()).key,
      createAgentKey(`${id}x`).key,
    ]) {
      here.clock.nowMs += 10;
      const before = here.lookups();
      answers.push({ answer: await here.agent(bearer(wrong)), lookups: here.lookups() - before });
    }
    expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(answers[0]).toMatchObject({ answer: { error: { code: 'unauthenticated' } }, lookups: 1 });
  });

  it('costs no lookup where it is malformed', async () => {
    const { key } = await newAgent();
    const here = isolate();
    for (const text of ['x', 'vk_agent_', key.slice(0, -1), `${key}0`, key.replace('vk_agent', 'vk_admin')]) {
      expect(await codeOf(here.agent(bearer(text)))).toBe('unauthenticated');
    }
    expect(here.calls).toEqual([]);
  });

  it('leaves no table under a name that was never created', async () => {
    const id = freshId();
    const here = isolate();
    for (let n = 0; n < 3; n += 1) await here.agent(bearer(createAgentKey(id).key));
    await here.idle();
    expect(await tables(id)).toEqual([]);
  });

  it('is recorded in the chain of an agent whose key id it names, once a minute', async () => {
    const { id, keyId } = await newAgent();
    // The directory knows of it.
    await settled(id);
    const here = isolate();
    for (let n = 0; n < 4; n += 1) await here.agent(bearer(wrongSecret(id, keyId)));
    await here.agent(bearer(createAgentKey(id).key));
    await here.idle();
    const failures = (await records(id)).filter(({ action }) => action === 'auth.fail');
    expect(failures.length === 1 || failures.length === 2).toBe(true);
    expect(failures[0]).toMatchObject({ outcome: 'refused', actor: { type: 'agent', id, key_id: keyId } });
  });
});

describe('five wrong secrets within a minute', () => {
  it('close the key id for a minute, for the right one too; other keys go on', async () => {
    const { id, key, keyId } = await newAgent();
    const other = right(await stub(id).addKey({ context }));
    const here = isolate();
    for (let n = 0; n < 5; n += 1) {
      expect(await codeOf(here.agent(bearer(wrongSecret(id, keyId))))).toBe('unauthenticated');
    }
    const calls = here.calls.length;
    for (const text of [key, wrongSecret(id, keyId)]) {
      expect(await here.agent(bearer(text))).toEqual({
        ok: false,
        error: expect.objectContaining({ code: 'rate_limited', retryAfterS: 60 }),
      });
    }
    expect(here.calls.length).toBe(calls);
    expect(await codeOf(here.operator(bearer(key)))).toBe('rate_limited');
    expect(await codeOf(here.agent(bearer(other.key)))).toBe('ok');
    here.clock.nowMs += 59_001;
    expect(await here.agent(bearer(key))).toMatchObject({ error: { retryAfterS: 1 } });
    here.clock.nowMs += 999;
    expect(await codeOf(here.agent(bearer(key)))).toBe('ok');
  });

  it('close one that does not exist just so, and count those with a wrong checksum', async () => {
    const { key } = createAgentKey(freshId());
    const { key: real } = await newAgent();
    const here = isolate();
    const unchecked = real.slice(0, -1) + (real.endsWith('0') ? '1' : '0');
    for (const [wrong, after] of [
      [key, key],
      [unchecked, real],
    ] as const) {
      for (let n = 0; n < 5; n += 1) {
        expect(await codeOf(here.agent(bearer(wrong)))).toBe('unauthenticated');
      }
      expect(await codeOf(here.agent(bearer(after)))).toBe('rate_limited');
    }
  });

  it('are no more when they come at once: of forty guesses five are answered', async () => {
    const { id, keyId } = await newAgent();
    const here = isolate();
    const guesses = Array.from({ length: 40 }, () => codeOf(here.agent(bearer(wrongSecret(id, keyId)))));
    const codes = await Promise.all(guesses);
    expect(codes.filter((code) => code === 'unauthenticated')).toHaveLength(5);
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(35);
  });

  it('write no row beside the one record of the minute', async () => {
    const { id, keyId } = await newAgent();
    // The directory knows of it.
    await settled(id);
    const here = isolate();
    for (let n = 0; n < 30; n += 1) await here.agent(bearer(wrongSecret(id, keyId)));
    await here.idle();
    const made = await actions(id);
    expect(made.length).toBeLessThanOrEqual(4);
    expect(here.calls.filter((method) => method === 'recordAuthFail')).toHaveLength(5);
  });
});

describe('an object that cannot answer', () => {
  it('is no wrong secret: the vault is locked for the right key too, and nothing is counted', async () => {
    const { key } = await newAgent();
    const locked = { lookup: async () => ({ ok: false, code: 'vault_locked', detail: 'put the key back' }) };
    const here = isolate({ agents: { getByName: () => locked } as unknown as Config['agents'] });
    for (let n = 0; n < 8; n += 1) {
      expect(await here.agent(bearer(key))).toEqual({
        ok: false,
        error: { code: 'vault_locked', detail: 'put the key back' },
      });
    }
  });
});

describe('the two planes', () => {
  const adminKey = config.adminKey ?? '';

  it('are apart: a valid proof of the other one is forbidden, an invalid one proves nothing', async () => {
    const { id, key, keyId } = await newAgent();
    const here = isolate();
    expect(await codeOf(here.agent(bearer(adminKey)))).toBe('forbidden');
    expect(await codeOf(here.operator(bearer(key)))).toBe('forbidden');
    expect(await codeOf(here.operator(bearer(wrongSecret(id, keyId))))).toBe('unauthenticated');
    expect(await codeOf(here.operator(bearer(`${adminKey}x`)))).toBe('unauthenticated');
    expect(await codeOf(here.agent(bearer(`${adminKey}x`)))).toBe('unauthenticated');
    expect(await here.operator(bearer(adminKey))).toEqual({
      ok: true,
      value: {
        plane: 'operator',
        method: 'admin_key',
        id: 'admin',
        keyId: null,
        organization: null,
        role: 'admin',
        provedAtMs: here.clock.nowMs,
        expiresAtMs: null,
        issuedAtMs: null,
        grantedRules: [],
        chain: [],
      },
    });
  });

  it('compare ADMIN_KEY first, also when it has the form of an agent key', async () => {
    const { key } = await newAgent();
    const here = isolate({ adminKey: key });
    expect(await codeOf(here.operator(bearer(key)))).toBe('ok');
    expect(await codeOf(here.agent(bearer(key)))).toBe('forbidden');
    expect(here.calls).toEqual([]);
  });

  it('know no operator where ADMIN_KEY is missing or too short, and say so', async () => {
    const here = isolate({ adminKey: null, adminKeyProblem: 'ADMIN_KEY is not set' });
    for (const headers of [new Headers(), bearer(adminKey), bearer('')]) {
      const answer = await here.operator(headers);
      expect(answer).toMatchObject({ error: { code: 'unauthenticated' } });
      expect(JSON.stringify(answer)).toContain('ADMIN_KEY is not set');
    }
  });

  it('refuse a right credential in a wrong place', async () => {
    const { key } = await newAgent();
    const here = isolate();
    const inQuery = `${URL_OF_REQUEST}?access_token=${key}`;
    const adminInQuery = `${URL_OF_REQUEST}?x=${encodeURIComponent(adminKey)}`;
    const twice = bearer(key);
    twice.append('authorization', `Bearer ${key}`);
    const two = bearer(key);
    two.set('x-api-key', key);
    const cookie = bearer(key);
    cookie.set('cookie', `k=${key}`);
    for (const [headers, url] of [
      [bearer(key), inQuery],
      [new Headers(), inQuery],
      [new Headers({ 'x-api-key': key }), URL_OF_REQUEST],
      [twice, URL_OF_REQUEST],
      [two, URL_OF_REQUEST],
      [cookie, URL_OF_REQUEST],
    ] as const) {
      expect(await codeOf(here.agent(headers, url))).toBe('unauthenticated');
    }
    expect(await codeOf(here.operator(bearer(adminKey), adminInQuery))).toBe('unauthenticated');
    const adminTwice = bearer(adminKey);
    adminTwice.set('x-api-key', adminKey);
    expect(await codeOf(here.operator(adminTwice))).toBe('unauthenticated');
    expect(here.calls).toEqual([]);
  });
});
