/**
 * Every list of the published contract, asked to go on where it has never been. The lists come from /openapi.json; who
 * forges here knows the code of the broker, and none of its keys.
 */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { call } from '../support/callers.ts';
import { resolved, type Operation, type Parameter } from '../support/contract-document.ts';
import { startScene, type Scene } from './every-route-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

let scene: Scene;
/** A cursor that each list has given out for a page of one, by path. */
const given = new Map<string, string>();

/** Of an agent that reaches more than one account: a list of its own is asked with it. */
let agentKey = '';

/** One with a receipt for each of two accounts. */
let revocation = '';

const get = (pathAndQuery: string) => {
  const id = pathAndQuery.startsWith('/v1/revocations/') ? revocation : 'lister';
  return call('GET', scene.broker.url + pathAndQuery.replace('{agent_id}', 'self').replace('{id}', id), {
    key: pathAndQuery.includes('{agent_id}') ? agentKey : scene.broker.adminKey,
  });
};
const queryParameters = ({ parameters = [] }: Operation): Parameter[] =>
  parameters.filter((one) => one.in === 'query');
const lists = (): Operation[] =>
  scene.operations.filter(
    (one) => one.method === 'GET' && queryParameters(one).some(({ name }) => name === 'cursor'),
  );

/** What a list must be told before it shows anything. */
const NEEDED: Readonly<Record<string, string>> = { '/v1/audit-events': 'agent=crm-agent' };
const pageOf = (path: string, needed = NEEDED[path] ?? ''): string =>
  `${path}?${needed === '' ? '' : `${needed}&`}limit=1`;

/** More than one of each thing that is listed. */
async function fill(): Promise<void> {
  const post = async (path: string, body: unknown): Promise<void> => {
    const made = await call('POST', scene.broker.url + path, { key: scene.broker.adminKey, body });
    expect(made.status, `${path}: ${made.text}`).toBe(201);
  };
  await post('/v1/webhook-endpoints', { url: 'http://127.0.0.1:9/second' });
  const agent = await call('POST', `${scene.broker.url}/v1/agents`, {
    key: scene.broker.adminKey,
    body: { id: 'lister', key: true, policy: { rules: [{ connection: 'listed-*', identifiers: ['*'] }] } },
  });
  agentKey = String(agent.body.key);
  for (const n of [1, 2]) {
    await post('/v1/agents', { id: `listed-${n}` });
    await post('/v1/connections', { id: `listed-${n}`, provider: 'openai' });
    await post('/v1/admin-keys', { role: 'auditor' });
    for (const identifier of ['user', 'revoked']) {
      const path = `/v1/credentials/listed-${n}?identifier=${identifier}`;
      const imported = await call('PUT', scene.broker.url + path, {
        key: scene.broker.adminKey,
        body: { api_key: 'a-key-that-is-no-secret' },
      });
      expect(imported.status, imported.text).toBe(201);
    }
  }
  // Requests that a person is asked about, one for each account.
  const asker = await call('POST', `${scene.broker.url}/v1/agents`, {
    key: scene.broker.adminKey,
    body: {
      id: 'asker',
      key: true,
      policy: { rules: [{ connection: 'listed-*', identifiers: ['*'], approval: { ttl_s: 600 } }] },
    },
  });
  for (const n of [1, 2]) {
    const path = `/v1/agents/self/credentials/listed-${n}?identifier=user`;
    const asked = await call('GET', scene.broker.url + path, { key: String(asker.body.key) });
    expect(asked.body.code, asked.text).toBe('approval_required');
  }
  const revoked = await call('POST', `${scene.broker.url}/v1/revocations`, {
    key: scene.broker.adminKey,
    body: { identifier: 'revoked' },
  });
  revocation = String(revoked.body.id);
}

beforeAll(async () => {
  scene = await startScene();
  await fill();
  for (const { path } of lists()) {
    // Indexes are written a moment after the change.
    const cursor = await vi.waitFor(
      async () => {
        const answer = await get(pageOf(path));
        // A page of receipts stands in the revocation.
        const body = answer.body.receipts ?? answer.body;
        if (typeof body.next_cursor !== 'string') throw new Error(`${path} has one page`);
        return body.next_cursor as string;
      },
      { timeout: PATIENCE_MS, interval: 100 },
    );
    given.set(path, cursor);
  }
});
afterAll(() => scene.stop());

async function notRefused(
  path: string,
  cursor: string,
  more = '',
  needed: string | undefined = NEEDED[path],
): Promise<string[]> {
  const { status, body, text } = await get(
    `${pageOf(path, needed)}&cursor=${encodeURIComponent(cursor)}${more}`,
  );
  const isRefused =
    status === 400 && (body.errors as { path: string }[]).some((error) => error.path === 'cursor');
  return isRefused ? [] : [`${path} ${cursor.slice(0, 60)}${more}: ${status} ${text.slice(0, 120)}`];
}

/** Length and parts as the broker writes them before it hashes. */
function digestWithoutKey(purpose: string, secret: string): string {
  const parts = ['valetkey', purpose, secret].map((part) => {
    const head = Buffer.alloc(5);
    head.writeUInt8(2, 0);
    head.writeUInt32BE(Buffer.byteLength(part), 1);
    return Buffer.concat([head, Buffer.from(part)]);
  });
  return createHash('sha256').update(Buffer.concat(parts)).digest('base64url');
}

it('goes on from its own cursor, on every list', async () => {
  expect(lists().length).toBeGreaterThanOrEqual(7);
  for (const { path } of lists()) {
    const next = await get(`${pageOf(path)}&cursor=${given.get(path)}`);
    expect(next.status, `${path}: ${next.text}`).toBe(200);
  }
});

it('refuses a cursor that was made without a key, whatever position it names', async () => {
  const positions = ['[1,"a"]', '{}', 'null', '"x"', '[]', '[null]', '[{}]', 'x', ''];
  const found: string[] = [];
  for (const { path } of lists()) {
    const list = path.split('/').at(-1) ?? '';
    for (const filters of [[], [['organization', null]]])
      for (const text of positions) {
        const digest = digestWithoutKey('list cursor v1', JSON.stringify([list, filters, text]));
        const position = Buffer.from(text).toString('base64url');
        for (const length of [22, 43])
          found.push(...(await notRefused(path, digest.slice(0, length) + position)));
      }
  }
  expect(found).toEqual([]);
});

it('refuses the cursor of any other list', async () => {
  const found: string[] = [];
  for (const { path } of lists())
    for (const [other, cursor] of given) if (other !== path) found.push(...(await notRefused(path, cursor)));
  expect(found).toEqual([]);
});

it('refuses a cursor of its own that was altered, cut or made longer', async () => {
  const found: string[] = [];
  for (const [path, cursor] of given) {
    const at = [0, 21, 22, 42, 43, cursor.length - 2];
    const altered = at.map(
      (place) => cursor.slice(0, place) + (cursor[place] === 'A' ? 'B' : 'A') + cursor.slice(place + 1),
    );
    for (const one of [...altered, cursor.slice(0, -4), cursor.slice(4), `${cursor}AAAA`, cursor + cursor])
      found.push(...(await notRefused(path, one)));
  }
  expect(found).toEqual([]);
});

it('refuses its own cursor under a filter that it was not made with', async () => {
  const found: string[] = [];
  let tried = 0;
  for (const operation of lists()) {
    for (const parameter of queryParameters(operation)) {
      if (['limit', 'cursor', 'after'].includes(parameter.name)) continue;
      const schema = resolved(scene.document, parameter.schema ?? {});
      const [first] = (schema['enum'] as string[] | undefined) ?? [];
      const value = String(first ?? parameter.example ?? 'some');
      tried += 1;
      const cursor = given.get(operation.path) ?? '';
      // Such a list is one of another thing under another name.
      if (NEEDED[operation.path] !== undefined) {
        found.push(...(await notRefused(operation.path, cursor, '', 'agent=listed-1')));
        continue;
      }
      found.push(...(await notRefused(operation.path, cursor, `&${parameter.name}=${value}`)));
    }
  }
  expect(tried).toBeGreaterThan(5);
  expect(found).toEqual([]);
});
