import { describe, expect, it } from 'vitest';
import { OpenAPIHono, createRoute } from '@hono/zod-openapi';
import { Policy, PolicyInput } from '#contract/agents/policy.ts';
import { expandPolicy } from '#policy/shorthand.ts';
import { cases } from './cases.ts';

/** Path and message of each issue. */
function errorsOf(body: unknown): { path: string; message: string }[] {
  const issues = PolicyInput.safeParse(body).error?.issues ?? [];
  return issues.map(({ path, message }) => ({ path: path.join('.'), message }));
}

function pathsOf(body: unknown): string[] {
  return errorsOf(body).map(({ path }) => path);
}

function ruleWith(fields: object): { rules: object[] } {
  return { rules: [{ connection: 'hubspot', ...fields }] };
}

describe('the body of a policy', () => {
  it.each(cases.bodies.map((given) => [given.name, given] as const))(
    'with %s is judged as the vectors say',
    (_, { body, errors, paths }) => {
      if (errors) expect(errorsOf(body).map(({ path, message }) => `${path}: ${message}`)).toEqual(errors);
      else expect(pathsOf(body)).toEqual(paths);
    },
  );

  it.each([
    [{ ttl_s: 60 }, []],
    [{ ttl_s: 86_400, reason: 'deletes customer data' }, []],
    [{}, ['rules.0.approval.ttl_s']],
    [{ ttl_s: 59 }, ['rules.0.approval.ttl_s']],
    [{ ttl_s: 86_401 }, ['rules.0.approval.ttl_s']],
    [{ ttl_s: 60.5 }, ['rules.0.approval.ttl_s']],
    [{ ttl_s: 60, reason: ' ' }, ['rules.0.approval.reason']],
    [{ ttl_s: 60, reason: 'two\nlines' }, ['rules.0.approval.reason']],
    [{ ttl_s: 60, reason: 'x'.repeat(201) }, ['rules.0.approval.reason']],
    [{ ttl_s: 60, by: 'anybody' }, ['rules.0.approval']],
    [true, ['rules.0.approval']],
    [null, ['rules.0.approval']],
  ])('with the approval %j is judged by its own fields', (approval, paths) => {
    expect(pathsOf(ruleWith({ approval }))).toEqual(paths);
  });

  it('takes no field from a prototype', () => {
    const body: unknown = JSON.parse('{"rules": [{"connection": "a", "__proto__": {"scopes": []}}]}');
    expect(pathsOf(body)).toEqual(['rules.0']);
    expect(pathsOf(JSON.parse('{"__proto__": {"rules": []}}'))).not.toEqual([]);
  });

  it('has at most 100 rules, identifiers, scopes of a rule and credentials', () => {
    const list = <T>(length: number, value: T): T[] => Array.from({ length }, () => value);
    expect(pathsOf({ rules: list(100, { connection: 'a' }) })).toEqual([]);
    expect(pathsOf({ rules: list(101, { connection: 'a' }) })).toEqual(['rules']);
    expect(pathsOf(ruleWith({ identifiers: list(100, 'a') }))).toEqual([]);
    expect(pathsOf(ruleWith({ identifiers: list(101, 'a') }))).toEqual(['rules.0.identifiers']);
    expect(pathsOf(ruleWith({ scopes: list(100, 'a') }))).toEqual([]);
    expect(pathsOf(ruleWith({ scopes: list(101, 'a') }))).toEqual(['rules.0.scopes']);
    expect(pathsOf({ allowed_credentials: list(100, 'a:b') })).toEqual([]);
    expect(pathsOf({ allowed_credentials: list(101, 'a:b') })).toEqual(['allowed_credentials']);
  });

  it('holds names up to their limit and not one character more', () => {
    expect(pathsOf({ rules: [{ connection: 'a'.repeat(64) }] })).toEqual([]);
    expect(pathsOf({ rules: [{ connection: 'a'.repeat(65) }] })).toEqual(['rules.0.connection']);
    expect(pathsOf(ruleWith({ scopes: ['a'.repeat(256)] }))).toEqual([]);
    expect(pathsOf(ruleWith({ scopes: ['a'.repeat(257)] }))).toEqual(['rules.0.scopes.0']);
    expect(pathsOf({ allowed_credentials: [`${'a'.repeat(64)}:${'b'.repeat(256)}`] })).toEqual([]);
    expect(pathsOf({ allowed_credentials: [`${'a'.repeat(65)}:b`] })).toEqual(['allowed_credentials.0']);
    expect(pathsOf({ allowed_credentials: [`a:${'b'.repeat(257)}`] })).toEqual(['allowed_credentials.0']);
  });

  it('counts identifiers in code points', () => {
    expect(pathsOf(ruleWith({ identifiers: ['🔑'.repeat(256)] }))).toEqual([]);
    expect(pathsOf(ruleWith({ identifiers: ['🔑'.repeat(257)] }))).toEqual(['rules.0.identifiers.0']);
    expect(pathsOf(ruleWith({ identifiers: ['a'.repeat(257)] }))).toEqual(['rules.0.identifiers.0']);
  });

  it('has at most 4,096 characters of scopes in a rule, with the spaces between them', () => {
    const sixteen = Array.from({ length: 16 }, () => 'a'.repeat(255));
    expect(sixteen.join(' ')).toHaveLength(4095);
    expect(pathsOf(ruleWith({ scopes: sixteen }))).toEqual([]);
    expect(pathsOf(ruleWith({ scopes: ['a'.repeat(256), ...sixteen.slice(1)] }))).toEqual([]);
    expect(pathsOf(ruleWith({ scopes: ['a'.repeat(256), 'a'.repeat(256), ...sixteen.slice(2)] }))).toEqual([
      'rules.0.scopes',
    ]);
  });

  it('has at most as many scopes in the items of one connection', () => {
    const scopes = Array.from({ length: 17 }, (_, index) => String(index % 10).repeat(255));
    const short = (count: number) => ({
      allowed_credentials: scopes.slice(0, count).map((scope) => `a:${scope}`),
    });
    expect(pathsOf(short(16))).toEqual([]);
    expect(pathsOf(short(17))).toEqual(['allowed_credentials']);
    const spread = scopes.map((scope, index) => `a${index}:${scope}`);
    expect(pathsOf({ allowed_credentials: spread })).toEqual([]);
  });

  it('has at most 64 KiB as JSON, counted in bytes', () => {
    const filler = [
      ...Array.from({ length: 63 }, () => '🔑'.repeat(256)),
      ...Array.from({ length: 3 }, () => 'a'.repeat(200)),
    ];
    const padded = (padding: number) => ruleWith({ identifiers: [...filler, 'a'.repeat(padding)] });
    const missing = 65_536 - Buffer.byteLength(JSON.stringify(padded(0)));
    expect(Buffer.byteLength(JSON.stringify(padded(missing)))).toBe(65_536);
    expect(errorsOf(padded(missing))).toEqual([]);
    expect(errorsOf(padded(missing + 1))).toEqual([
      { path: '', message: 'must have at most 65536 bytes as JSON' },
    ]);
  });

  it('is not looked into where it is too large', () => {
    expect(pathsOf({ rules: Array.from({ length: 200_000 }, () => ({})) })).toEqual(['']);
  });

  it('answers in full form whatever it was given', () => {
    const parsed = PolicyInput.parse({ allowed_credentials: ['slack:read', 'slack:write', 'hubspot'] });
    expect(Policy.parse(expandPolicy(parsed))).toEqual({
      rules: [{ connection: 'slack', scopes: ['read', 'write'] }, { connection: 'hubspot' }],
    });
  });

  it('stands in the OpenAPI document with both forms and closed to other fields', () => {
    const app = new OpenAPIHono();
    const content = { 'application/json': { schema: PolicyInput } };
    const answer = { description: 'The policy.', content: { 'application/json': { schema: Policy } } };
    const route = createRoute({
      method: 'put',
      path: '/',
      request: { body: { content } },
      responses: { 200: answer },
    });
    app.openapi(route, (context) => context.json({ rules: [] }, 200));
    const { schemas } =
      app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } }).components ?? {};
    expect(schemas).toMatchObject({
      PolicyInput: {
        properties: {
          allowed_credentials: { maxItems: 100 },
          rules: { items: { $ref: '#/components/schemas/Rule' } },
        },
        additionalProperties: false,
      },
      Policy: { required: ['rules'], additionalProperties: false },
      Rule: { required: ['connection'], additionalProperties: false },
    });
  });
});
