/**
 * A provider that is in no catalogue: the schema of `provider_config`, and the descriptor that it makes, alone or with
 * a server's metadata. The operator's value wins; the rest comes from the metadata; what neither says is unknown,
 * and unknown is treated strictly. It refuses to fetch, and to say which hosts are acceptable.
 *
 * Sources: RFC 8414 (metadata), OpenID Connect Discovery 1.0, RFC 9207 (`iss` in the authorization response).
 */

import { z } from 'zod';
import { CREDENTIAL_TYPES, isConsentedType, isMachineType, isRenewedType } from '#contract/machine/kinds.ts';
import {
  BASIC_ENCODINGS,
  DOWNSCOPING,
  Descriptor,
  ExtraParams,
  IdentitySource,
  PKCE_SUPPORT,
  REFRESH_TOKEN_KINDS,
  REVOCATION_REACHES,
  TOKEN_ENDPOINT_AUTH_METHODS,
  LATER_URLS,
  URL_FIELDS,
  UrlTemplate,
  UrlVariable,
  isHttpUrl,
} from './descriptor.ts';
import type { DescriptorInput, TokenEndpointAuthMethod } from './descriptor.ts';
import { ErrorRow } from './answers/error-row.ts';
import {
  RequestHeaders,
  ResponseMap,
  ScopeAliases,
  ScopeLists,
  ScopeSynonyms,
  SuccessCheck,
} from './facts.ts';
import { parseTokenHeader } from './requests/headers.ts';
import { isTokenQuery } from './injection/query.ts';
import { SIGNING_FIELDS } from './signing/facts.ts';
import { signedDefaults, signingProblems, signingWarnings } from './signing/custom-signing.ts';
import { machineAuth, machineDefaults, MACHINE_FIELDS } from './machine/custom-machine.ts';
import { reservedParams } from './requests/reserved-params.ts';
import { needs } from './identity.ts';
import { listOf, pkceOf, serverOf, type AuthorizationServerMetadata } from './server-metadata.ts';

export type { AuthorizationServerMetadata } from './server-metadata.ts';
export { applyVariables } from './variables/variables.ts';

const HttpUrl = z.string().max(2048).refine(isHttpUrl, 'must be an http or https URL');
const Name = z.string().min(1).max(200);
/** Ten years: a longer life does not expire and is said with `access_token_never_expires`. */
const MAX_SECONDS = 315_360_000;

/** Rows of an operator's tables: one that names neither an error nor a status would match every answer. */
const OwnRows = z
  .array(
    ErrorRow.refine((row) => row.error !== null || row.status !== null, 'must name an error or a status'),
  )
  .max(60);

const TokenHeader = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => parseTokenHeader(text) !== null, 'must be "Header: value", several separated by "; "');

/** A group that repeats within one that repeats can take for ever over a text that nearly fits. */
const isQuick = (pattern: string): boolean => !/[*+}]\??[^()]*\)[*+{]/.test(pattern);

/** Variables of an account, by name; what holds for a whole connection is written into the URLs themselves. */
const AccountVariables = z
  .record(
    z.string(),
    UrlVariable.omit({ name: true, source: true, default: true })
      .partial({ required: true })
      .extend({ stage: z.literal('account') })
      .refine(({ pattern }) => isQuick(pattern), {
        path: ['pattern'],
        message: 'must not repeat a group that repeats',
      })
      .refine(({ extract }) => extract === undefined || isQuick(extract), {
        path: ['extract'],
        message: 'must not repeat a group that repeats',
      }),
  )
  .refine((variables) => Object.keys(variables).length <= 10, 'must have at most 10 entries')
  .refine(
    (variables) => Object.keys(variables).every((name) => /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)),
    'names are 1 to 64 letters, digits and "_"',
  );

/** `provider_config` of a connection whose provider is `custom`: the key names of the facts, and `issuer`. */
export const ProviderConfig = z.strictObject({
  auth_type: z.enum(CREDENTIAL_TYPES).default('oauth2'),
  display_name: z.string().min(1).max(100).optional(),
  docs_url: HttpUrl.optional(),
  /** Its metadata is read when the connection is made; explicit endpoints win. */
  issuer: HttpUrl.optional(),
  authorization_url: HttpUrl.optional(),
  token_url: HttpUrl.optional(),
  refresh_url: HttpUrl.optional(),
  revocation_url: HttpUrl.optional(),
  revocation_reach: z.enum(REVOCATION_REACHES).optional(),
  userinfo_url: UrlTemplate.optional(),
  subject_source: IdentitySource.optional(),
  subject_label_source: IdentitySource.optional(),
  email_is_verified: z.boolean().optional(),
  email_verified_source: IdentitySource.optional(),
  account_lookup_url: HttpUrl.optional(),
  /** May hold the `{variables}` of `url_template_vars`, as `userinfo_url` may. */
  api_base_urls: z.array(UrlTemplate).max(20).optional(),
  url_template_vars: AccountVariables.optional(),
  default_scopes_example: z.array(Name).max(100).optional(),
  scope_separator: z.string().min(1).max(3).optional(),
  scope_aliases: ScopeAliases.optional(),
  scope_families: ScopeLists.optional(),
  scope_synonyms: ScopeSynonyms.optional(),
  scope_implies: ScopeLists.optional(),
  scope_prefix: Name.optional(),
  scopes_ignore_case: z.boolean().optional(),
  offline_scopes: z.array(Name).max(10).optional(),
  baseline_scopes: z.array(Name).max(10).optional(),
  known_scopes: z.array(Name).max(300).optional(),
  pkce: z.enum(PKCE_SUPPORT).optional(),
  token_endpoint_auth_method: z.enum(TOKEN_ENDPOINT_AUTH_METHODS).optional(),
  /** `raw`: the server compares Basic as plain text and decodes nothing. */
  client_secret_basic_encoding: z.enum(BASIC_ENCODINGS).optional(),
  extra_authorization_params: ExtraParams.optional(),
  extra_token_params: ExtraParams.optional(),
  extra_refresh_params: ExtraParams.optional(),
  token_request_format: z.enum(['form', 'json']).optional(),
  access_token_ttl_s: z.int().min(1).max(MAX_SECONDS).nullable().optional(),
  access_token_never_expires: z
    .union([z.boolean(), z.literal('when_no_expires_in')])
    .nullable()
    .optional(),
  expires_in_zero: z.literal('never').nullable().optional(),
  /** Left out: may rotate, and is treated as rotating without grace. */
  refresh_token: z.enum(REFRESH_TOKEN_KINDS).nullable().optional(),
  refresh_token_ttl_s: z.int().min(1).max(MAX_SECONDS).nullable().optional(),
  refresh_token_idle_ttl_s: z.int().min(1).max(MAX_SECONDS).nullable().optional(),
  /** A grace that the operator gives counts as verified, unless the operator says that it is not. */
  refresh_reuse_grace_s: z.int().min(0).max(MAX_SECONDS).nullable().optional(),
  refresh_reuse_grace_verified: z.boolean().optional(),
  refresh_scope_downscoping: z.enum(DOWNSCOPING).optional(),
  terminal_refresh_errors: OwnRows.optional(),
  transient_refresh_errors: OwnRows.optional(),
  ...MACHINE_FIELDS,
  ...SIGNING_FIELDS,
  /** Where an OAuth 1 flow begins (RFC 5849, 2.1). */
  request_token_url: HttpUrl.optional(),
  token_header: TokenHeader.nullable().optional(),
  /** An API that takes its credential in the URL: `key={api_key}`. No header is added then, unless one is given too. */
  token_query: z
    .string()
    .min(1)
    .max(500)
    .refine(isTokenQuery, 'must be "name=value", several separated by "&"')
    .optional(),
  /** Headers that callers may set beside the common ones, in lower case: versions, and what of an account is meant. */
  api_request_headers: RequestHeaders.optional(),
  /** Names of fields that are no secret, so that an answer of the API may hold their values. */
  public_fields: z.array(Name).max(10).optional(),
  scope_param: Name.optional(),
  client_id_param: Name.optional(),
  code_param: Name.optional(),
  refresh_token_param: Name.optional(),
  /** The renewal is a GET with its parameters in the URL. */
  refresh_request: z.literal('get').optional(),
  /** A GET behind the code, which exchanges its token for one that lives long: its address and parameters. */
  long_lived_url: HttpUrl.optional(),
  long_lived_params: ExtraParams.optional(),
  token_exchange_params: ExtraParams.optional(),
  client_secret_param: Name.optional(),
  callback_code_param: Name.optional(),
  token_response_map: ResponseMap.nullable().optional(),
  token_response_success_check: SuccessCheck.nullable().optional(),
  errors_with_http_200: z.boolean().optional(),
  capture_from_callback: z.array(Name).max(20).optional(),
  capture_from_token_response: z.array(Name).max(20).optional(),
});
export type ProviderConfig = z.output<typeof ProviderConfig>;

/** `provider_config` of a connection to a catalogue entry: where the entry is played, and nothing else of it. */
export const PlayedUrls = z.strictObject({
  ...ProviderConfig.pick({ authorization_url: true, token_url: true, refresh_url: true }).shape,
  ...ProviderConfig.pick({ request_token_url: true, long_lived_url: true }).shape,
  ...ProviderConfig.pick({ revocation_url: true, userinfo_url: true, account_lookup_url: true }).shape,
  api_base_urls: z.array(UrlTemplate).max(20).optional(),
} satisfies Record<(typeof URL_FIELDS)[number] | (typeof LATER_URLS)[number] | 'api_base_urls', z.ZodType>);
export type PlayedUrls = z.output<typeof PlayedUrls>;

/** Dotted path of the request's field, and what is wrong with it. */
export interface ConfigError {
  path: string;
  message: string;
}

export type CustomDescriptor =
  { ok: true; descriptor: Descriptor; warnings: string[] } | { ok: false; errors: ConfigError[] };

/** Checks an untrusted `provider_config`; errors carry the path from the request's root. */
export function parseProviderConfig(
  input: unknown,
): { ok: true; config: ProviderConfig } | { ok: false; errors: ConfigError[] } {
  const parsed = checkedConfig(ProviderConfig, input);
  const reserved = parsed.ok ? reservedParams(parsed.config) : [];
  return reserved.length === 0
    ? parsed
    : {
        ok: false,
        errors: reserved.map(({ field, name }) =>
          errorAt([field, name], 'is a parameter of the broker’s own: what it holds has a field of its own'),
        ),
      };
}

/** The same of the `provider_config` of a catalogue entry. */
export function parsePlayedUrls(
  input: unknown,
): { ok: true; config: PlayedUrls } | { ok: false; errors: ConfigError[] } {
  return checkedConfig(PlayedUrls, input);
}

function checkedConfig<T>(
  schema: z.ZodType<T>,
  input: unknown,
): { ok: true; config: T } | { ok: false; errors: ConfigError[] } {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { ok: true, config: parsed.data };
  return { ok: false, errors: parsed.error.issues.map((issue) => errorAt(issue.path, issue.message)) };
}

const errorAt = (path: readonly PropertyKey[], message: string): ConfigError => ({
  path: ['provider_config', ...path.map(String)].join('.'),
  message,
});

/**
 * The descriptor of a custom connection.
 *
 * @param metadata of `config.issuer`, where there is one; its own `issuer` must be the same text (RFC 8414, 3.3).
 */
export function customDescriptor(
  config: ProviderConfig,
  metadata?: AuthorizationServerMetadata,
): CustomDescriptor {
  const errors: ConfigError[] = [];
  const warnings: string[] = [];
  if (metadata !== undefined && config.issuer !== undefined && metadata.issuer !== config.issuer) {
    errors.push(errorAt(['issuer'], 'is not the issuer that its metadata names'));
  }
  const endpoint = (field: string, explicit: string | undefined, listed: unknown): string | null => {
    if (explicit !== undefined) return explicit;
    if (listed === undefined || listed === null) return null;
    if (typeof listed === 'string' && listed.length <= 2048 && isHttpUrl(listed)) return listed;
    warnings.push(`${field}: the metadata names none that can be used`);
    return null;
  };
  const tokenUrl = endpoint('token_url', config.token_url, metadata?.token_endpoint);
  const isOauth = config.auth_type === 'oauth2';
  const isMachine = isMachineType(config.auth_type);
  const isSelfSigned = config.assertion?.sent === 'access_token';
  if (isRenewedType(config.auth_type) && !isSelfSigned && tokenUrl === null)
    errors.push(errorAt(['token_url'], 'is required'));
  errors.push(...signingProblems(config).map(({ path, message }) => errorAt([path], message)));
  const authorizationUrl = endpoint(
    'authorization_url',
    config.authorization_url,
    metadata?.authorization_endpoint,
  );
  if (isConsentedType(config.auth_type) && authorizationUrl === null)
    warnings.push('authorization_url: without one credentials can only be imported');
  const authMethod = isOauth
    ? authMethodOf(config, metadata)
    : isMachine
      ? machineAuth(config, () => authMethodOf(config, metadata))
      : null;
  if (isOauth && (authMethod === null || authMethod === 'private_key_jwt')) {
    errors.push(
      errorAt(
        ['token_endpoint_auth_method'],
        'none that is supported: client_secret_basic, client_secret_post, none',
      ),
    );
  }
  const pkce = config.pkce ?? pkceOf(metadata);
  if (pkce === 'unsupported' && isOauth) warnings.push('pkce: flows of this connection run without it');
  const usualHeader = config.token_query === undefined ? DEFAULT_HEADERS[config.auth_type] : null;
  const tokenHeader = config.token_header === undefined ? usualHeader : config.token_header;
  const defaults = { ...machineDefaults(config), ...signedDefaults(config) };
  warnings.push(...signingWarnings(config));
  if (tokenHeader === null && config.token_query === undefined && defaults.signer === undefined)
    warnings.push('token_header: without one no header is built from the credential');
  for (const field of IDENTITY_SOURCES) {
    if (needs(config[field] ?? null, 'callback'))
      warnings.push(
        `${field}: callback values are the browser's word and are not read; name what the provider answers`,
      );
  }
  const graceS = config.refresh_reuse_grace_s ?? null;
  const { issuer: _issuer, url_template_vars: variables = {}, ...own } = config;

  const input: DescriptorInput = {
    ...withoutUndefined(own),
    ...defaults,
    id: 'custom',
    url_template_vars: Object.fromEntries(
      Object.entries(variables).map(([name, one]) => [
        name,
        { ...withoutUndefined(one), name, required: one.required ?? true },
      ]),
    ),
    display_name: config.display_name ?? hostOf(tokenUrl ?? config.api_base_urls?.[0]) ?? 'Custom',
    authorization_url: authorizationUrl,
    token_url: tokenUrl,
    revocation_url: endpoint('revocation_url', config.revocation_url, metadata?.revocation_endpoint),
    userinfo_url: endpoint('userinfo_url', config.userinfo_url, metadata?.userinfo_endpoint),
    token_endpoint_auth_method: authMethod,
    pkce,
    token_header: tokenHeader,
    refresh_reuse_grace_verified:
      graceS !== null && graceS > 0 && (config.refresh_reuse_grace_verified ?? true),
    subject_source: config.subject_source ?? (isOauth ? 'id_token.sub | userinfo.sub | userinfo.id' : null),
    subject_label_source:
      config.subject_label_source ??
      (isOauth ? 'id_token.email | id_token.preferred_username | userinfo.email | userinfo.name' : null),
    email_verified_source:
      config.email_verified_source ?? (isOauth ? 'id_token.email_verified | userinfo.email_verified' : null),
    server: serverOf(metadata),
    confidence: 'low',
  };
  if (errors.length > 0) return { ok: false, errors };
  const parsed = Descriptor.safeParse(input);
  if (parsed.success) return { ok: true, descriptor: parsed.data, warnings };
  return { ok: false, errors: parsed.error.issues.map((issue) => errorAt(issue.path, issue.message)) };
}

const IDENTITY_SOURCES = ['subject_source', 'subject_label_source', 'email_verified_source'] as const;

const DEFAULT_HEADERS: Readonly<Record<ProviderConfig['auth_type'], string | null>> = {
  oauth2: 'Authorization: Bearer {access_token}',
  oauth2_client_credentials: 'Authorization: Bearer {access_token}',
  jwt_bearer: 'Authorization: Bearer {access_token}',
  github_app_installation: 'Authorization: Bearer {access_token}',
  session_token: 'Authorization: Bearer {access_token}',
  api_key: 'Authorization: Bearer {api_key}',
  basic: 'Authorization: Basic base64({username}:{password})',
  custom: null,
  // Signed, and so in no template.
  oauth1: null,
  aws: null,
};

/** RFC 8414: a list that is left out means client_secret_basic. */
function authMethodOf(
  config: ProviderConfig,
  metadata: AuthorizationServerMetadata | undefined,
): TokenEndpointAuthMethod | null {
  if (config.token_endpoint_auth_method !== undefined) return config.token_endpoint_auth_method;
  const listed = listOf(metadata?.token_endpoint_auth_methods_supported) ?? ['client_secret_basic'];
  return (
    (['client_secret_basic', 'client_secret_post', 'none'] as const).find((method) =>
      listed.includes(method),
    ) ?? null
  );
}

const hostOf = (url: string | undefined): string | null =>
  url !== undefined && URL.canParse(url) ? new URL(url).hostname.slice(0, 100) : null;

/** Keys whose value is undefined would count as given; the schema's defaults are for what is left out. */
function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
