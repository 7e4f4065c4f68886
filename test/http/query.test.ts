/** A query parameter that is misspelled is refused before anything is done in the place of what was meant. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';

let broker: TestBroker;
let operator: Client;

beforeAll(async () => {
  broker = await startBroker({ alone: true });
  operator = client(broker.url, broker.adminKey);
});
afterAll(() => broker.dispose());

it('a misspelled identifier overwrites no other account', async () => {
  const key = { type: 'api_key', api_key: 'the-first' };
  expect((await operator.put('/v1/credentials/my-api', key)).status).toBe(201);
  const other = { type: 'api_key', api_key: 'of-user-7' };
  const refused = await operator.put('/v1/credentials/my-api?identifer=user_7', other);
  expect([refused.status, refused.body.errors]).toEqual([
    400,
    [{ path: 'identifer', message: 'unknown query parameter' }],
  ]);
  const { body: made } = await operator.post('/v1/agents', {
    id: 'reader',
    key: true,
    policy: { rules: [{ connection: 'my-api' }] },
  });
  const agent = client(broker.url, made.key);
  const { body: token } = await agent.get('/v1/agents/reader/credentials/my-api');
  expect([token.identifier, token.api_key]).toEqual(['default', 'the-first']);
});

it('a misspelled parameter gets no agent another token than it meant', async () => {
  const { body: made } = await operator.post('/v1/agents', {
    id: 'speller',
    key: true,
    policy: { rules: [{ connection: 'my-api' }] },
  });
  const agent = client(broker.url, made.key);
  // The second spelling is for the app's own matching, the first for the way past it.
  for (const path of ['my-api', 'my%2Dapi']) {
    const refused = await agent.get(`/v1/agents/speller/credentials/${path}?identifer=user_7`);
    expect([refused.status, refused.body.errors]).toEqual([
      400,
      [{ path: 'identifer', message: 'unknown query parameter' }],
    ]);
  }
});

it('a query is judged after the key: a stranger learns no parameter of a route', async () => {
  const { status, body } = await client(broker.url, 'x'.repeat(40)).get('/v1/connections?surprise=1');
  expect([status, body.code]).toEqual([401, 'unauthenticated']);
});

it('the pages of the connect flow open with what mail programs add to their links', async () => {
  const { status, headers } = await client(broker.url, null).get('/connect/lk_nothing?utm_source=mail', {
    accept: 'text/html',
  });
  expect([status, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
});
