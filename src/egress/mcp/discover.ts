/**
 * From the URL of an MCP server to what connecting to it takes: the server is asked, then its metadata, then that of
 * the authorization server that it names. All of it is read once, when a connection is made or changed; nothing that a
 * server wrote is in the text of a refusal.
 *
 * Sources: the authorization part of the Model Context Protocol, RFC 9728 (sections 3 and 5), RFC 8414, RFC 7636.
 */

import { err, ok, type Result } from '#lib/result.ts';
import { isResourceOf, namesOf, type McpAuthorization } from '#providers/mcp.ts';
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

/** @param url canonical, and passed by the guard */
export async function discoverServer(url: string, options: GuardOptions): Promise<Found<DiscoveredServer>> {
  const answer = await askServer(url, options);
  switch (answer.kind) {
    case 'silent':
      return err({ kind: 'silent', detail: 'the MCP server does not answer' });
    case 'no_server':
      return refused('is not the URL of an MCP server: what answers there does not speak JSON-RPC');
    case 'open':
      return ok({ authorization: null });
    case 'wants_token':
      return authorizationOf(url, answer.challenge, options);
  }
}

async function authorizationOf(
  url: string,
  challenge: Challenge,
  options: GuardOptions,
): Promise<Found<DiscoveredServer>> {
  const found = await resourceMetadata(url, challenge, options);
  if (!found.ok) return found;
  const { resource, issuer, scopes } = found.value;
  const problem = targetProblem(issuer, options);
  if (problem !== null) return refused(`names an authorization server that ${problem}`);
  if ((await forbiddenTargets([issuer], options)).length > 0)
    return refused('names an authorization server that may not be called');
  const read = await fetchServerMetadata(issuer, options);
  if (!read.ok) return refused(`names an authorization server that cannot be used: ${read.error.detail}`);
  const metadata = read.value;
  if (!namesOf(metadata.code_challenge_methods_supported).includes('S256'))
    return refused('has an authorization server whose metadata does not offer PKCE with S256');
  const asked = (challenge.scope ?? '').split(' ').filter((name) => name !== '');
  return ok({ authorization: { resource, metadata, scopes: asked.length > 0 ? namesOf(asked) : scopes } });
}

interface ResourceFacts {
  readonly resource: string;
  readonly issuer: string;
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
  return ok({ resource: url, issuer: new URL(url).origin, scopes: [] });
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
  const issuer: unknown = Array.isArray(servers) ? servers[0] : undefined;
  if (typeof issuer !== 'string')
    return refused('has metadata (RFC 9728) that names no authorization server');
  return ok({ resource, issuer, scopes: namesOf(document['scopes_supported']) });
}
