/** Requests that are wrong as a whole: too large, too deep, of another type, twice said. Refused before they cost. */

import { request as rawRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client, type Reply } from '../support/callers.ts';
import { BAD_IDENTIFIERS, expectInvalid, expectRefusal } from '../support/refusals.ts';
import { name, world, type World } from '../support/world.ts';

const MIB = 1024 * 1024;

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let operator: Client;
let account: Awaited<ReturnType<World['connected']>>;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  w = world(broker, provider);
  operator = client(broker.url, broker.adminKey);
  account = await w.connected();
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

/** A body as it is, byte for byte. */
const send = (method: string, path: string, raw: string, headers: Record<string, string> = {}) =>
  call(method, broker.url + path, { key: broker.adminKey, raw, headers });

/** A body whose length is not told: only reading shows how long it is. */
function sendChunked(method: string, path: string, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${broker.adminKey}`, 'content-type': 'application/json' };
    const outgoing = rawRequest(broker.url + path, { method, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    outgoing.on('error', reject);
    const chunk = Buffer.alloc(64 * 1024, ' ');
    for (let sent = 0; sent < bytes; sent += chunk.length) outgoing.write(chunk);
    outgoing.end('{}');
  });
}

/** A body whose chunks end in what is none, over a socket of its own: no client of ours sends such a thing. */
function sendBroken(method: string, path: string, rest: string): Promise<string> {
  const { hostname, port } = new URL(broker.url);
  const head = [
    `${method} ${path} HTTP/1.1`,
    `host: ${hostname}`,
    `authorization: Bearer ${broker.adminKey}`,
    'content-type: application/json',
    'transfer-encoding: chunked',
  ];
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(`${head.join('\r\n')}\r\n\r\n${rest}`));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (answer.includes('\r\n\r\n')) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

/** Every route that reads a body, with the path that it has here. */
const withBody = (): [string, string][] => [
  ['POST', '/v1/connections'],
  ['POST', '/v1/agents'],
  ['PATCH', `/v1/agents/${account.agent.id}`],
  ['PUT', `/v1/agents/${account.agent.id}/policy`],
  ['POST', '/v1/connected-accounts'],
  ['PUT', `/v1/connected-accounts/${account.accountId}/credential`],
  ['PUT', `/v1/credentials/${account.connection}`],
];

describe('a body', () => {
  it('over 1 MiB is refused as too_large on every route, whether its length is told or not', async () => {
    for (const [method, path] of withBody()) {
      const told = await send(method, path, `{}${' '.repeat(MIB - 1)}`);
      expectRefusal(told, { status: 413, code: 'too_large' }, `${method} ${path}`);
      expect(await sendChunked(method, path, MIB), `${method} ${path}`).toBe(413);
    }
  });

  it('far over the limit is refused in words too, and never by a connection that breaks under its sender', async () => {
    for (let n = 0; n < 15; n += 1) {
      for (const key of [broker.adminKey, null]) {
        const raw = `{}${' '.repeat(4 * MIB)}`;
        const told = await call('POST', `${broker.url}/v1/agents`, { key, raw });
        expect(told.body.code).toBe('too_large');
      }
      expect(await sendChunked('POST', '/v1/agents', 4 * MIB)).toBe(413);
    }
  });

  it('of exactly 1 MiB is read', async () => {
    const id = name('agent');
    const body = JSON.stringify({ id });
    expect((await send('POST', '/v1/agents', body + ' '.repeat(MIB - body.length))).status).toBe(201);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/jsonp',
    'text/json',
    '',
  ])('of the type %j is refused on every route', async (type) => {
    for (const [method, path] of withBody()) {
      const reply = await send(method, path, '{}', { 'content-type': type });
      expectRefusal(reply, { status: 415, code: 'unsupported_media_type' }, `${method} ${path}`);
    }
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/merge-patch+json',
  ])('of the type %j is read', async (type) => {
    const raw = JSON.stringify({ id: name('agent') });
    expect((await send('POST', '/v1/agents', raw, { 'content-type': type })).status).toBe(201);
  });

  it.each([
    '',
    ' ',
    '{',
    '{"id":"a"',
    "{'id':'a'}",
    '{"id":"a"}{}',
    'id=a',
    '<a/>',
    'NaN',
    '{"id":"a",}',
    '\u0000',
  ])('that is not JSON is refused: %j', async (raw) => {
    for (const [method, path] of withBody())
      expectInvalid(await send(method, path, raw), '', `${method} ${path}`);
  });

  it('that is not UTF-8 is refused', async () => {
    const answer = await fetch(`${broker.url}/v1/agents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${broker.adminKey}`, 'content-type': 'application/json' },
      body: Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from('"}')]),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'invalid_request' });
  });

  it.each([33, 34, 1_000, 100_000])('that nests %s deep is refused on every route', async (levels) => {
    const raw = `{"metadata":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    for (const [method, path] of withBody()) {
      const reply = await send(method, path, raw);
      expectInvalid(reply, '', `${method} ${path}`);
      expect(reply.body.errors).toEqual([{ path: '', message: 'nests deeper than 32' }]);
    }
  });

  it('with a field of the language itself is refused like one with any other unknown field', async () => {
    for (const field of ['__proto__', 'constructor', 'toString']) {
      const id = name('agent');
      const reply = await send('POST', '/v1/agents', `{"id":"${id}","${field}":{"admin":true}}`);
      expectInvalid(reply, field);
      expectRefusal(await operator.get(`/v1/agents/${id}`), { status: 404, code: 'not_found' });
    }
  });
});

describe('a URL', () => {
  it('over 16 KiB is refused before anybody is asked who they are', async () => {
    for (const key of [broker.adminKey, account.agent.key, null]) {
      const url = `${broker.url}/v1/connections?cursor=${'x'.repeat(16 * 1024)}`;
      expectRefusal(await call('GET', url, { key }), { status: 414, code: 'uri_too_long' });
      const path = `${broker.url}/v1/agents/${'x'.repeat(16 * 1024)}`;
      expectRefusal(await call('GET', path, { key }), { status: 414, code: 'uri_too_long' });
    }
  });

  it('with an id that cannot be one is 404, whatever is done with it', async () => {
    const ids = [
      'x',
      'ca_',
      `ca_g${'a'.repeat(25)}`,
      `ca_g${'1'.repeat(26)}`,
      `CA_G${'A'.repeat(26)}`,
      '%00',
      '%2e%2e',
      "'--",
    ];
    for (const id of ids) {
      for (const reply of [
        await operator.get(`/v1/connected-accounts/${id}`),
        await operator.delete(`/v1/connected-accounts/${id}`),
        await operator.post(`/v1/connected-accounts/${id}/refresh`),
        await operator.get(`/v1/connected-accounts/${id}/audit/verify`),
        await account.agent.client.get(`/v1/connected-accounts/${id}/token`),
      ])
        expectRefusal(reply, { status: 404, code: 'not_found' }, id);
    }
    for (const id of ['UPPER', 'a%20b', 'x'.repeat(65), '%00', "'--"]) {
      for (const reply of [
        await operator.get(`/v1/agents/${id}`),
        await operator.get(`/v1/connections/${id}`),
        await operator.delete(`/v1/agents/${id}`),
        await operator.post(`/v1/agents/${id}/keys`),
        await operator.get(`/v1/agents/${id}/policy`),
      ])
        expectRefusal(reply, { status: 404, code: 'not_found' }, id);
    }
    const { agent } = account;
    expectRefusal(await operator.delete(`/v1/agents/${agent.id}/keys/nope`), {
      status: 404,
      code: 'not_found',
    });
  });

  it('that no route has is 404, and one that another method has is 405 with what is allowed', async () => {
    for (const path of ['/v1', '/v2/agents', '/v1/agents/', '/v1//agents', '/v1/connected-accounts/x/y'])
      expectRefusal(await operator.get(path), { status: 404, code: 'not_found' }, path);
    const reply = await operator.delete('/v1/connections');
    expectRefusal(reply, { status: 405, code: 'method_not_allowed' });
    expect(reply.headers['allow']?.split(', ').toSorted()).toEqual(['GET', 'POST']);
  });
});

describe('X-Correlation-Id', () => {
  const ask = (value: string): Promise<Reply> =>
    operator.get('/v1/agents/nobody', { 'x-correlation-id': value });

  it.each(['a', 'req-1.2_3', 'A'.repeat(128), '6f1c0a52-2f6a-4c1e-9d7e-3a7d2a9f1b11'])(
    'is taken over when it is sane: %s',
    async (value) => {
      const reply = await ask(value);
      expect(reply.headers['x-correlation-id']).toBe(value);
      expect(reply.body.correlation_id).toBe(value);
      expect(
        (await operator.get('/v1/connections', { 'x-correlation-id': value })).headers['x-correlation-id'],
      ).toBe(value);
    },
  );

  it.each(['', 'a b', 'a/b', 'a,b', 'a'.repeat(129), '{}', '<b>', 'a"b', '%0a', 'ä'])(
    'is replaced by a new one when it is not: %j',
    async (value) => {
      const [one, two] = [await ask(value), await ask(value)];
      expectRefusal(one, { status: 404, code: 'not_found' });
      expect(one.headers['x-correlation-id']).not.toBe(two.headers['x-correlation-id']);
      expect(one.text).not.toContain(`"${value}"`);
    },
  );
});

describe('queries', () => {
  it('of a token are refused with the name of the parameter', async () => {
    const short = `/v1/agents/${account.agent.id}/credentials/${account.connection}`;
    const bad: [string, string[]][] = [
      ['min_ttl', ['', '-1', '3601', '99999', '1.5', 'x', '60s', '0x10', ' 60']],
      ['scope', ['', ' a', 'a ', 'a  b', 'a\tb', '"', 'x'.repeat(4097)]],
      ['rejected', ['', 'short', 'x'.repeat(65), 'has space', 'a.b.c.d.e.f', 'ä'.repeat(10)]],
    ];
    for (const [field, values] of bad) {
      for (const value of values) {
        const query = `?${field}=${encodeURIComponent(value)}`;
        expectInvalid(await account.fetchToken(query), field, query.slice(0, 60));
        expectInvalid(
          await account.agent.client.get(short + query),
          field,
          `short form ${query.slice(0, 60)}`,
        );
      }
      expectInvalid(await account.fetchToken(`?${field}=60&${field}=60`), field, `${field} twice`);
    }
    for (const identifier of BAD_IDENTIFIERS.filter((one) => one.isWellFormed())) {
      const reply = await account.agent.client.get(`${short}?identifier=${encodeURIComponent(identifier)}`);
      expectInvalid(reply, 'identifier', JSON.stringify(identifier));
    }
  });

  it('of a list are refused with the name of the parameter', async () => {
    for (const list of ['/v1/connections', '/v1/providers']) {
      for (const limit of ['', '0', '101', '-1', '1.5', 'x', '0x1'])
        expectInvalid(await operator.get(`${list}?limit=${limit}`), 'limit', limit);
      const { next_cursor: cursor } = (await operator.get('/v1/providers?limit=1')).body;
      const altered = `${cursor.slice(0, -1)}${cursor.endsWith('A') ? 'B' : 'A'}`;
      for (const bad of ['', 'x', altered, 'x'.repeat(3000), ...(list === '/v1/providers' ? [] : [cursor])])
        expectInvalid(await operator.get(`${list}?cursor=${bad}`), 'cursor', bad.slice(0, 40));
      expectInvalid(await operator.get(`${list}?limit=1&limit=2`), 'limit', 'twice');
    }
  });
});

describe('a body whose chunks are none', () => {
  it.each([
    ['a size that is no number', '5\r\n{"id"\r\nZZ\r\n'],
    ['a chunk that is longer than it says', '2\r\n{"id":"x"}\r\n0\r\n\r\n'],
    ['no size at all', '\r\n\r\n\r\n'],
  ])('with %s is the fault of who sent it, on every route that reads one', async (_, rest) => {
    for (const [method, path] of withBody()) {
      const answer = await sendBroken(method, path, rest);
      expect([method, path, answer.slice(9, 12)]).toEqual([method, path, '400']);
    }
    expect((await operator.get('/v1/connections')).status).toBe(200);
  });
});
