/**
 * The provider and the client of a connection to a remote MCP server. What the server and its authorization server say
 * of themselves is read when the connection is made, and again when its provider or its client changes; a client is
 * the operator's, else our own document, else one that is registered there. Nothing is stored here.
 */

import type { CreateConnection } from '#contract/connections/connections.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { targetProblem, type GuardOptions } from '#egress/guard/guard.ts';
import { discoverServer } from '#egress/mcp/discover.ts';
import { registerClient } from '#egress/mcp/register-client.ts';
import { registrationProblem } from '#egress/registration.ts';
import { isoTime } from '#lib/clock.ts';
import type { CustomDescriptor } from '#providers/custom.ts';
import type { Descriptor, TokenEndpointAuthMethod } from '#providers/descriptor.ts';
import { mcpDescriptor, openMcpDescriptor, parseMcpConfig, type McpAuthorization } from '#providers/mcp.ts';

/** What the deployment is reached by: a client is registered with it. */
export interface McpRules {
  readonly guard: GuardOptions;
  /** Of the connection. */
  readonly redirectUri: string;
  /** URL of the document that is our client's id; null: the deployment has none that a server could read. */
  readonly clientDocument: string | null;
}

/** A client that the connection has already, and whose id the request does not name. */
export interface KeptClient {
  readonly descriptor: Descriptor;
}

export interface McpClient {
  readonly clientId: string | null;
  /** Plain; null: those that the connection has stay. */
  readonly clientSecrets: readonly string[] | null;
}

export interface ResolvedMcp {
  readonly providerConfig: Readonly<Record<string, unknown>>;
  readonly descriptor: Descriptor;
  readonly warnings: readonly string[];
  readonly client: McpClient;
}

const URL_FIELD = 'provider_config.url';

/**
 * @param kept as long as the server's tokens come from the same issuer; null: the body names a client, or there is none
 * @throws ProblemError 400 for a server that cannot be connected, 502 where it does not answer
 */
export async function resolveMcp(
  body: CreateConnection,
  rules: McpRules,
  kept: KeptClient | null,
): Promise<ResolvedMcp> {
  if (body.provider_config == null) throw invalid(URL_FIELD, 'is required for the provider `mcp`');
  const parsed = parseMcpConfig(body.provider_config);
  if (!parsed.ok) throw new ProblemError('invalid_request', { errors: parsed.errors });
  const { config } = parsed;
  const problem =
    targetProblem(config.url, rules.guard) ?? (await registrationProblem(config.url, rules.guard));
  if (problem !== null) throw invalid(URL_FIELD, problem);
  if (body.private_key != null)
    throw invalid('private_key', 'is for connections of the type github_app_installation');
  const variable = Object.keys(body.variables)[0];
  if (variable !== undefined) throw invalid(`variables.${variable}`, 'is not a variable of this provider');
  const discovered = await discoverServer(config, rules.guard, kept?.descriptor.server?.issuer ?? null);
  if (!discovered.ok && discovered.error.kind === 'silent')
    throw new ProblemError('provider_error', { detail: discovered.error.detail });
  if (!discovered.ok) throw invalid(URL_FIELD, discovered.error.detail);
  const { authorization } = discovered.value;
  const providerConfig = body.provider_config;
  if (authorization === null) {
    if (body.client_id != null || body.client_secret != null)
      throw invalid('client_id', 'must be left out: the MCP server asks for no authorization');
    const { descriptor, warnings } = madeOf(openMcpDescriptor(config));
    return { providerConfig, descriptor, warnings, client: { clientId: null, clientSecrets: [] } };
  }
  // Judged before a client is registered for it: a refusal leaves nothing behind at the server.
  madeOf(mcpDescriptor(config, authorization, null));
  const { client, authMethod, told } = await clientOf(body, rules, authorization, kept);
  const { descriptor, warnings } = madeOf(mcpDescriptor(config, authorization, authMethod));
  return { providerConfig, descriptor, warnings: [...warnings, ...told], client };
}

function madeOf(made: CustomDescriptor): Extract<CustomDescriptor, { ok: true }> {
  if (!made.ok) {
    const errors = made.errors.map(({ message }) => ({
      path: URL_FIELD,
      message: `has an authorization server that cannot be used: ${message}`,
    }));
    throw new ProblemError('invalid_request', { errors });
  }
  return made;
}

interface ChosenClient {
  readonly client: McpClient;
  readonly authMethod: TokenEndpointAuthMethod | null;
  /** Warnings about it. */
  readonly told: readonly string[];
}

async function clientOf(
  body: CreateConnection,
  { guard, redirectUri, clientDocument }: McpRules,
  { metadata }: McpAuthorization,
  kept: KeptClient | null,
): Promise<ChosenClient> {
  const isKept = kept !== null && kept.descriptor.server?.issuer === metadata.issuer;
  if (body.client_id != null && (kept === null || isKept)) {
    const authMethod = isKept ? kept.descriptor.token_endpoint_auth_method : null;
    return { client: { clientId: body.client_id, clientSecrets: secretsOf(body) }, authMethod, told: [] };
  }
  if (metadata.client_id_metadata_document_supported === true && clientDocument !== null)
    return { client: { clientId: clientDocument, clientSecrets: [] }, authMethod: 'none', told: [] };
  const { registration_endpoint: endpoint } = metadata;
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint))
    throw invalid(
      'client_id',
      'is required: the authorization server of this MCP server registers no clients',
    );
  const problem = targetProblem(endpoint, guard);
  if (problem !== null) throw invalid(URL_FIELD, `has an authorization server whose registration ${problem}`);
  const asked = mcpAuthMethod(metadata.token_endpoint_auth_methods_supported);
  const registered = await registerClient(endpoint, { redirectUri, authMethod: asked }, guard);
  if (!registered.ok) {
    const detail = `the registration of a client ${registered.error}; a client that you made there can be given as client_id`;
    throw new ProblemError('provider_error', { detail });
  }
  const { clientId, clientSecret, authMethod, secretEndsAtS } = registered.value;
  const ends = secretEndsAtS === null ? null : isoTime(secretEndsAtS * 1000);
  return {
    client: { clientId, clientSecrets: clientSecret === null ? [] : [clientSecret] },
    authMethod,
    told: ends === null ? [] : [`client_secret: the authorization server ends it on ${ends}`],
  };
}

/** RFC 8414: a list that is left out means client_secret_basic. */
function mcpAuthMethod(listed: unknown): 'client_secret_basic' | 'client_secret_post' | 'none' {
  const names: readonly unknown[] = Array.isArray(listed) ? listed : ['client_secret_basic'];
  const usable = ['client_secret_basic', 'client_secret_post', 'none'] as const;
  return usable.find((method) => names.includes(method)) ?? 'none';
}

/** None given: in a change, those that are there stay. */
function secretsOf({ client_secret: given }: CreateConnection): readonly string[] | null {
  if (given === undefined) return null;
  if (given === null) return [];
  return typeof given === 'string' ? [given] : given;
}
