/** Variables in URLs: what fills them, and what no value may do to a URL that receives secrets. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Descriptor } from '#providers/descriptor.ts';
import type { DescriptorInput } from '#providers/descriptor.ts';
import { applyVariables } from '#providers/variables/variables.ts';

const variable = (name: string, pattern: string, more: Record<string, unknown> = {}) => ({
  [name]: { name, required: true, pattern, ...more },
});

const descriptor = (more: Partial<DescriptorInput>): Descriptor =>
  Descriptor.parse({
    id: 'x',
    display_name: 'X',
    auth_type: 'oauth2',
    token_url: 'https://id.example/token',
    ...more,
  });

const zone = descriptor({
  token_url: 'https://{subdomain}.desk.example/oauth/tokens',
  api_base_urls: ['https://{subdomain}.desk.example/api'],
  url_template_vars: variable('subdomain', '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
});
/** A pattern as loose as those of self-hosted products: the guard behind the pattern has to hold by itself. */
const loose = (template: string, pattern = '^.+$') =>
  descriptor({ token_url: template, url_template_vars: variable('v', pattern) });

describe('variables', () => {
  it('are filled in wherever they stand', () => {
    const applied = applyVariables(zone, { subdomain: 'acme' });
    expect(applied).toMatchObject({
      ok: true,
      pending: [],
      descriptor: {
        token_url: 'https://acme.desk.example/oauth/tokens',
        api_base_urls: ['https://acme.desk.example/api'],
        url_template_vars: {},
      },
    });
  });

  it('are an error by name when they are missing or of another form', () => {
    expect(applyVariables(zone, {})).toEqual({
      ok: false,
      errors: [{ path: 'variables.subdomain', message: 'is required' }],
    });
    for (const subdomain of ['Acme', 'a.b', 'evil.example/', '-a', 'a'.repeat(64), '', 'acme\n']) {
      expect(applyVariables(zone, { subdomain })).toMatchObject({
        ok: false,
        errors: [{ path: 'variables.subdomain' }],
      });
    }
  });

  it('are not found on the prototype of what was given', () => {
    const odd = descriptor({
      token_url: 'https://{constructor}.desk.example/t',
      url_template_vars: variable('constructor', '^.+$'),
    });
    expect(applyVariables(odd, {})).toMatchObject({ ok: false });
  });

  it('take their default, and the client id from the registration', () => {
    const github = descriptor({
      token_url: 'https://{host}/token',
      revocation_url: 'https://api.example/applications/{client_id}/token',
      url_template_vars: {
        ...variable('host', '^[a-z0-9.-]+$', { required: false, default: 'git.example' }),
        ...variable('client_id', '^[A-Za-z0-9._-]{8,64}$'),
      },
    });
    expect(applyVariables(github, {}, 'Iv1.abcdef12')).toMatchObject({
      descriptor: {
        token_url: 'https://git.example/token',
        revocation_url: 'https://api.example/applications/Iv1.abcdef12/token',
      },
    });
    expect(applyVariables(github, {}, 'a/../b/c/d')).toMatchObject({
      ok: false,
      errors: [{ path: 'client_id', message: expect.stringContaining('{8,64}') }],
    });
    expect(applyVariables(github, { client_id: 'of-another' }, 'Iv1.abcdef12')).toMatchObject({
      descriptor: { revocation_url: 'https://api.example/applications/Iv1.abcdef12/token' },
    });
    expect(applyVariables(github, {})).toMatchObject({ ok: true, pending: ['client_id'] });
  });

  it('that only an account knows wait for it, and come in the second time', () => {
    const force = descriptor({
      api_base_urls: ['{instance_url}'],
      url_template_vars: variable('instance_url', '^https://[a-z0-9.-]+\\.force\\.example$', {
        stage: 'account',
        from: 'token_response.instance_url',
      }),
    });
    const first = applyVariables(force, {});
    if (!first.ok) throw new Error('refused');
    expect(first).toMatchObject({
      pending: ['instance_url'],
      descriptor: { api_base_urls: ['{instance_url}'] },
    });
    const captured = { instance_url: 'https://na1.force.example', 'team.id': 'T1' };
    expect(applyVariables(first.descriptor, captured)).toMatchObject({
      pending: [],
      descriptor: { api_base_urls: ['https://na1.force.example'] },
    });
    expect(applyVariables(first.descriptor, { instance_url: 'https://evil.example' })).toMatchObject({
      ok: false,
    });
  });

  it('that are optional and absent take their URL with them, but not the token endpoint', () => {
    const region = variable('region', '^(eu|au)$', { required: false });
    const regional = descriptor({
      api_base_urls: ['https://api.example', 'https://{region}.api.example'],
      url_template_vars: region,
    });
    expect(applyVariables(regional, {})).toMatchObject({
      descriptor: { api_base_urls: ['https://api.example'] },
    });
    const needed = descriptor({ token_url: 'https://{region}.api.example/t', url_template_vars: region });
    expect(applyVariables(needed, {})).toMatchObject({
      ok: false,
      errors: [{ path: 'variables.region', message: 'is required by token_url' }],
    });
  });

  it('that are used in a URL must be declared', () => {
    expect(() => descriptor({ token_url: 'https://{who}.example/t' })).toThrow(/not declared/);
  });
});

describe('no value', () => {
  it.each([
    ['a/b'],
    ['a@b'],
    ['a:1'],
    ['a#b'],
    ['a?b'],
    ['a\\b'],
    ['a%2fb'],
    ['a b'],
    ['a\tb'],
    ['é'],
    ['．'],
    ['..'],
    ['.'],
    ['a{v}'],
    ['[::1]'],
    ['a\u00adb'],
  ])('puts %j into a host or a path, whatever its pattern allows', (v) => {
    for (const template of [
      'https://{v}/t',
      'https://{v}.example/t',
      'https://id.example/{v}/t',
      'https://id.example/t?x={v}',
    ]) {
      expect(applyVariables(loose(template), { v })).toMatchObject({
        ok: false,
        errors: [{ path: 'variables.v' }],
      });
    }
  });

  it.each([['0x7f.1'], ['2130706433'], ['127.1'], ['a..b'], ['.a'], ['a.']])(
    'makes the host %j, which parses as another one or has an empty label',
    (v) => {
      expect(applyVariables(loose('https://{v}/t'), { v })).toMatchObject({ ok: false });
    },
  );

  it.each([
    ['http://a.example'],
    ['https://u@a.example'],
    ['https://a.example:444'],
    ['https://a.example?x'],
    ['https://a.example#x'],
    ['https://a.example\\b'],
    ['https://a.example/%2e%2e'],
    ['https://a.example/../b'],
    ['javascript:alert(1)'],
    ['a.example'],
    ['https://0x7f.1'],
  ])('stands for an origin as %j', (v) => {
    expect(
      applyVariables(descriptor({ api_base_urls: ['{v}/rest'], url_template_vars: variable('v', '^.+$') }), {
        v,
      }),
    ).toMatchObject({ ok: false });
  });

  it('is accepted in part by an alternative that is not anchored', () => {
    expect(applyVariables(loose('https://{v}.example/t', '^a|b$'), { v: 'evil.b' })).toMatchObject({
      ok: false,
    });
  });

  it('moves the host of a template away from what it names', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('a', '.', '/', '@', ':', '\\', '%', '#', '?', '-', '０') }),
    );
    fc.assert(
      fc.property(text, (v) => {
        const applied = applyVariables(loose('https://{v}.desk.example/p/{v}', '^[^]*$'), { v });
        if (!applied.ok) return;
        const url = new URL(applied.descriptor.token_url ?? '');
        expect(url.hostname).toBe(`${v.toLowerCase()}.desk.example`);
        expect(url.pathname).toBe(`/p/${v}`);
        expect(url.username + url.password + url.port + url.search + url.hash).toBe('');
      }),
      { numRuns: 2000 },
    );
  });
});
