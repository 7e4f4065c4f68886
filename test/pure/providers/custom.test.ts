/** provider_config, a server's metadata, and the descriptor that both make. */

import { describe, expect, it } from 'vitest';
import { ProviderConfig, customDescriptor, parseProviderConfig } from '#providers/custom.ts';
import type { AuthorizationServerMetadata } from '#providers/custom.ts';
import { rotationOf } from '#providers/rotation.ts';
import { revocationReachOf } from '#providers/descriptor.ts';
import { custom } from './descriptors.ts';

const ISSUER = 'https://id.example';
const METADATA: AuthorizationServerMetadata = {
  issuer: ISSUER,
  authorization_endpoint: 'https://id.example/auth',
  token_endpoint: 'https://id.example/token',
  revocation_endpoint: 'https://id.example/revoke',
  userinfo_endpoint: 'https://id.example/me',
  jwks_uri: 'https://id.example/jwks',
  token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_post', 'client_secret_basic'],
  authorization_response_iss_parameter_supported: true,
  id_token_signing_alg_values_supported: ['RS256', 'none', 'HS256', 'EdDSA'],
  code_challenge_methods_supported: ['plain', 'S256'],
};

const make = (config: Record<string, unknown>, metadata?: AuthorizationServerMetadata) =>
  customDescriptor(ProviderConfig.parse(config), metadata);

function made(config: Record<string, unknown>, metadata?: AuthorizationServerMetadata) {
  const result = make(config, metadata);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result;
}

describe('provider_config', () => {
  it('is OAuth unless it says otherwise', () => {
    expect(ProviderConfig.parse({}).auth_type).toBe('oauth2');
  });

  it.each([
    [{ token_uri: 'https://id.example/token' }, 'provider_config'],
    [{ token_url: 'ftp://id.example' }, 'provider_config.token_url'],
    [{ token_url: '/token' }, 'provider_config.token_url'],
    [{ token_url: `https://id.example/${'x'.repeat(2048)}` }, 'provider_config.token_url'],
    [{ api_base_urls: ['https://a.example', 'javascript:alert(1)'] }, 'provider_config.api_base_urls.1'],
    [{ scope_separator: '' }, 'provider_config.scope_separator'],
    [{ pkce: 'plain' }, 'provider_config.pkce'],
    [{ auth_type: 'saml' }, 'provider_config.auth_type'],
    [{ access_token_ttl_s: 0 }, 'provider_config.access_token_ttl_s'],
    [{ access_token_ttl_s: 1e12 }, 'provider_config.access_token_ttl_s'],
    [{ refresh_reuse_grace_s: 1.5 }, 'provider_config.refresh_reuse_grace_s'],
    [{ token_header: 'Authorization: Bearer\r\nX: 1' }, 'provider_config.token_header'],
    [{ token_header: 'Host: {access_token}' }, 'provider_config.token_header'],
    [
      { terminal_refresh_errors: [{ status: null, error: null, recovery: 'reauthorize_user' }] },
      'provider_config.terminal_refresh_errors.0',
    ],
    [
      { terminal_refresh_errors: [{ status: 400, error: 'x', recovery: 'panic' }] },
      'provider_config.terminal_refresh_errors.0.recovery',
    ],
    [{ subject_source: 'cookie.sub' }, 'provider_config.subject_source'],
    [{ extra_token_params: { a: 'x'.repeat(1001) } }, 'provider_config.extra_token_params.a'],
    ['text', 'provider_config'],
    [null, 'provider_config'],
  ])('refuses %j at %s', (input, path) => {
    const parsed = parseProviderConfig(input);
    expect(parsed).toMatchObject({ ok: false, errors: [{ path }] });
  });

  it('answers at once whatever text a path is', () => {
    const startedMs = performance.now();
    expect(parseProviderConfig({ subject_source: `${'userinfo'.repeat(37)}!` })).toMatchObject({ ok: false });
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });

  it('takes loopback and plain http: which hosts are acceptable is decided elsewhere', () => {
    expect(parseProviderConfig({ token_url: 'http://127.0.0.1:9000/token' })).toMatchObject({ ok: true });
  });
});

describe('a custom descriptor', () => {
  it('takes from the metadata what the operator does not say', () => {
    const { descriptor, warnings } = made({ issuer: ISSUER }, METADATA);
    expect(descriptor).toMatchObject({
      id: 'custom',
      display_name: 'id.example',
      authorization_url: 'https://id.example/auth',
      token_url: 'https://id.example/token',
      revocation_url: 'https://id.example/revoke',
      userinfo_url: 'https://id.example/me',
      token_endpoint_auth_method: 'client_secret_basic',
      pkce: 'supported',
      server: {
        issuer: ISSUER,
        jwks_uri: 'https://id.example/jwks',
        iss_supported: true,
        id_token_algs: ['RS256', 'EdDSA'],
      },
    });
    expect(warnings).toEqual([]);
  });

  it('prefers every explicit endpoint', () => {
    const { descriptor } = made(
      {
        issuer: ISSUER,
        token_url: 'https://other.example/t',
        pkce: 'required',
        token_endpoint_auth_method: 'client_secret_post',
      },
      METADATA,
    );
    expect(descriptor).toMatchObject({
      token_url: 'https://other.example/t',
      authorization_url: 'https://id.example/auth',
      pkce: 'required',
      token_endpoint_auth_method: 'client_secret_post',
    });
  });

  it.each([
    [undefined, 'client_secret_basic'],
    [['client_secret_post'], 'client_secret_post'],
    [['none', 'client_secret_post'], 'client_secret_post'],
    [['private_key_jwt', 'none'], 'none'],
  ])('chooses from the methods %j: %s', (listed, expected) => {
    const { descriptor } = made(
      { issuer: ISSUER },
      { ...METADATA, token_endpoint_auth_methods_supported: listed },
    );
    expect(descriptor.token_endpoint_auth_method).toBe(expected);
  });

  it('is refused where no method is left that the broker can use', () => {
    const errors = [{ path: 'provider_config.token_endpoint_auth_method' }];
    expect(
      make(
        { issuer: ISSUER },
        { ...METADATA, token_endpoint_auth_methods_supported: ['private_key_jwt', 'tls_client_auth'] },
      ),
    ).toMatchObject({ ok: false, errors });
    expect(
      make({ token_url: 'https://id.example/token', token_endpoint_auth_method: 'private_key_jwt' }),
    ).toMatchObject({ ok: false, errors });
  });

  it('needs a token endpoint for OAuth, and for nothing else', () => {
    expect(make({})).toMatchObject({ ok: false, errors: [{ path: 'provider_config.token_url' }] });
    expect(make({ issuer: ISSUER }, { issuer: ISSUER, token_endpoint: 'not a url' })).toMatchObject({
      ok: false,
      errors: [{ path: 'provider_config.token_url' }],
    });
    for (const auth_type of ['api_key', 'basic', 'custom'])
      expect(make({ auth_type })).toMatchObject({ ok: true });
  });

  it('is refused when the metadata is that of another issuer', () => {
    expect(make({ issuer: ISSUER }, { ...METADATA, issuer: 'https://evil.example' })).toMatchObject({
      ok: false,
      errors: [{ path: 'provider_config.issuer' }],
    });
  });

  it('warns about metadata that cannot be used instead of using it', () => {
    const odd = {
      ...METADATA,
      revocation_endpoint: 'javascript:alert(1)',
      jwks_uri: 'x',
      code_challenge_methods_supported: ['plain'],
    };
    const { descriptor, warnings } = made({ issuer: ISSUER }, odd);
    expect(descriptor).toMatchObject({
      revocation_url: null,
      pkce: 'unsupported',
      server: { jwks_uri: null },
    });
    expect(warnings.map((warning) => warning.split(':', 1)[0])).toEqual(['pkce', 'revocation_url']);
  });

  it('takes metadata with values of any type', () => {
    const odd = Object.fromEntries(
      Object.keys(METADATA).map((key) => [key, key === 'issuer' ? ISSUER : { nested: [key] }]),
    );
    const result = make(
      { issuer: ISSUER, token_url: 'https://id.example/token' },
      odd as unknown as AuthorizationServerMetadata,
    );
    expect(result).toMatchObject({
      ok: true,
      descriptor: { pkce: 'unknown', server: { iss_supported: false, id_token_algs: [] } },
    });
  });

  it('counts a refresh token of which nothing is said as rotating without grace', () => {
    expect(rotationOf(custom())).toEqual({ rotating: true, graceMs: null });
  });

  it('takes a grace from the operator as verified, unless he says that it is not', () => {
    expect(rotationOf(custom({ refresh_token: 'rotating', refresh_reuse_grace_s: 600 }))).toEqual({
      rotating: true,
      graceMs: 600_000,
    });
    expect(
      rotationOf(
        custom({
          refresh_token: 'rotating',
          refresh_reuse_grace_s: 600,
          refresh_reuse_grace_verified: false,
        }),
      ),
    ).toEqual({ rotating: true, graceMs: null });
    expect(rotationOf(custom({ refresh_reuse_grace_s: 120 }))).toEqual({ rotating: true, graceMs: 120_000 });
  });

  it.each([
    ['oauth2', 'Authorization: Bearer {access_token}'],
    ['api_key', 'Authorization: Bearer {api_key}'],
    ['basic', 'Authorization: Basic base64({username}:{password})'],
    ['custom', null],
  ])('sends %s credentials with %s unless told otherwise', (auth_type, header) => {
    expect(made({ auth_type, token_url: 'https://id.example/token' }).descriptor.token_header).toBe(header);
  });

  it('says nothing about how far a revocation reaches', () => {
    expect(revocationReachOf(custom({ revocation_url: 'https://id.example/revoke' }))).toBe('unknown');
    expect(
      revocationReachOf(custom({ revocation_url: 'https://id.example/revoke', revocation_reach: 'token' })),
    ).toBe('token');
    expect(revocationReachOf(custom())).toBe('none');
  });

  it('survives being stored as JSON', () => {
    const descriptor = custom({ refresh_token: 'rotating', scope_aliases: { read: ['a', 'b'] } });
    expect(JSON.parse(JSON.stringify(descriptor))).toEqual(descriptor);
  });
});
