/**
 * From the body of `POST /v1/connections` to what is stored: the provider is resolved once, every URL that will be
 * called passes the guard, and a custom provider's metadata is read. The descriptor is kept with the connection: a
 * better fact of a later release reaches it with its next change. Nothing is stored here.
 */

import type { CreateConnection } from '#contract/connections/connections.ts';
import {
  CREDENTIAL_TYPES,
  isConsentedType,
  isMachineType,
  type CredentialType,
} from '#contract/machine/kinds.ts';
import { invalid, ProblemError, type FieldProblem } from '#contract/problem.ts';
import type { ConnectionDraft } from '#directory/connections/connections.ts';
import { DEFAULT_ROTATION } from '#directory/connections/static-connection.ts';
import { isLoopbackHost, targetProblem, type GuardOptions } from '#egress/guard/guard.ts';
import { fetchServerMetadata } from '#egress/metadata.ts';
import { FORBIDDEN_ADDRESS, forbiddenTargets } from '#egress/registration.ts';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import {
  applyVariables,
  customDescriptor,
  parsePlayedUrls,
  parseProviderConfig,
  type PlayedUrls,
  type ProviderConfig,
} from '#providers/custom.ts';
import {
  Descriptor,
  hostVariablesIn,
  LATER_URLS,
  placeholdersIn,
  URL_FIELDS,
} from '#providers/descriptor.ts';
import { MCP } from '#providers/mcp.ts';
import { areHostsGiven } from '#providers/variables/given-hosts.ts';
import { parseRotation } from '#refresh/schedule.ts';
import { connectionSecrets } from '../machine/connection.ts';
import { returnUrlProblem } from '../http/return-url.ts';
import { resolveMcp, type KeptClient, type McpClient } from './mcp-connection.ts';

/** What a rotation may be, for an operator who gave another. */
export const ROTATION_FORMS = 'must be proactive, on_demand or idle_after:<number><s|m|h|d> from 1m to 365d';

/** Whether connections to a provider of this kind can be made. */
export function isSupportedType(authType: string): authType is CredentialType {
  return (CREDENTIAL_TYPES as readonly string[]).includes(authType);
}

/** The provider of a connection: its descriptor with metadata and variables in it. */
export type Resolved = Pick<ConnectionDraft, 'providerConfig' | 'descriptor' | 'warnings'> & {
  /** Where the provider says who its client is; left out: the request says it. */
  readonly client?: McpClient;
};

/** `clientSecrets` null: those that the connection has stay. */
export type Drafted = Omit<ConnectionDraft, 'clientSecrets'> & {
  readonly clientSecrets: readonly string[] | null;
};

function refused(errors: readonly FieldProblem[]): ProblemError {
  return new ProblemError('invalid_request', { errors });
}

/** What the deployment lets a connection be. */
export interface ConnectionRules {
  readonly guard: GuardOptions;
  readonly allowUnverifiedLinks: boolean;
  /** Where browsers reach the broker. */
  readonly origin: string;
  /** Whether that is an https address that the deployment has set, which servers can read documents from. */
  readonly isPublished: boolean;
}

/** Where the document lies that is the client id of a connection (OAuth Client ID Metadata Document). */
export function clientDocumentUrl(origin: string, connection: string): string {
  return `${origin}/oauth/clients/${connection}.json`;
}

/**
 * The draft of a connection. @throws ProblemError `invalid_request` with the fields that are wrong, `provider_error`
 * where the issuer's metadata cannot be read
 *
 * @param known the provider as it was resolved before, where nothing that makes it has changed; null: resolve it now
 * @param kept the client that the connection has, where the request does not name one
 */
export async function draftConnection(
  body: CreateConnection,
  rules: ConnectionRules,
  known: Resolved | null = null,
  kept: KeptClient | null = null,
): Promise<Drafted> {
  const rotation = body.rotation ?? DEFAULT_ROTATION;
  if (parseRotation(rotation) === null) {
    throw invalid('rotation', ROTATION_FORMS);
  }
  checkFlow(body, rules);
  const { client, ...resolved } = known ?? (await resolve(body, rules, kept));
  const { descriptor } = resolved;
  const clientId = client === undefined ? (body.client_id ?? null) : client.clientId;
  const { auth_type: authType, unsupported } = descriptor;
  if (unsupported !== null) throw invalid('provider', `is not supported yet: ${unsupported}`);
  if (!isSupportedType(authType))
    throw invalid('provider', `credentials of the type ${String(authType)} are not supported yet`);
  if (!isMachineType(authType) && descriptor.token_endpoint_auth_method === 'private_key_jwt') {
    throw invalid('provider', 'clients that prove themselves with private_key_jwt are not supported yet');
  }
  if (isConsentedType(authType) && clientId === null)
    throw invalid('client_id', `is required for ${authType}`);
  return {
    id: body.id,
    provider: body.provider,
    authType,
    clientId,
    clientSecrets: client === undefined ? await connectionSecrets(body, descriptor) : client.clientSecrets,
    scopes: body.scopes,
    variables: body.variables,
    rotation,
    verification: body.verification,
    returnUrls: body.return_urls,
    tokenAccess: body.token_access,
    maxRefreshesPerSecond: body.max_refreshes_per_second,
    accessTokenTtlS: body.access_token_ttl_s,
    location: body.location,
    pinTools: body.pin_tools,
    ...resolved,
  };
}

/** What a connect flow of this connection may do. */
function checkFlow(body: CreateConnection, { guard, allowUnverifiedLinks }: ConnectionRules): void {
  if (body.verification === 'none' && !allowUnverifiedLinks) {
    throw invalid('verification', '`none` needs the setting ALLOW_UNVERIFIED_LINKS of the deployment');
  }
  const errors = body.return_urls.flatMap((url, n) => {
    const message = returnUrlProblem(url, guard.allowLoopback);
    return message === null ? [] : [{ path: `return_urls.${n}`, message }];
  });
  if (errors.length > 0) throw refused(errors);
}

async function resolve(
  body: CreateConnection,
  { guard, origin, isPublished }: ConnectionRules,
  kept: KeptClient | null,
): Promise<Resolved> {
  if (body.provider === MCP) {
    const redirectUri = `${origin}/oauth/callback/${body.id}`;
    const clientDocument = isPublished ? clientDocumentUrl(origin, body.id) : null;
    return resolveMcp(body, { guard, redirectUri, clientDocument }, kept);
  }
  const isCustom = body.provider === 'custom';
  const resolved = isCustom ? await resolveCustom(body, guard) : resolveEntry(body, guard);
  const applied = applyVariables(resolved.descriptor, body.variables, body.client_id ?? undefined);
  if (!applied.ok) throw refused(applied.errors);
  if (!isCustom) await checkTargets(body.provider, applied.descriptor, guard);
  return { ...resolved, descriptor: applied.descriptor };
}

function resolveEntry(body: CreateConnection, guard: GuardOptions): Resolved {
  const played = body.provider_config == null ? null : playedUrls(body.provider_config, guard);
  const descriptor = findDescriptor(body.provider);
  if (descriptor === undefined) {
    throw invalid(
      'provider',
      'is not in the catalogue (GET /v1/providers); use `custom` or `mcp` with provider_config',
    );
  }
  checkVariableNames(body, Object.keys(descriptor.url_template_vars));
  if (played === null) return { providerConfig: null, descriptor, warnings: [] };
  return {
    providerConfig: body.provider_config ?? null,
    descriptor: Descriptor.parse({ ...descriptor, ...played }),
    warnings: ['provider_config: this connection leads to a loopback host and not to the provider'],
  };
}

/**
 * A catalogue entry is a fact: only in development may its addresses be others, and then this machine's alone, so that
 * no client secret or token is sent to a server that only calls itself that provider.
 */
function playedUrls(input: unknown, guard: GuardOptions): PlayedUrls {
  if (!guard.allowLoopback)
    throw invalid(
      'provider_config',
      'is for the provider `custom`; a catalogue entry takes one with ALLOW_LOOPBACK alone',
    );
  const parsed = parsePlayedUrls(input);
  if (!parsed.ok) throw refused(parsed.errors);
  const errors = configTargets(parsed.config).flatMap(([path, url]) => {
    const message = loopbackProblem(url, guard);
    return message === null ? [] : [{ path: `provider_config.${path}`, message }];
  });
  if (errors.length > 0) throw refused(errors);
  return Object.fromEntries(Object.entries(parsed.config).filter(([, url]) => url !== undefined));
}

function loopbackProblem(url: string, guard: GuardOptions): string | null {
  if (hostVariablesIn(url).length > 0) return 'must have a loopback host without variables';
  return (
    templateProblem(url, guard) ??
    (isLoopbackHost(new URL(url).hostname) ? null : 'must have a loopback host')
  );
}

/** Why a target is refused, or null; a host that an account brings is judged when it is called. */
function templateProblem(url: string, guard: GuardOptions): string | null {
  return hostVariablesIn(url).length > 0 ? null : targetProblem(url.replaceAll(/[{}]/g, ''), guard);
}

/** A misspelt optional variable would otherwise leave its default in force without a word. */
function checkVariableNames(body: CreateConnection, known: readonly string[]): void {
  const unknown = Object.keys(body.variables).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw refused(
      unknown.map((name) => ({ path: `variables.${name}`, message: 'is not a variable of this provider' })),
    );
  }
}

async function resolveCustom(body: CreateConnection, guard: GuardOptions): Promise<Resolved> {
  if (body.provider_config == null) throw invalid('provider_config', 'is required for the provider `custom`');
  const parsed = parseProviderConfig(body.provider_config);
  if (!parsed.ok) throw refused(parsed.errors);
  const { config } = parsed;
  const targets = configTargets(config).flatMap(([path, url]) => {
    const message = templateProblem(url, guard);
    return message === null ? [] : [{ path: `provider_config.${path}`, message }];
  });
  if (targets.length > 0) throw refused(targets);
  await checkHosts(
    configTargets(config).filter(([, url]) => hostVariablesIn(url).length === 0),
    guard,
  );
  checkVariableNames(body, []);
  const metadata = config.issuer === undefined ? undefined : await metadataOf(config.issuer, guard);
  const custom = customDescriptor(config, metadata);
  if (!custom.ok) throw refused(custom.errors);
  return { providerConfig: body.provider_config, descriptor: custom.descriptor, warnings: custom.warnings };
}

async function metadataOf(issuer: string, guard: GuardOptions) {
  const metadata = await fetchServerMetadata(issuer, guard);
  if (!metadata.ok) throw new ProblemError('provider_error', { detail: metadata.error.detail });
  return metadata.value;
}

const SINGLE_TARGETS = ['issuer', ...LATER_URLS, ...URL_FIELDS] as const;

/** What the broker or a browser will be sent to, by its path in the config. */
function configTargets(config: ProviderConfig | PlayedUrls): [path: string, url: string][] {
  const named: Partial<Record<(typeof SINGLE_TARGETS)[number], string | undefined>> = config;
  const single = SINGLE_TARGETS.flatMap((field): [string, string][] =>
    named[field] === undefined ? [] : [[field, named[field]]],
  );
  return [
    ...single,
    ...(config.api_base_urls ?? []).map((url, n): [string, string] => [`api_base_urls.${n}`, url]),
  ];
}

/** A catalogue entry's URLs are known to be good, but a variable may have turned one into something else. */
async function checkTargets(provider: string, descriptor: Descriptor, guard: GuardOptions): Promise<void> {
  // Variables of the account are filled in, and judged, when an account is connected.
  const urls = [
    ...URL_FIELDS.map((field) => descriptor[field]),
    ...LATER_URLS.map((field) => descriptor[field] ?? null),
    ...descriptor.api_base_urls,
  ].filter((url) => url !== null && placeholdersIn(url).length === 0) as string[];
  for (const url of urls) {
    const message = targetProblem(url, guard);
    if (message !== null) throw invalid('variables', `make a URL that ${message}`);
  }
  if (areHostsGiven(provider) && (await forbiddenTargets(urls, guard)).length > 0)
    throw invalid('variables', `make a URL that ${FORBIDDEN_ADDRESS}`);
}

/** Of targets that the guard lets pass: what their hosts point to. */
async function checkHosts(targets: [path: string, url: string][], guard: GuardOptions): Promise<void> {
  const forbidden = await forbiddenTargets(
    targets.map(([, url]) => url),
    guard,
  );
  if (forbidden.length === 0) return;
  throw refused(
    targets.flatMap(([path, url]) =>
      forbidden.includes(url) ? [{ path: `provider_config.${path}`, message: FORBIDDEN_ADDRESS }] : [],
    ),
  );
}
