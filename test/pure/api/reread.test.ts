/** What a connection takes over from an MCP server that is asked again, and what it only says. */

import { describe, expect, it } from 'vitest';
import { changeOf } from '#api/connections/reread.ts';
import type { AuthorizationServerMetadata } from '#providers/custom.ts';
import { Descriptor } from '#providers/descriptor.ts';
import { mcpDescriptor, openMcpDescriptor, type McpAuthorization } from '#providers/mcp.ts';

const URL_OF = 'https://mcp.example.com/mcp';
const ISSUER = 'https://as.example.com';
const config = { url: URL_OF, query: null };
const OWN = 'scopes: a warning of another kind';

const says = (changes: Partial<AuthorizationServerMetadata> = {}): McpAuthorization => ({
  resource: URL_OF,
  scopes: ['notes'],
  metadata: {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    code_challenge_methods_supported: ['S256'],
    ...changes,
  },
});

function row(warnings: readonly string[] = [OWN], isOpen = false) {
  const made = isOpen ? openMcpDescriptor(config) : mcpDescriptor(config, says(), 'none');
  if (!made.ok) throw new Error(JSON.stringify(made.errors));
  // As it comes out of the directory: in the order of the schema.
  const descriptor = Descriptor.parse(JSON.parse(JSON.stringify(made.descriptor)));
  return { descriptor, warnings, providerConfig: { url: URL_OF } };
}

describe('a server that is asked again', () => {
  it('and says the same changes nothing', () => {
    expect(changeOf(row(), { authorization: says() })).toBeNull();
    expect(changeOf(row([OWN], true), { authorization: null })).toBeNull();
  });

  it('has its endpoints taken over under the same issuer, and the client proves itself as before', () => {
    const moved = says({
      token_endpoint: `${ISSUER}/v2/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    });
    expect(changeOf(row(), { authorization: moved })).toMatchObject({
      descriptor: {
        token_url: `${ISSUER}/v2/token`,
        token_endpoint_auth_method: 'none',
        server: { issuer: ISSUER },
      },
      warnings: [OWN],
    });
  });

  it.each([
    [
      'another issuer',
      false,
      says({ issuer: 'https://other.example', token_endpoint: 'https://other.example/t' }),
    ],
    ['no authorization any more', false, null],
    ['authorization for the first time', true, says()],
  ] as const)('and has %s gets a warning once, and no endpoint is another', (_, isOpen, authorization) => {
    const before = row([OWN], isOpen);
    const told = changeOf(before, { authorization });
    expect(told?.descriptor).toBe(before.descriptor);
    expect(told?.warnings).toEqual([OWN, expect.stringMatching(/^provider_config\.url: /)]);
    const again = { ...before, warnings: told?.warnings ?? [] };
    expect(changeOf(again, { authorization })).toBeNull();
    // As it was: the warning goes.
    expect(changeOf(again, { authorization: isOpen ? null : says() })).toEqual({
      descriptor: before.descriptor,
      warnings: [OWN],
    });
  });
});
