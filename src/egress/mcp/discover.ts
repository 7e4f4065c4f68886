/**
 * From the URL of an MCP server to what connecting to it takes: the server is asked, then its metadata, then that of
 * an authorization server that it names: the first of them that can be used. Nothing that a server wrote is in the text
 * of a refusal.
 *
 * Sources: the authorization part of the Model Context Protocol, RFC 9728 (sections 3 and 5), RFC 8414, RFC 7636.
 */

import { err, ok, type Result } from '#lib/result.ts';
import type { AuthorizationServerMetadata } from '#providers/custom.ts';
import { addressOf, isResourceOf, namesOf, type McpAuthorization, type McpConfig } from '#providers/mcp.ts';
import { targetProblem, type GuardOptions } from '../guard/guard.ts';
import { fetchServerMetadata, readJsonObject } from '../metadata.ts';
import { forbiddenTargets } from '../registration.ts';
import { askServer } from './ask-server.ts';
import type { Challenge } from './challenge.ts';

/** `authorization` null: the server asks for none. */
export interface DiscoveredServer {
  readonly authorization: McpAuthorization | null;
}

/** Why a server cannot be connected. `silent`: it did not answer, and may later. */
export interface DiscoveryProblem {
  readonly kind: 'refused' | 'silent';
  readonly detail: string;
}

type Found<T> = Result<T, DiscoveryProblem>;

const refused = (detail: string): Found<never> => err({ kind: 'refused', detail });

/**
 * @param server canonical, and passed by the guard
 * @param preferred the issuer that the connection's client is known to, which comes first where the server still names it
 */
export async function discoverServer(
  server: Pick<McpConfig, 'url' | 'query'>,
  options: GuardOptions,
  preferred: string | null = null,
): Promise<Found<DiscoveredServer>> {
  const answer = await askServer(addressOf(server), options);
  switch (answer.kind) {
    case 'silent':
      return err({ kind: 'silent', detail: 'the MCP server does not answer' });
    case 'no_server':
      return refused('is not the URL of an MCP server: what answers there does not speak JSON-RPC');
    case 'open':
      return ok({ authorization: null });
    case 'wants_token':
      return authorizationOf(server.url, answer.challenge, options, preferred);
  }
}

async function authorizationOf(
  url: string,
  challenge: Challenge,
  options: GuardOptions,
  preferred: string | null,
): Promise<Found<DiscoveredServer>> {
  const found = await resourceMetadata(url, challenge, options);
  if (!found.ok) return found;
  const { resource, issuers, scopes } = found.value;
  const asked = (challenge.scope ?? '').split(' ').filter((name) => name !== '');
  let first: Found<never> | null = null;
  for (const issuer of issuers.toSorted(
    (one, other) => Number(other === preferred) - Number(one === preferred),
  )) {
    const metadata = await authorizationServer(issuer, options);
    if (metadata.ok) {
      const wanted = asked.length > 0 ? namesOf(asked) : scopes;
      return ok({ authorization: { resource, metadata: metadata.value, scopes: wanted } });
    }
    first ??= metadata;
  }
  return first ?? refused('has metadata (RFC 9728) that names no authorization server');
}

/** The metadata of one that the server names, where accounts can be connected there. */
async function authorizationServer(
  issuer: string,
  options: GuardOptions,
): Promise<Result<AuthorizationServerMetadata, DiscoveryProblem>> {
  const problem = targetProblem(issuer, options);
  if (problem !== null) return refused(`names an authorization server that ${problem}`);
  if ((await forbiddenTargets([issuer], options)).length > 0)
    return refused('names an authorization server that may not be called');
  const read = await fetchServerMetadata(issuer, options);
  if (!read.ok) return refused(`names an authorization server that cannot be used: ${read.error.detail}`);
  const metadata = read.value;
  if (!namesOf(metadata.code_challenge_methods_supported).includes('S256'))
    return refused('has an authorization server whose metadata does not offer PKCE with S256');
  return ok(metadata);
}

/** A server that names more has the others for nothing. */
const MAX_ISSUERS = 5;

interface ResourceFacts {
  readonly resource: string;
  /** In the server's order, each once. */
  readonly issuers: readonly string[];
  readonly scopes: readonly string[];
}

/**
 * By the server's own word of the place, else at the well-known ones. A server of the protocol's first revision with
 * authorization has none of it: then its own origin is the authorization server.
 */
async function resourceMetadata(
  url: string,
  { metadataUrl }: Challenge,
  options: GuardOptions,
): Promise<Found<ResourceFacts>> {
  if (metadataUrl !== null) {
    const problem = URL.canParse(metadataUrl) ? targetProblem(metadataUrl, options) : 'must be a URL';
    if (problem !== null) return refused(`names a place of its metadata that ${problem}`);
    if (new URL(metadataUrl).origin !== new URL(url).origin)
      return refused('names a place of its metadata on another origin');
    const read = await readJsonObject(metadataUrl, options);
    return read.ok
      ? resourceFacts(read.value, url)
      : refused(`has metadata (RFC 9728) that ${read.error.detail}`);
  }
  for (const place of resourceMetadataUrls(url)) {
    const read = await readJsonObject(place, options);
    if (read.ok) return resourceFacts(read.value, url);
    if (read.error.isThere) return refused(`has metadata (RFC 9728) that ${read.error.detail}`);
  }
  return ok({ resource: url, issuers: [new URL(url).origin], scopes: [] });
}

/** The well-known places of a server's metadata, the path's own first (RFC 9728, 3.1). */
function resourceMetadataUrls(url: string): string[] {
  const { origin, pathname } = new URL(url);
  const root = `${origin}/.well-known/oauth-protected-resource`;
  const path = pathname.replace(/\/$/, '');
  return path === '' ? [root] : [`${root}${path}`, root];
}

function resourceFacts(document: Readonly<Record<string, unknown>>, url: string): Found<ResourceFacts> {
  const { resource, authorization_servers: servers, bearer_methods_supported: methods } = document;
  if (!isResourceOf(resource, url)) return refused('has metadata (RFC 9728) whose `resource` is another one');
  if (document['dpop_bound_access_tokens_required'] === true)
    return refused('takes only tokens that are bound to a key of the client (DPoP)');
  if (Array.isArray(methods) && !methods.includes('header'))
    return refused('does not take its token in the header');
  const named: readonly unknown[] = Array.isArray(servers) ? servers : [];
  const issuers = named.filter((one): one is string => typeof one === 'string').slice(0, MAX_ISSUERS);
  if (issuers.length === 0) return refused('has metadata (RFC 9728) that names no authorization server');
  return ok({ resource, issuers: [...new Set(issuers)], scopes: namesOf(document['scopes_supported']) });
}
