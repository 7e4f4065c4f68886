/**
 * What every route answers while a part of the broker is overloaded, reset or cut off: 503 with `Retry-After`, never the
 * 500 of a bug; and a bug stays one. The routes come from the published document.
 */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import { createFront } from '#api/tokens/token-front.ts';
import { createSignedAgentKey } from '#crypto/api-keys.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { noteKnown } from '#directory/indexes/known-objects.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { configOf } from '#env.ts';
import { operationsOf, type Document, type Operation } from '../../support/contract-document.ts';

const config = configOf(env);
const front = createFront(createApp());
const AGENT = 'crm-agent';
const ACCOUNT = `ca_g${'a'.repeat(26)}`;

let operations: readonly Operation[];
let agentKey: string;

const marked = (message: string, marks: object): Error => Object.assign(new Error(message), marks);

/** As the platform raises them: with its marks, and with the words alone. */
const PASSING: readonly [string, () => Error][] = [
  [
    'overloaded',
    () => marked('Durable Object is overloaded. Too many requests queued.', { overloaded: true }),
  ],
  [
    'overloaded, without a mark',
    () => new Error('Durable Object is overloaded. Requests queued for too long.'),
  ],
  ['reset', () => marked('Durable Object reset because its code was updated.', { durableObjectReset: true })],
  [
    'a storage timeout',
    () => new Error('Durable Object storage operation exceeded timeout which caused object to be reset.'),
  ],
  ['cut off', () => marked('Network connection lost.', { retryable: true })],
  ['cut off, without a mark', () => new Error('Network connection lost.')],
  ['an error inside the platform', () => new Error('internal error; reference = abcdefghijklmnop')],
  [
    'a call taken for hung',
    () =>
      new Error(
        "The Workers runtime canceled this request because it detected that your Worker's code had hung and would never generate a response.",
      ),
  ],
  [
    'an older version of the object',
    () => new TypeError('The RPC receiver does not implement the method "operate".'),
  ],
  ['a locked database', () => new Error('database is locked: SQLITE_BUSY')],
  ['a database that cannot be opened', () => new Error('unable to open database file: SQLITE_CANTOPEN')],
  [
    'an error behind an error',
    () => new Error('it failed', { cause: new Error('Network connection lost.') }),
  ],
  [
    'what another part said of the directory',
    () => marked('unavailable', { name: 'ProblemError', code: 'unavailable', remote: true }),
  ],
];
const BUGS: readonly [string, () => Error][] = [
  ['a mistyped name', () => new TypeError("Cannot read properties of undefined (reading 'x')")],
  ['a broken promise of ours', () => new Error('internal: a text column holds something else')],
];

/** A namespace whose objects fail at every call. */
const failing = (make: () => Error) => ({
  getByName: () => new Proxy({}, { get: () => () => Promise.reject(make()) }),
  prepare: () => undefined,
});
/** A database that fails at every question. */
function failingDatabase(make: () => Error) {
  const fail = () => Promise.reject(make());
  const statement = { bind: () => statement, first: fail, all: fail, run: fail, raw: fail };
  return { prepare: () => statement, batch: fail, exec: fail };
}

const planesOf = ({ security = [] }: Operation) => security.flatMap((one) => Object.keys(one));

async function ask(operation: Operation, bindings: object) {
  const body = operation.requestBody?.content['application/json']?.example;
  const path = operation.path
    .replace(/(connected-accounts\/)\{id\}/, `$1${ACCOUNT}`)
    .replace(/(agents\/)\{(?:id|agent_id)\}/, `$1${AGENT}`)
    .replace('{token}', `rp.${ACCOUNT}.l0.${'a'.repeat(43)}`)
    .replace('{connection}', 'hubspot')
    .replaceAll(/\{[^}]+\}/g, 'some');
  const key = planesOf(operation)[0] === 'agent' ? agentKey : config.adminKey;
  const execution = createExecutionContext();
  const answer = await front(
    new Request(`https://broker.test${path}`, {
      method: operation.method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
    { ...(env as object), BASE_URL: 'https://broker.test', ...bindings },
    execution,
  );
  const text = await answer.text();
  await waitOnExecutionContext(execution);
  return { status: answer.status, retryAfter: Number(answer.headers.get('retry-after')), text };
}

const nameOf = ({ method, path }: Operation): string => `${method} ${path}`;
/** Routes that cannot answer without the object of an account or an agent. */
const namesObject = ({ path }: Operation): boolean =>
  /^\/v1\/(?:connected-accounts|agents)\/\{/.test(path) || path.startsWith('/connect/');

beforeAll(async () => {
  await applyMigrations(config.directory);
  await config.directory
    .prepare(
      `INSERT INTO agent_index (id, organization, name, status, created_at_ms, updated_at_ms, indexed_at_ms)
       VALUES (?, '', NULL, 'active', 1, 1, 1)`,
    )
    .bind(AGENT)
    .run();
  noteKnown(config.directory, 'account', ACCOUNT);
  noteKnown(config.directory, 'agent', AGENT);
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) throw new Error('no ring');
  agentKey = (await createSignedAgentKey(ring.value, AGENT)).key;
  const answer = await front(
    new Request('https://broker.test/openapi.json'),
    { ...(env as object), BASE_URL: 'https://broker.test' },
    createExecutionContext(),
  );
  operations = operationsOf((await answer.json()) as Document);
});

async function answers(bindings: object) {
  const found = new Map<string, Awaited<ReturnType<typeof ask>>>();
  for (const operation of operations) found.set(nameOf(operation), await ask(operation, bindings));
  return found;
}

/** Answers that call a passing trouble a bug, or do not say when to come again. */
const wrongIn = (found: Awaited<ReturnType<typeof answers>>): string[] =>
  [...found]
    .filter(([, { status, retryAfter }]) => status === 500 || (status === 503 && !(retryAfter >= 1)))
    .map(([name, { status, text }]) => `${name}: ${status} ${text.slice(0, 120)}`);

describe('every route', () => {
  it.each(PASSING)('answers 503 where objects are %s', async (_, make) => {
    const found = await answers({ ACCOUNTS: failing(make), AGENTS: failing(make) });
    expect(wrongIn(found)).toEqual([]);
    const policy = found.get('GET /v1/agents/{id}/policy');
    const account = found.get('GET /v1/connected-accounts/{id}');
    const token = found.get('GET /v1/connected-accounts/{id}/token');
    expect([policy?.status, account?.status, token?.status]).toEqual([503, 503, 503]);
    const refused = operations.filter((one) => found.get(nameOf(one))?.status === 503);
    expect(refused.filter(namesObject).length).toBeGreaterThan(15);
  });

  it.each(PASSING)('answers 503 where the directory is %s', async (_, make) => {
    const found = await answers({ DB: failingDatabase(make) });
    expect(wrongIn(found)).toEqual([]);
    expect(found.get('GET /v1/connections')?.status).toBe(503);
  });

  it.each(BUGS)('answers 500 and nothing more where an object has %s', async (_, make) => {
    const found = await answers({ ACCOUNTS: failing(make), AGENTS: failing(make) });
    for (const name of ['GET /v1/agents/{id}/policy', 'GET /v1/connected-accounts/{id}']) {
      expect(found.get(name)?.status).toBe(500);
      expect(found.get(name)?.text).not.toContain(make().message);
    }
  });
});
