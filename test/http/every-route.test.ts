/**
 * Every route of the published contract, asked wrongly in every way that all of them share. The routes come from
 * /openapi.json, so one that is added is asked here before anybody thinks of it. Roles and organizations have tests of
 * their own.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation, Parameter } from '../support/contract-document.ts';
import { resolved } from '../support/contract-document.ts';
import { startScene, type Asked, type Expected, type Scene } from './every-route-scene.ts';

const MIB = 1024 * 1024;

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.stop());

interface Attempt {
  readonly what: string;
  readonly asked: Asked;
  readonly expected: Expected;
}

/** Makes the attempts of each route; everything that was wrong with any answer. At least one route must have some. */
async function wrongAnswers(attemptsOf: (operation: Operation) => readonly Attempt[]): Promise<string[]> {
  const found: string[] = [];
  let made = 0;
  for (const operation of scene.operations) {
    for (const { what, asked, expected } of attemptsOf(operation)) {
      made += 1;
      found.push(...(await scene.faults(operation, asked, expected, what)));
    }
  }
  expect(made).toBeGreaterThan(0);
  return found;
}

const isGuarded = (operation: Operation) => scene.planesOf(operation).length > 0;
const takesJson = ({ requestBody }: Operation) => requestBody?.content['application/json'] !== undefined;
const parametersIn = (operation: Operation, where: string): Parameter[] =>
  (operation.parameters ?? []).filter((one) => one.in === where);
/** A good body, where the route takes one: so that nothing but what is tried can be wrong. */
const goodBody = (operation: Operation): Pick<Asked, 'body'> => {
  const body = scene.exampleOf(operation);
  return body === null ? {} : { body };
};

/** The pages of the connect flow, and later the proxy, whose query is the provider's. */
const takesForeignQueries = ({ path }: Operation) =>
  /^\/(?:connect|approve|oauth\/callback)\/|\/proxy\//.test(path);

const INVALID = { status: [400], code: 'invalid_request' } as const;

describe('every route', () => {
  it('is refused without a key, and with one that nobody has, before anything else is looked at', async () => {
    const expected = { status: [401], code: 'unauthenticated' };
    const keys: [string, string | null][] = [
      ['without a key', null],
      ['with a key that nobody has', 'x'.repeat(40)],
      ['with what looks like a key of an agent', 'vk_agent_crm-agent_0'],
      ['with what looks like a key of an operator', 'vk_admin_0'],
    ];
    const found = await wrongAnswers((operation) =>
      isGuarded(operation)
        ? keys.flatMap(([what, key]) => [
            { what, asked: { key }, expected },
            {
              what: `${what} and with a wrong body`,
              asked: { key, ...goodBody(operation), query: 'limit=x' },
              expected,
            },
          ])
        : [],
    );
    expect(found).toEqual([]);
  });

  it('is refused to the other plane', async () => {
    const expected = { status: [403], code: 'forbidden' };
    const found = await wrongAnswers((operation) => {
      const planes = scene.planesOf(operation);
      if (planes.length !== 1) return [];
      const key = planes[0] === 'agent' ? scene.broker.adminKey : scene.agentKey;
      return [{ what: 'with the other plane’s key', asked: { key, ...goodBody(operation) }, expected }];
    });
    expect(found).toEqual([]);
  });

  it('that asks for no proof answers without one', async () => {
    const open = scene.operations.filter((operation) => !isGuarded(operation) && operation.method === 'GET');
    expect(open.length).toBeGreaterThan(3);
    const asked = await Promise.all(open.map((operation) => scene.send(operation, { key: null })));
    const undocumented = asked.filter(({ status }, index) => open[index]?.responses[status] === undefined);
    expect(undocumented).toEqual([]);
  });

  it('does not find what no id can be, and shows nothing of why', async () => {
    const malformed = [
      'A%20B',
      '%00',
      'a%2Fb',
      '%F0%9F%94%91',
      '%E0%A4%A',
      '..%2f..%2fv1',
      `${'x'.repeat(300)}`,
    ];
    const found = await wrongAnswers((operation) =>
      parametersIn(operation, 'path').flatMap(({ name }) =>
        malformed.map((value) => ({
          what: `with ${name} ${value.slice(0, 20)}`,
          asked: { path: { [name]: value }, ...goodBody(operation) },
          // A credential may name its connection, which is a field there; a path at a provider is the proxy's to judge, and
          // the API behind it answers nobody here.
          expected: { status: name === 'path' ? [400, 403, 404, 409, 503] : [400, 404, 410] },
        })),
      ),
    );
    expect(found).toEqual([]);
  });

  it('does not find what does not exist', async () => {
    const absent: Record<string, string> = {
      'connected-accounts': `ca_g${'b'.repeat(26)}`,
      'webhook-endpoints': `we_${'z'.repeat(22)}`,
      'webhook-deliveries': `wd_${'z'.repeat(22)}`,
      'connect-sessions': `cs_${'z'.repeat(22)}`,
      revocations: `rev_${'z'.repeat(22)}`,
      'admin-keys': 'zzzzzzzzzz',
    };
    const found = await wrongAnswers((operation) => {
      const [first] = parametersIn(operation, 'path');
      if (first === undefined || operation.responses['404'] === undefined) return [];
      const kind = operation.path.split('/')[2] ?? '';
      const asked = { path: { [first.name]: absent[kind] ?? 'absent' }, ...goodBody(operation) };
      return [{ what: `with ${first.name} of nothing`, asked, expected: { status: [404] } }];
    });
    expect(found).toEqual([]);
  });

  it('refuses a query that breaks its rule, at its name', async () => {
    const found = await wrongAnswers((operation) =>
      parametersIn(operation, 'query').flatMap(({ name, schema = {} }): Attempt[] => {
        const twice = `${name}=1&${name}=1`;
        const isNarrow = schema['type'] === 'integer' || schema['enum'] !== undefined;
        const attempt = (query: string): Attempt => ({
          what: `with ?${query}`,
          asked: { query, ...goodBody(operation) },
          expected: { ...INVALID, errorAt: name },
        });
        return [attempt(twice), ...(isNarrow ? [attempt(`${name}=nonsense`), attempt(`${name}=`)] : [])];
      }),
    );
    expect(found).toEqual([]);
  });

  it('refuses a query parameter that it does not have, at its name', async () => {
    const queries = ['identifer=user_7', 'Limit=5', 'surprise', '__proto__=x', 'constructor=x&limit='];
    const found = await wrongAnswers((operation) =>
      // What providers, mail programs and link shorteners add to the addresses that they send people to.
      takesForeignQueries(operation)
        ? []
        : queries.map((query) => ({
            what: `with ?${query}`,
            asked: { query, ...goodBody(operation) },
            expected: { ...INVALID, errorAt: query.split('=')[0] ?? '' },
          })),
    );
    expect(found).toEqual([]);
  });

  it('refuses a URL over 16 KiB', async () => {
    const expected = { status: [414], code: 'uri_too_long' };
    const asked = { query: `a=${'x'.repeat(16 * 1024)}` };
    expect(await wrongAnswers(() => [{ what: 'with a long URL', asked, expected }])).toEqual([]);
  });
});

describe('every path', () => {
  const covers = (template: string, path: string) =>
    new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path);

  it('refuses the methods that it does not have, and names those that it has', async () => {
    const byPath = Map.groupBy(scene.operations, ({ path }) => path);
    const found: string[] = [];
    for (const [path, operations] of byPath) {
      const [first] = operations;
      // `…/import` is a path of its own and also a `{connection}` of that name.
      const own = [
        ...new Set(scene.operations.filter((one) => covers(one.path, path)).map(({ method }) => method)),
      ];
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !own.includes(one))) {
        if (first === undefined) continue;
        const asked = { method };
        const expected = { status: [405], code: 'method_not_allowed' };
        found.push(...(await scene.faults(first, asked, expected, 'with a method that is not there')));
        const allow = (await scene.send(first, asked)).headers['allow'] ?? '';
        if (allow.split(', ').toSorted().join() !== own.toSorted().join())
          found.push(`${path} allows ${allow}`);
      }
    }
    expect(found).toEqual([]);
  });
});

describe('every route that takes JSON', () => {
  const tried = (attemptsOf: (operation: Operation) => readonly Attempt[]) =>
    wrongAnswers((operation) => (takesJson(operation) ? attemptsOf(operation) : []));

  it('refuses what is no JSON object', async () => {
    const deep = `${'['.repeat(40)}${']'.repeat(40)}`;
    const bodies = ['{', '[]', 'null', '5', '"text"', '{"a":1}{', `{"a":${deep}}`, '\u0000'];
    const found = await tried(() =>
      bodies.map((raw) => ({ what: `with ${raw.slice(0, 12)}`, asked: { raw }, expected: INVALID })),
    );
    expect(found).toEqual([]);
  });

  it('refuses a field that it does not know, at its name', async () => {
    const found = await tried((operation) => [
      {
        what: 'with an unknown field',
        asked: { body: { ...scene.exampleOf(operation), surprise: 1 } },
        expected: { ...INVALID, errorAt: 'surprise' },
      },
    ]);
    expect(found).toEqual([]);
  });

  it('refuses a body without what it must have, at its name', async () => {
    const found = await tried((operation) => {
      const schema = operation.requestBody?.content['application/json']?.schema ?? {};
      const required = (resolved(scene.document, schema)['required'] ?? []) as string[];
      const body = scene.exampleOf(operation) ?? {};
      return required.map((name) => ({
        what: `without ${name}`,
        asked: { body: Object.fromEntries(Object.entries(body).filter(([one]) => one !== name)) },
        expected: { ...INVALID, errorAt: name },
      }));
    });
    expect(found).toEqual([]);
  });

  it('refuses a field of another type, at its name', async () => {
    const found = await tried((operation) => {
      const schema = operation.requestBody?.content['application/json']?.schema ?? {};
      const { properties = {} } = resolved(scene.document, schema);
      const texts = Object.entries(properties).filter(
        ([, one]) => one.type === 'string' || one.type === 'boolean',
      );
      return texts.map(([name]) => ({
        what: `with ${name} as a number`,
        asked: { body: { ...scene.exampleOf(operation), [name]: 5 } },
        expected: { ...INVALID, errorAt: name },
      }));
    });
    expect(found).toEqual([]);
  });

  it('refuses a body over 1 MiB', async () => {
    const expected = { status: [413], code: 'too_large' };
    const asked = { raw: `{}${' '.repeat(MIB)}` };
    expect(await tried(() => [{ what: 'with a large body', asked, expected }])).toEqual([]);
  });

  it('refuses another content type', async () => {
    const expected = { status: [415], code: 'unsupported_media_type' };
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'];
    const found = await tried((operation) =>
      types.map((type) => ({
        what: `as ${type}`,
        asked: { raw: JSON.stringify(scene.exampleOf(operation)), headers: { 'content-type': type } },
        expected,
      })),
    );
    expect(found).toEqual([]);
  });

  it('takes its example as it stands, and what was refused before has changed nothing', async () => {
    const changes = scene.operations.filter((one) => takesJson(one) && ['PUT', 'PATCH'].includes(one.method));
    expect(changes.length).toBeGreaterThan(3);
    const refused: string[] = [];
    for (const operation of changes) {
      const { status, body } = await scene.send(operation, goodBody(operation));
      if (status >= 300) refused.push(`${operation.method} ${operation.path}: ${status} ${body?.code}`);
    }
    expect(refused).toEqual([]);
  });
});
