/**
 * A remote MCP server as a provider: the schema of its `provider_config`, and the descriptor that its discovery makes. A
 * server that wants a token is an OAuth provider like any other; one that wants none needs no credential. It refuses
 * to fetch: what was discovered comes in as data.
 *
 * Sources: the authorization part of the Model Context Protocol, RFC 8707 (`resource`), RFC 9728 (resource metadata),
 * RFC 9207 (`iss`), OpenID Connect Core 1.0 section 11 (`offline_access` needs `prompt=consent`).
 */

import { z } from 'zod';
import { customDescriptor, ProviderConfig, type AuthorizationServerMetadata } from './custom.ts';
import type { ConfigError, CustomDescriptor } from './custom.ts';
import type { TokenEndpointAuthMethod } from './descriptor.ts';
import { isTokenQuery } from './injection/query.ts';

/** `provider` of such a connection. */
export const MCP = 'mcp';

/** Of the protocol's own headers, in both directions; a `*` at the end stands for the rest of a name. */
const HEADERS = ['mcp-*', 'last-event-id'];

const McpConfig = z.strictObject({
  url: z.string().min(1).max(2048),
  revocation_reach: ProviderConfig.shape.revocation_reach,
});
/** `url` without its query, which is beside it as the template of each request's parameters; null: it has none. */
export type McpConfig = z.output<typeof McpConfig> & { readonly query: string | null };

/** @returns the config with its URL as URLs are written, or what is wrong with it */
export function parseMcpConfig(
  input: unknown,
): { ok: true; config: McpConfig } | { ok: false; errors: ConfigError[] } {
  const parsed = McpConfig.safeParse(input);
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, message }) => ({
      path: ['provider_config', ...path.map(String)].join('.'),
      message,
    }));
    return { ok: false, errors };
  }
  const { url } = parsed.data;
  const message = urlProblem(url);
  if (message !== null) return { ok: false, errors: [{ path: 'provider_config.url', message }] };
  return { ok: true, config: { ...parsed.data, url: canonicalUrl(url), query: queryOf(url) } };
}

/** A path may be anything; a query is put into each request anew, and braces would be variables. */
function urlProblem(url: string): string | null {
  if (!URL.canParse(url)) return 'must be a URL';
  const { username, password } = new URL(url);
  if (username !== '' || password !== '') return 'must have no user or password in it';
  if (url.includes('#')) return 'must have no fragment';
  if (/[{}]|%7[bd]/i.test(url)) return 'must not contain braces';
  const query = queryOf(url);
  return query === null || isTokenQuery(query) ? null : 'has a query that is not a few plain `name=value`';
}

/** As `token_query` has it: values are not encoded there. Null: there is none. */
function queryOf(url: string): string | null {
  const pairs = [...new URL(url).searchParams];
  return pairs.length === 0 ? null : pairs.map((pair) => pair.join('=')).join('&');
}

/** The whole address, as the server is asked by it. */
export function addressOf({ url, query }: Pick<McpConfig, 'url' | 'query'>): string {
  if (query === null) return url;
  const address = new URL(url);
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    address.searchParams.append(pair.slice(0, at), pair.slice(at + 1));
  }
  return address.href;
}

/** Scheme and host in lower case, and no slash behind an origin alone (RFC 8707, section 2). */
function canonicalUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return pathname === '/' ? origin : `${origin}${pathname}`;
}

/** Whether a server's metadata speaks of the server at `url`: of itself, or of the whole origin (RFC 9728, 3.3). */
export function isResourceOf(resource: unknown, url: string): resource is string {
  if (typeof resource !== 'string' || resource.length > 2048 || !URL.canParse(resource)) return false;
  if (/[?#{}]/.test(resource)) return false;
  const plain = (text: string): string => new URL(text).href.replace(/\/$/, '');
  return plain(resource) === plain(url) || plain(resource) === new URL(url).origin;
}

/** Where a server that wants a token gets them from. */
export interface McpAuthorization {
  /** As the server's metadata spells it; without metadata the URL itself. */
  readonly resource: string;
  /** Of the authorization server; its `issuer` was compared already. */
  readonly metadata: AuthorizationServerMetadata;
  /** That a client should ask for, by the server's word; none: it does not say. */
  readonly scopes: readonly string[];
}

/** @param authMethod how our client proves itself there; null: as the metadata says */
export function mcpDescriptor(
  config: McpConfig,
  { resource, metadata, scopes }: McpAuthorization,
  authMethod: TokenEndpointAuthMethod | null,
): CustomDescriptor {
  // A refresh token that needs a scope of its own comes after a consent alone.
  const isOffline = namesOf(metadata.scopes_supported).includes('offline_access');
  const made = customDescriptor(
    ProviderConfig.parse({
      ...ofServer(config),
      auth_type: 'oauth2',
      pkce: 'required',
      extra_authorization_params: { resource, ...(isOffline ? { prompt: 'consent' } : {}) },
      extra_token_params: { resource },
      extra_refresh_params: { resource },
      default_scopes_example: scopes,
      offline_scopes: isOffline ? ['offline_access'] : [],
      // Its token is for the MCP server, so that no userinfo endpoint is asked with it.
      subject_source: 'id_token.sub',
      subject_label_source: 'id_token.email | id_token.preferred_username',
      email_verified_source: 'id_token.email_verified',
      ...(authMethod === null ? {} : { token_endpoint_auth_method: authMethod }),
      ...(config.revocation_reach === undefined ? {} : { revocation_reach: config.revocation_reach }),
    }),
    { ...metadata, userinfo_endpoint: undefined },
  );
  return made.ok
    ? { ...made, descriptor: { ...made.descriptor, ...OF_MCP, ...inEachRequest(config) } }
    : made;
}

/** A server that asks for no authorization: calls of its accounts leave as they came. */
export function openMcpDescriptor(config: McpConfig): CustomDescriptor {
  const made = customDescriptor(ProviderConfig.parse({ ...ofServer(config), auth_type: 'custom' }));
  if (!made.ok) return made;
  const descriptor = { ...made.descriptor, ...OF_MCP, ...inEachRequest(config), no_credential: true };
  return { ...made, warnings: [], descriptor };
}

/** The parameters that the server's URL has; a template of parameters leaves no header unsaid. */
function inEachRequest({ query }: McpConfig): { token_query?: string; token_header?: string } {
  return query === null ? {} : { token_query: query, token_header: 'Authorization: Bearer {access_token}' };
}

const OF_MCP = { id: MCP, api_request_headers: HEADERS, api_response_headers: HEADERS };

function ofServer({ url }: McpConfig): { api_base_urls: string[]; display_name: string } {
  return { api_base_urls: [url], display_name: new URL(url).hostname.slice(0, 100) };
}

/** Of a list that came from the network: the names that are scopes, at most a hundred. */
export function namesOf(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list
    .filter((one): one is string => typeof one === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(one))
    .slice(0, 100);
}
