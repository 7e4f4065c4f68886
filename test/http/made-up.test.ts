/**
 * Names and credentials that nobody has made, on every route that names an object: the platform keeps a database for each
 * object that is called, for ever. Counted are the files in the broker's folder. The routes come from /openapi.json.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/callers.ts';
import type { Operation } from '../support/contract-document.ts';
import {
  madeUpAccountId,
  madeUpAdminKey,
  madeUpAgentId,
  madeUpAgentKey,
  madeUpFlow,
  madeUpLink,
  madeUpRepairLink,
  objectFiles,
} from '../support/made-up.ts';
import { startScene, type Asked, type Scene } from './every-route-scene.ts';

const REQUESTS = 150;
const AT_ONCE = 10;
/** As many names as one who has proved itself may try in a minute, see `src/directory/indexes/known-objects.ts`. */
const OPERATORS_TRIES = 100;
const AGENTS_TRIES = 20 + OPERATORS_TRIES;

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ BROWSER_RATE_LIMIT_PER_MINUTE: '100000' });
});
afterAll(() => scene.stop());

const files = () => objectFiles(scene.broker.folder);
const isGuarded = (operation: Operation) => scene.planesOf(operation).length > 0;

/** Sends `REQUESTS` requests, over the operations in turn. @returns how many objects have come into being */
async function objectsAfter(
  operations: readonly Operation[],
  ask: (operation: Operation, n: number) => Asked,
  isExpected: (status: number) => boolean,
): Promise<number> {
  expect(operations.length).toBeGreaterThan(0);
  const before = await files();
  expect(before).toBeGreaterThan(0);
  const unexpected: string[] = [];
  const send = async (n: number): Promise<void> => {
    const operation = operations[n % operations.length];
    if (operation === undefined) return;
    const { status, text } = await scene.send(operation, ask(operation, n));
    if (!isExpected(status))
      unexpected.push(`${operation.method} ${operation.path}: ${status} ${text.slice(0, 100)}`);
  };
  const all = Math.max(REQUESTS, operations.length);
  for (let n = 0; n < all; n += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, all - n) }, (_, more) => send(n + more)));
  expect(unexpected).toEqual([]);
  return (await files()) - before;
}

const goodBody = (operation: Operation): Pick<Asked, 'body'> => {
  const body = scene.exampleOf(operation);
  return body === null ? {} : { body };
};

describe('who has proved nothing makes no object', () => {
  it('with keys of agents that there are not', async () => {
    const made = await objectsAfter(
      scene.operations.filter(isGuarded),
      (operation) => ({ key: madeUpAgentKey(), ...goodBody(operation) }),
      (status) => status === 401,
    );
    expect(made).toBe(0);
  });

  it('with keys of operators that there are not', async () => {
    const made = await objectsAfter(
      scene.operations.filter(isGuarded),
      (operation) => ({ key: madeUpAdminKey(), ...goodBody(operation) }),
      (status) => status === 401,
    );
    expect(made).toBe(0);
  });

  it('with keys of an agent that there is, more than fit into its minute', async () => {
    const made = await objectsAfter(
      scene.operations.filter(isGuarded),
      () => ({ key: madeUpAgentKey('crm-agent') }),
      (status) => status === 401 || status === 429,
    );
    expect(made).toBe(0);
  });

  it('without any key, at the names of things', async () => {
    const named = scene.operations.filter((one) => isGuarded(one) && one.path.includes('{'));
    const made = await objectsAfter(
      named,
      () => ({ key: null, path: { id: madeUpAccountId(), agent_id: madeUpAgentId() } }),
      (status) => status === 401,
    );
    expect(made).toBe(0);
  });

  it.each([
    ['repair links', madeUpRepairLink],
    ['old repair links', () => madeUpRepairLink(1)],
    ['connect links', madeUpLink],
  ])('with %s, opened and posted', async (_, token) => {
    const routes = scene.operations.filter(({ path }) => path === '/connect/{token}');
    expect(routes.map(({ method }) => method).toSorted()).toEqual(['GET', 'POST']);
    const made = await objectsAfter(
      routes,
      () => ({ path: { token: token() }, headers: { 'sec-fetch-site': 'same-origin' } }),
      (status) => status === 404 || status === 410,
    );
    expect(made).toBe(0);
  });

  it('with answers of a provider to flows that nobody began', async () => {
    const routes = scene.operations.filter(({ path }) => path === '/oauth/callback/{connection}');
    const made = await objectsAfter(
      routes,
      () => {
        const { state, cookie } = madeUpFlow();
        const headers = { cookie: `vk_connect_x=${cookie}; __Host-vk_connect_x=${cookie}` };
        return { query: `state=${encodeURIComponent(state)}&code=abc`, headers };
      },
      (status) => status === 400 || status === 403,
    );
    expect(made).toBe(0);
  });
});

describe('who has proved itself makes a bounded few', () => {
  const named = (plane: 'operator' | 'agent', prefix: string) =>
    scene.operations.filter(
      (one) => scene.planesOf(one).includes(plane) && one.path.startsWith(prefix) && one.responses['404'],
    );

  it.each([
    ['accounts', '/v1/connected-accounts/{id}', madeUpAccountId],
    ['agents', '/v1/agents/{id}', madeUpAgentId],
  ])('as an operator, with names of %s that there are not', async (_, prefix, name) => {
    const made = await objectsAfter(
      named('operator', prefix).filter(({ path }) => !path.endsWith('/token')),
      (operation) => ({ key: scene.broker.adminKey, path: { id: name() }, ...goodBody(operation) }),
      (status) => status === 404,
    );
    expect(made).toBeLessThanOrEqual(OPERATORS_TRIES);
  });

  it('as an operator who asks what an agent that there is not may do', async () => {
    const made = await objectsAfter(
      scene.operations.filter(({ path }) => path.endsWith('/explain')),
      () => ({ query: `agent=${madeUpAgentId()}` }),
      (status) => status === 400,
    );
    expect(made).toBeLessThanOrEqual(OPERATORS_TRIES);
  });

  it('as an agent, with accounts that there are not', async () => {
    const made = await objectsAfter(
      named('agent', '/v1/connected-accounts/{id}'),
      () => ({ key: scene.agentKey, path: { id: madeUpAccountId() } }),
      (status) => status === 404,
    );
    expect(made).toBeLessThanOrEqual(AGENTS_TRIES);
  });

  it('and real ones are answered all the same', async () => {
    const { body } = await call('GET', `${scene.broker.url}/v1/connected-accounts`, {
      key: scene.broker.adminKey,
    });
    const { status } = await call('GET', `${scene.broker.url}/v1/connected-accounts/${body.data[0].id}`, {
      key: scene.broker.adminKey,
    });
    expect(status).toBe(200);
  });
});
