/** What the URL of a remote MCP server may be, whose metadata counts for it, and what its challenge says. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readChallenge } from '#egress/mcp/challenge.ts';
import { injectionOf } from '#providers/injection/injection.ts';
import { isListedHeader } from '#providers/requests/headers.ts';
import { addressOf, isResourceOf, mcpDescriptor, openMcpDescriptor, parseMcpConfig } from '#providers/mcp.ts';

const URL_OF = 'https://mcp.example.com/v1/mcp';

describe('the URL of a server', () => {
  it.each([
    ['https://MCP.Example.com/v1/mcp', URL_OF],
    ['https://mcp.example.com:443/', 'https://mcp.example.com'],
    ['https://mcp.example.com/v1/mcp/', 'https://mcp.example.com/v1/mcp/'],
  ])('%s is written as %s', (url, canonical) => {
    expect(parseMcpConfig({ url })).toEqual({ ok: true, config: { url: canonical, query: null } });
  });

  it('keeps its query beside it, and is whole again where the server is asked', () => {
    const parsed = parseMcpConfig({ url: `${URL_OF}?project=p-1&read_only=true` });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
    expect(parsed.config).toEqual({ url: URL_OF, query: 'project=p-1&read_only=true' });
    expect(addressOf(parsed.config)).toBe(`${URL_OF}?project=p-1&read_only=true`);
  });

  it.each([
    {},
    { url: 7 },
    { url: 'mcp' },
    { url: `${URL_OF}?a=b%26c` },
    { url: `${URL_OF}?a={key}` },
    { url: `${URL_OF}?a=%7Bkey%7D` },
    { url: `${URL_OF}?a` },
    { url: `${URL_OF}#a` },
    { url: `${URL_OF}/{tenant}` },
    { url: URL_OF, issuer: 'x' },
  ])('%j is refused with its path', (config) => {
    const parsed = parseMcpConfig(config);
    expect(parsed.ok ? [] : parsed.errors.map(({ path }) => path)).toEqual([
      expect.stringMatching(/^provider_config/),
    ]);
  });
});

describe('metadata speaks of a server', () => {
  it.each([URL_OF, `${URL_OF}/`, 'https://mcp.example.com', 'https://MCP.example.com/'])(
    'as %s',
    (resource) => {
      expect(isResourceOf(resource, URL_OF)).toBe(true);
    },
  );
  it.each([
    undefined,
    7,
    '',
    'https://mcp.example.com/v1',
    'https://mcp.example.com/v1/mcp2',
    'https://mcp.example.com/v1/mcp?x=1',
    'https://other.example.com/v1/mcp',
    'http://mcp.example.com/v1/mcp',
    'https://mcp.example.com:8443/v1/mcp',
  ])('and not as %j', (resource) => {
    expect(isResourceOf(resource, URL_OF)).toBe(false);
  });
});

describe('a challenge', () => {
  it.each<[string | undefined, string | null, string | null]>([
    [undefined, null, null],
    ['Bearer', null, null],
    ['Bearer resource_metadata=https://a.example/x', 'https://a.example/x', null],
    [
      'Bearer realm="a, scope=no", scope="one two", Resource_Metadata="https://a.example/x"',
      'https://a.example/x',
      'one two',
    ],
    ['Basic realm="x", Bearer resource_metadata="https://a.example/\\"x"', 'https://a.example/"x', null],
    [
      'Bearer resource_metadata="https://a.example/1", resource_metadata="https://b.example/2"',
      'https://a.example/1',
      null,
    ],
  ])('%s is read', (header, metadataUrl, scope) => {
    expect(readChallenge(header)).toEqual({ metadataUrl, scope });
  });

  it('of any text is read in no time and throws nothing', () => {
    fc.assert(fc.property(fc.string({ maxLength: 2000 }), (text) => void readChallenge(text)));
    readChallenge(`Bearer a="${'\\'.repeat(50_000)}`);
    readChallenge(`${'a='.repeat(50_000)}`);
  });
});

describe('the descriptor', () => {
  const metadata = {
    issuer: 'https://as.example.com',
    authorization_endpoint: 'https://as.example.com/authorize',
    token_endpoint: 'https://as.example.com/token',
    userinfo_endpoint: 'https://as.example.com/me',
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  };

  it('sends the resource in every request, asks no userinfo endpoint and requires PKCE', () => {
    const made = mcpDescriptor(
      { url: URL_OF, query: null },
      { resource: URL_OF, metadata, scopes: ['notes'] },
      'none',
    );
    expect(made).toMatchObject({
      ok: true,
      descriptor: {
        id: 'mcp',
        pkce: 'required',
        userinfo_url: null,
        api_base_urls: [URL_OF],
        extra_authorization_params: { resource: URL_OF },
        extra_token_params: { resource: URL_OF },
        extra_refresh_params: { resource: URL_OF },
        token_endpoint_auth_method: 'none',
        default_scopes_example: ['notes'],
        server: { issuer: 'https://as.example.com', iss_supported: true },
      },
    });
  });

  it('of a server without authorization needs no credential', () => {
    expect(openMcpDescriptor({ url: URL_OF, query: null })).toMatchObject({
      ok: true,
      descriptor: { auth_type: 'custom', no_credential: true, token_url: null },
    });
  });

  it('of a server whose URL has a query puts it into each request, beside the token', () => {
    const config = { url: URL_OF, query: 'project=p-1' };
    const made = mcpDescriptor(config, { resource: URL_OF, metadata, scopes: [] }, 'none');
    if (!made.ok) throw new Error(JSON.stringify(made.errors));
    expect(injectionOf(made.descriptor, { access_token: 'a-token' }, {})).toMatchObject({
      headers: { Authorization: 'Bearer a-token' },
      query: { project: 'p-1' },
    });
    const open = openMcpDescriptor(config);
    if (!open.ok) throw new Error(JSON.stringify(open.errors));
    expect(injectionOf(open.descriptor, {}, {})).toMatchObject({ headers: {}, query: { project: 'p-1' } });
  });
});

it('a list of headers names whole names, and beginnings with a star behind them', () => {
  const listed = ['mcp-*', 'last-event-id'];
  const names = ['mcp-session-id', 'mcp-', 'mcp', 'x-mcp-a', 'last-event-id', 'last-event-id2'];
  expect(names.filter((one) => isListedHeader(one, listed))).toEqual([
    'mcp-session-id',
    'mcp-',
    'last-event-id',
  ]);
});
