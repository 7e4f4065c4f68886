/**
 * Every kind of credential at every way in: what a caller who has one, has a wrong one or has none is answered, and as
 * whom the audit names it. Each request comes to an isolate that remembers nothing.
 */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '#api/app.ts';
import { createFront } from '#api/tokens/token-front.ts';
import { createAdminKey, createAgentKey, createSignedAgentKey } from '#crypto/api-keys.ts';
import { accountId } from '#crypto/digest.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { deleteAdminKey, makeAdminKey } from '#directory/keys/admin-keys.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { systemNow } from '#lib/clock.ts';
import { config, context, newAgent, records, right, stub, WRONG_KEY } from '../agents/world.ts';
import { certifiedAgent, edgeSays, stubIssuer, trustedAgent, type Issuer } from './workloads.ts';

const front = createFront(createApp());
const ADMIN_KEY = config.adminKey ?? '';
const ABSENT = accountId('', 'hubspot', 'nobody');

/** The ways in, each with the name of its column. An agent reads itself, an operator reads the agent `subject`. */
const ROUTES = {
  'a token by account': ['agent', `/v1/connected-accounts/${ABSENT}/token`],
  'a token by connection': ['agent', '/v1/agents/self/credentials/hubspot'],
  'the list of credentials': ['agent', '/v1/agents/self/credentials'],
  'an agent': ['operator', '/v1/agents/subject'],
  'the wait for an account': ['either', `/v1/connected-accounts/${ABSENT}/wait?status=active&timeout_s=1`],
} as const;
type Column = 'agent' | 'operator' | 'either';
type Settings = Record<string, string | undefined>;

interface Sent {
  readonly headers?: Record<string, string>;
  readonly query?: string;
  readonly settings?: Settings;
  /** What the edge says of a client certificate. */
  readonly tls?: unknown;
}

const bearer = (key: string, settings: Settings = {}): Sent => ({
  headers: { authorization: `Bearer ${key}` },
  settings,
});

async function send(path: string, { headers = {}, query, settings = {}, tls }: Sent, body?: unknown) {
  const url = new URL(`https://broker.test${path}`);
  if (query !== undefined) url.searchParams.set('key', query);
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const request = new Request(url, {
    headers: { ...headers, ...json },
    ...(tls === undefined ? {} : { cf: { tlsClientAuth: tls } as never }),
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const execution = createExecutionContext();
  const answer = await front(request as never, { ...(env as object), ...settings }, execution);
  const text = await answer.text();
  await waitOnExecutionContext(execution);
  return { answer, json: text === '' ? null : JSON.parse(text) };
}

/** `proved`, `suspended`, or all that a refusal says. What a proved caller asks for need not be there. */
async function outcomeOf(path: string, sent: Sent): Promise<string> {
  const { answer, json } = await send(path, sent);
  if (answer.status === 200 || json.code === 'not_found') return 'proved';
  if (json.reason === 'agent_suspended') return 'suspended';
  const challenge = answer.headers.get('www-authenticate') ?? '';
  const retry = answer.headers.get('retry-after') ?? '';
  return [answer.status, json.code, json.detail, challenge, retry].filter((part) => part !== '').join(' | ');
}

const unproved = (detail: string) => `401 | unauthenticated | ${detail} | Bearer`;
const everywhere = (outcome: string) => ({ agent: outcome, operator: outcome, either: outcome });

const PROVED_AGENT = {
  agent: 'proved',
  operator: '403 | forbidden | an agent does not reach the control plane',
  either: 'proved',
};
const PROVED_OPERATOR = {
  agent: '403 | forbidden | an operator uses the control plane; this route is for agents',
  operator: 'proved',
  either: 'proved',
};
const WRONG = everywhere(unproved('this is not a valid key'));
const NONE = everywhere(unproved('send a key as Authorization: Bearer'));
const NO_BEARER = everywhere(unproved('the Authorization header must hold `Bearer`, a space and one key'));
const MISPLACED_IN_QUERY = everywhere(
  unproved('a credential in the query is refused: use the Authorization header, and replace it'),
);
const misplacedIn = (header: string) =>
  everywhere(unproved(`a credential in the header ${header} is refused: use the Authorization header alone`));
const ENDED = {
  agent: unproved('this key has ended: make another'),
  operator: unproved('this is not a valid key'),
  either: unproved('this is not a valid key'),
};
const nobody = (detail: string, problem: string) => ({
  agent: unproved(detail),
  operator: unproved(`nobody is an operator here: ${problem}`),
  either: unproved(`nobody is an operator here: ${problem}`),
});

const NO_ADMIN_KEY =
  'ADMIN_KEY is not set (in development `npm start -- --keys` writes .dev.vars; or make one with: node -e "console.log(crypto.randomBytes(32).toString(\'hex\'))")';
const NO_RING =
  "MASTER_KEYS is not set: make one with: node -e \"console.log('k1:'+crypto.randomBytes(32).toString('base64'))\"";

/** The last character is of the checksum. */
const mistyped = (key: string) => key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');

async function adminKey(draft: { organization?: string | null; lifeMs?: number } = {}) {
  const made = await makeAdminKey(
    config,
    { name: null, role: 'operator', organization: null, ...draft },
    systemNow(),
  );
  if (made === null) throw new Error('no key was made');
  return { key: made.key, id: made.row.id };
}

async function agentKey(how: 'active' | 'suspended' | 'ended' | 'deleted' | 'of a deleted agent') {
  const { id, key, keyId } = await newAgent();
  if (how === 'suspended') right(await stub(id).suspend({ context }));
  if (how === 'ended') return right(await stub(id).addKey({ context, lifeMs: 0 })).key;
  if (how === 'deleted') right(await stub(id).deleteKey({ keyId, context }));
  if (how === 'of a deleted agent') right(await stub(id).remove({ context }));
  return key;
}

async function keyOfAnotherDeployment(agentId: string): Promise<string> {
  const ring = await ringOf(WRONG_KEY);
  if (!ring.ok) throw new Error(ring.error.detail);
  return (await createSignedAgentKey(ring.value, agentId)).key;
}

async function deletedAdminKey(): Promise<string> {
  const { key, id } = await adminKey();
  await deleteAdminKey(config, id, null, systemNow(), context);
  return key;
}

const TABLE: Readonly<Record<string, readonly [() => Promise<Sent> | Sent, Record<Column, string>]>> = {
  nothing: [() => ({}), NONE],
  'an empty header': [() => ({ headers: { authorization: '' } }), NO_BEARER],
  'Bearer alone': [() => ({ headers: { authorization: 'Bearer' } }), NO_BEARER],
  'another scheme': [() => ({ headers: { authorization: `Basic ${btoa('admin:secret')}` } }), NO_BEARER],
  'two tokens': [() => bearer('one two'), NO_BEARER],
  'any text': [() => bearer('x'), WRONG],
  'a JSON Web Token': [() => bearer('eyJhbGciOiJFUzI1NiJ9.e30.c2ln'), WRONG],

  'an agent key': [async () => bearer(await agentKey('active')), PROVED_AGENT],
  'an agent key in lower-case bearer': [
    async () => ({ headers: { authorization: `bearer  ${await agentKey('active')}` } }),
    PROVED_AGENT,
  ],
  'an agent key of a suspended agent': [
    async () => bearer(await agentKey('suspended')),
    { ...PROVED_AGENT, agent: 'suspended', either: 'suspended' },
  ],
  'an agent key that has ended': [async () => bearer(await agentKey('ended')), ENDED],
  'an agent key that was deleted': [async () => bearer(await agentKey('deleted')), WRONG],
  'an agent key of a deleted agent': [async () => bearer(await agentKey('of a deleted agent')), WRONG],
  'an agent key with a wrong checksum': [async () => bearer(mistyped(await agentKey('active'))), WRONG],
  'an agent key cut short': [async () => bearer((await agentKey('active')).slice(0, -1)), WRONG],
  'an agent key that nobody signed': [async () => bearer(createAgentKey((await newAgent()).id).key), WRONG],
  'an agent key of an unknown agent': [() => bearer(createAgentKey('nobody-knows').key), WRONG],
  'an agent key of another deployment': [
    async () => bearer(await keyOfAnotherDeployment((await newAgent()).id)),
    WRONG,
  ],
  'an agent key in the query': [async () => ({ query: await agentKey('active') }), MISPLACED_IN_QUERY],
  'an agent key in another header': [
    async () => ({ headers: { 'x-api-key': await agentKey('active') } }),
    misplacedIn('x-api-key'),
  ],
  'an agent key in a cookie beside it': [
    async () => {
      const key = await agentKey('active');
      return { headers: { authorization: `Bearer ${key}`, cookie: `k=${key}` } };
    },
    misplacedIn('cookie'),
  ],
  'an agent key under a ring that cannot read': [
    async () => bearer(await agentKey('active'), { MASTER_KEYS: WRONG_KEY }),
    WRONG,
  ],

  'a token of a workload': [async () => bearer(await workloadToken()), PROVED_AGENT],
  'a token of a workload of a suspended agent': [
    async () => bearer(await workloadToken('suspended')),
    { ...PROVED_AGENT, agent: 'suspended', either: 'suspended' },
  ],
  'a token of a workload of a deleted agent': [async () => bearer(await workloadToken('deleted')), WRONG],
  'a token of a workload that no agent trusts': [async () => bearer(await issuer.token('nobody')), WRONG],
  'a token of a workload that is over': [
    async () => bearer(await issuer.token((await trustedAgent()).subject, -61)),
    WRONG,
  ],
  'a token of a workload cut short': [async () => bearer((await workloadToken()).slice(0, -9)), WRONG],
  'a token of a workload in the query beside it': [
    async () => {
      const token = await workloadToken();
      return { ...bearer(token), query: token };
    },
    MISPLACED_IN_QUERY,
  ],
  'a token of a workload in another header beside it': [
    async () => {
      const token = await workloadToken();
      return { headers: { authorization: `Bearer ${token}`, 'x-api-key': token } };
    },
    misplacedIn('x-api-key'),
  ],

  'a client certificate': [
    async () => ({ tls: edgeSays((await certifiedAgent()).thumbprint) }),
    PROVED_AGENT,
  ],
  'a client certificate of nobody': [() => ({ tls: edgeSays('ab'.repeat(32)) }), WRONG],
  'a client certificate that is revoked': [
    async () => ({ tls: edgeSays((await certifiedAgent()).thumbprint, { certRevoked: '1' }) }),
    WRONG,
  ],
  'a client certificate beside a wrong key': [
    async () => ({ ...bearer('x'), tls: edgeSays((await certifiedAgent()).thumbprint) }),
    WRONG,
  ],
  'a client certificate beside another agent’s key': [
    async () => ({ ...bearer(await agentKey('active')), tls: edgeSays((await certifiedAgent()).thumbprint) }),
    PROVED_AGENT,
  ],
  'a token of Access in a deployment without a team': [
    () => ({ headers: { 'cf-access-jwt-assertion': 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln' } }),
    NONE,
  ],

  'an admin key': [async () => bearer((await adminKey()).key), PROVED_OPERATOR],
  'an admin key of one organization': [
    async () => bearer((await adminKey({ organization: 'acme' })).key),
    PROVED_OPERATOR,
  ],
  'an admin key that has ended': [async () => bearer((await adminKey({ lifeMs: 0 })).key), ENDED],
  'an admin key that was deleted': [async () => bearer(await deletedAdminKey()), WRONG],
  'an admin key that nobody made': [() => bearer(createAdminKey().key), WRONG],
  'an admin key with a wrong checksum': [async () => bearer(mistyped((await adminKey()).key)), WRONG],
  'an admin key cut short': [async () => bearer((await adminKey()).key.slice(0, -1)), WRONG],
  'an admin key in the query': [async () => ({ query: (await adminKey()).key }), MISPLACED_IN_QUERY],
  'an admin key in another header': [
    async () => ({ headers: { 'x-api-key': (await adminKey()).key } }),
    misplacedIn('x-api-key'),
  ],
  'an admin key under a ring that cannot read': [
    async () => bearer((await adminKey()).key, { MASTER_KEYS: WRONG_KEY }),
    everywhere(
      '503 | vault_locked | the master key "k1" is not the one that this data was encrypted with: put the right key back',
    ),
  ],

  ADMIN_KEY: [() => bearer(ADMIN_KEY), PROVED_OPERATOR],
  'ADMIN_KEY with one character more': [() => bearer(`${ADMIN_KEY}x`), WRONG],
  'ADMIN_KEY with one character less': [() => bearer(ADMIN_KEY.slice(0, -1)), WRONG],
  'ADMIN_KEY in the query': [() => ({ query: ADMIN_KEY }), MISPLACED_IN_QUERY],
  'ADMIN_KEY in another header': [() => ({ headers: { 'x-api-key': ADMIN_KEY } }), misplacedIn('x-api-key')],
  'ADMIN_KEY that has the form of an agent key': [
    async () => {
      const key = await agentKey('active');
      return bearer(key, { ADMIN_KEY: key });
    },
    PROVED_OPERATOR,
  ],
  'ADMIN_KEY that has the form of an admin key': [
    () => {
      const { key } = createAdminKey();
      return bearer(key, { ADMIN_KEY: key });
    },
    PROVED_OPERATOR,
  ],
  'ADMIN_KEY of a deployment without one': [
    () => bearer(ADMIN_KEY, { ADMIN_KEY: undefined }),
    nobody('this is not a valid key', NO_ADMIN_KEY),
  ],
  'nothing, in a deployment without ADMIN_KEY': [
    () => ({ settings: { ADMIN_KEY: undefined } }),
    nobody('send a key as Authorization: Bearer', NO_ADMIN_KEY),
  ],
  'an agent key, in a deployment without ADMIN_KEY': [
    async () => bearer(await agentKey('active'), { ADMIN_KEY: undefined }),
    PROVED_AGENT,
  ],
  'an admin key, in a deployment without ADMIN_KEY': [
    async () => bearer((await adminKey()).key, { ADMIN_KEY: undefined }),
    PROVED_OPERATOR,
  ],
  'any text, in a deployment without MASTER_KEYS': [
    () => bearer('x', { MASTER_KEYS: undefined }),
    everywhere(unproved(`this is not a valid key; ${NO_RING}`)),
  ],
};

let issuer: Issuer;

async function workloadToken(how: 'active' | 'suspended' | 'deleted' = 'active'): Promise<string> {
  const { id, subject } = await trustedAgent();
  if (how === 'suspended') right(await stub(id).suspend({ context }));
  if (how === 'deleted') right(await stub(id).remove({ context }));
  return issuer.token(subject);
}

beforeAll(async () => {
  await applyMigrations(config.directory);
  issuer = await stubIssuer();
  await newAgent({ id: 'subject' });
});

afterAll(() => {
  vi.unstubAllGlobals();
});

describe.each(Object.entries(TABLE))('%s', (_name, [make, expected]) => {
  it('is answered the same at each way in of a plane', async () => {
    const sent = await make();
    const answers = await Promise.all(
      Object.entries(ROUTES).map(async ([name, [column, path]]) => ({
        name,
        expected: expected[column],
        got: await outcomeOf(path, sent),
      })),
    );
    expect(answers.map(({ name, got }) => [name, got])).toEqual(
      answers.map((answer) => [answer.name, answer.expected]),
    );
  });
});

describe('five wrong secrets', () => {
  it.each(['agent', 'admin'] as const)('close the id of an %s key at each way in', async (kind) => {
    const wrong = mistyped(kind === 'agent' ? await agentKey('active') : (await adminKey()).key);
    const isolate = { ...(env as object) };
    const ask = async (path: string) => {
      const execution = createExecutionContext();
      const { headers } = bearer(wrong);
      const request = new Request(`https://broker.test${path}`, headers === undefined ? {} : { headers });
      const answer = await front(request, isolate, execution);
      const { detail } = (await answer.json()) as { detail: string };
      await waitOnExecutionContext(execution);
      return `${answer.status} ${detail}`;
    };
    const paths = Object.values(ROUTES).map(([, path]) => path);
    for (const path of paths) expect(await ask(path)).toBe('401 this is not a valid key');
    for (const path of paths)
      expect(await ask(path)).toBe('429 too many wrong secrets under this key id; other keys go on');
  });
});

describe('the audit names', () => {
  const actorOf = async (id: string, action: string) =>
    (await records(id)).find((record) => record.action === action)?.actor;

  it('an agent by its plane, method, id and key', async () => {
    const { id, key, keyId } = await newAgent({ policy: { rules: [] } });
    await send('/v1/agents/self/credentials/hubspot', bearer(key));
    expect(await actorOf(id, 'token.issue')).toEqual({
      type: 'agent',
      id,
      method: 'agent_key',
      key_id: keyId,
    });
  });

  it('an operator by plane and method, with the id of the key that has one', async () => {
    const { key, id: keyId } = await adminKey();
    const ids = [`by-key-${keyId.toLowerCase()}`, `by-admin-${keyId.toLowerCase()}`] as const;
    expect((await send('/v1/agents', bearer(key), { id: ids[0] })).answer.status).toBe(201);
    expect((await send('/v1/agents', bearer(ADMIN_KEY), { id: ids[1] })).answer.status).toBe(201);
    const method = 'admin_key';
    expect(await actorOf(ids[0], 'agent.create')).toEqual({
      type: 'operator',
      id: keyId,
      method,
      key_id: keyId,
    });
    expect(await actorOf(ids[1], 'agent.create')).toEqual({ type: 'operator', id: 'admin', method });
  });
});
