/**
 * A provider's facts as data: the schema of a catalogue entry and of a custom connection's descriptor.
 * It owns the names (those of the facts, and so those of `provider_config`) and what an unverified fact counts for.
 * It holds no behaviour: rotation, requests, answers and errors are read from it by the other files of the room.
 */

import { z } from 'zod';
import { ErrorRow, JsonPath } from './answers/error-row.ts';
import {
  HeaderNames,
  RequestHeaders,
  ResponseMap,
  ScopeAliases,
  ScopeLists,
  ScopeSynonyms,
  SuccessCheck,
} from './facts.ts';
import { Assertion, ExtraParams, ScopeObjects } from './machine/facts.ts';
import { SIGNING_FIELDS } from './signing/facts.ts';
import { Region } from './variables/region-facts.ts';

export { Assertion, ExtraParams, ScopeObjects } from './machine/facts.ts';

const MAX_URL = 2048;
const Name = z.string().min(1).max(200);
const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Names of the `{variables}` in a text, each once. */
export function placeholdersIn(text: string): string[] {
  return [...new Set([...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? ''))];
}

/** Those of them that say to which host a URL leads. */
export function hostVariablesIn(template: string): string[] {
  return placeholdersIn(/^(?:\{\w+\}|https?:\/\/[^/?#]*)/.exec(template)?.[0] ?? '');
}

/** Whether a text parses as an absolute http or https URL. Which of these may be called is the guard's decision. */
export function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && hostname !== '';
}

/** A URL that may hold `{variables}`; one at its very beginning stands for a whole origin (`{instance_url}`). */
export const UrlTemplate = z
  .string()
  .max(MAX_URL)
  .refine(
    (text) =>
      isHttpUrl(text.replace(/^\{[A-Za-z_]\w*\}/, 'https://origin.example').replaceAll(PLACEHOLDER, 'x')),
    'must be an http or https URL',
  );

const sourceOf = (roots: string) => {
  const path = new RegExp(`^(?:${roots})[\\w.[\\]=-]*$`);
  return z
    .string()
    .max(300)
    .refine(
      (text) => text.split(/ [|+] /).every((one) => path.test(one)),
      `must name ${roots.replaceAll('|', '., ')}. paths`,
    );
};

/** `id_token.sub`, `userinfo.data[0].id`, `a + b` (joined), `a | b` (first that is present). */
export const IdentitySource = sourceOf('id_token|userinfo|token_response|callback');
/** The same of a variable, which may also come from the answer of `account_lookup_url`. */
const VariableSource = sourceOf('id_token|userinfo|token_response|callback|account_lookup');

export const UrlVariable = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/),
  required: z.boolean(),
  default: z.string().max(200).nullable().default(null),
  /** Anchored at both ends: what is not matched whole never becomes part of a URL. */
  pattern: z
    .string()
    .max(300)
    .regex(/^\^.*\$$/, 'must be anchored')
    .refine(isRegExp, 'must be a regular expression'),
  source: z.string().max(200).optional(),
  /** `connection`: given with the connection. `account`: known only after a user connected (see `from`). */
  stage: z.enum(['connection', 'account']).default('connection'),
  /** Where an `account` variable comes from: `token_response.instance_url`, `userinfo.accounts[only].id`. */
  from: VariableSource.optional(),
  /** What of that text is the value, where it is not the whole: an anchored pattern with one group. */
  extract: z
    .string()
    .max(300)
    .regex(/^\^.*\$$/, 'must be anchored')
    .refine(isRegExp, 'must be a regular expression')
    .optional(),
});
export type UrlVariable = z.output<typeof UrlVariable>;

function isRegExp(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

const AUTH_TYPES = [
  'oauth2',
  'api_key',
  'basic',
  'custom',
  'oauth2_client_credentials',
  'github_app_installation',
  'session_token',
  'jwt_bearer',
  'oauth1',
  'aws',
] as const;
export const TOKEN_ENDPOINT_AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'json_body',
  'private_key_jwt',
  'none',
] as const;
export type TokenEndpointAuthMethod = (typeof TOKEN_ENDPOINT_AUTH_METHODS)[number];
/** Whether id and secret are form-encoded before they go into Basic, as RFC 6749 (2.3.1) has it. */
export const BASIC_ENCODINGS = ['form', 'raw'] as const;
export const PKCE_SUPPORT = ['required', 'supported', 'unsupported', 'unknown'] as const;
export const REFRESH_TOKEN_KINDS = ['rotating', 'static', 'optional', 'none'] as const;
export const REVOCATION_REACHES = ['token', 'grant', 'project', 'installation', 'none', 'unknown'] as const;
export type RevocationReach = (typeof REVOCATION_REACHES)[number];
export const DOWNSCOPING = ['supported', 'unsupported', 'unknown'] as const;

/** What a signal in an API's answer says about the token that was sent (see api-answer.ts). */
const API_SIGNAL_MEANINGS = [
  'expired',
  'revoked',
  'invalid',
  'account_inactive',
  /** The request carried no token: our own mistake, which no refresh mends. */
  'no_token',
  /** The status says something about the token, and the body that it is about something else. */
  'unrelated',
  /** The token is good and reaches less than was asked. */
  'missing_scope',
  /** Like `expired`; where a fresh token gets it too, the user has lost the permission to use the API. */
  'permission_lost',
] as const;
export type ApiSignalMeaning = (typeof API_SIGNAL_MEANINGS)[number];

const signalFields = {
  field: JsonPath,
  equals: z.union([z.string().max(200), z.number(), z.boolean()]),
  means: z.enum(API_SIGNAL_MEANINGS),
};

/** A part of a static credential: by which name it is imported, and what the provider calls it. */
export const CredentialField = z.strictObject({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/),
  label: z.string().min(1).max(100),
});
export type CredentialField = z.output<typeof CredentialField>;

/** What a server's metadata adds to the facts (RFC 8414, RFC 9207, OpenID Connect Discovery). */
export const ServerFacts = z.strictObject({
  issuer: z.string().max(MAX_URL),
  jwks_uri: z.string().max(MAX_URL).nullable(),
  /** The server puts `iss` into its authorization responses, so a callback without it is refused. */
  iss_supported: z.boolean(),
  /** Asymmetric algorithms only; empty: the metadata names none. */
  id_token_algs: z.array(z.string().max(20)).max(20),
  /** Where an authorization request can be left beforehand (RFC 9126); null: nowhere. */
  par_endpoint: z.string().max(MAX_URL).nullable().default(null),
  /** Requests that were not left there are refused. */
  par_required: z.boolean().default(false),
});
export type ServerFacts = z.output<typeof ServerFacts>;

const url = UrlTemplate.nullable().default(null);
const seconds = z.int().min(0).max(315_360_000).nullable().default(null);
const names = (max: number) => z.array(Name).max(max).default([]);

const fields = {
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  display_name: z.string().min(1).max(100),
  docs_url: url,
  auth_type: z.enum(AUTH_TYPES),
  authorization_url: url,
  token_url: url,
  refresh_url: url,
  revocation_url: url,
  revocation_reach: z.enum(REVOCATION_REACHES).default('unknown'),
  userinfo_url: url,
  subject_source: IdentitySource.nullable().default(null),
  subject_label_source: IdentitySource.nullable().default(null),
  email_is_verified: z.boolean().default(false),
  email_verified_source: IdentitySource.nullable().default(null),
  /** Ours: a GET with a new token that tells account variables, where neither its answer nor userinfo does. */
  account_lookup_url: url,
  api_base_urls: z.array(UrlTemplate).max(20).default([]),
  default_scopes_example: names(100),
  scope_separator: z.string().min(1).max(3).default(' '),
  scope_aliases: ScopeAliases.default({}),
  /**
   * Ours: every scope of a kind (`read`, `write`). A limit of that name lets all of them through; no request asks for
   * all.
   */
  scope_families: ScopeLists.default({}),
  /** Ours: another name of the same scope, as the provider states it → the name under which it is asked for. */
  scope_synonyms: ScopeSynonyms.default({}),
  /** Ours: a scope, and those that the provider leaves out of its answer because this one includes them. */
  scope_implies: ScopeLists.default({}),
  /** Ours: may stand before any scope and changes nothing. */
  scope_prefix: Name.nullable().default(null),
  /** Ours: capital letters make no other scope. */
  scopes_ignore_case: z.boolean().default(false),
  /** Ours: without these no refresh token is given. */
  offline_scopes: names(10),
  /** Ours: stand in every grant and open nothing by themselves. */
  baseline_scopes: names(10),
  /** Ours: scopes that no other field names; they are known, and so no typing error. */
  known_scopes: names(300),
  pkce: z.enum(PKCE_SUPPORT).default('unknown'),
  token_endpoint_auth_method: z.enum(TOKEN_ENDPOINT_AUTH_METHODS).nullable().default(null),
  /** Ours: `raw` for servers that do not decode what Basic brings. */
  client_secret_basic_encoding: z.enum(BASIC_ENCODINGS).default('form'),
  extra_authorization_params: ExtraParams.default({}),
  extra_token_params: ExtraParams.default({}),
  extra_refresh_params: ExtraParams.default({}),
  token_request_format: z.enum(['form', 'json']).default('form'),
  access_token_ttl_s: seconds,
  access_token_never_expires: z
    .union([z.boolean(), z.literal('when_no_expires_in')])
    .nullable()
    .default(null),
  expires_in_zero: z.literal('never').nullable().default(null),
  refresh_token: z.enum(REFRESH_TOKEN_KINDS).nullable().default(null),
  refresh_token_ttl_s: seconds,
  /** Ours: the refresh token dies when it is not used for so long; the facts say this in prose. */
  refresh_token_idle_ttl_s: seconds,
  /** Ours: the grant ends so long after the consent although its refresh token changes at each use. */
  refresh_token_absolute_ttl_s: z.int().min(1).max(315_360_000).optional(),
  refresh_reuse_grace_s: seconds,
  refresh_reuse_grace_verified: z.boolean().default(false),
  refresh_scope_downscoping: z.enum(DOWNSCOPING).default('unknown'),
  terminal_refresh_errors: z.array(ErrorRow).max(60).default([]),
  transient_refresh_errors: z.array(ErrorRow).max(60).default([]),
  url_template_vars: z.record(z.string(), UrlVariable).default({}),
  token_header: z.string().min(1).max(500).nullable().default(null),
  /** Ours: how each request is signed, where no header holds the credential itself (signing/). */
  ...SIGNING_FIELDS,
  /** Ours: where an OAuth 1 flow begins (RFC 5849, 2.1). */
  request_token_url: UrlTemplate.optional(),
  /** Ours: parameters of the URL that carry the credential, where an API takes it there: `key={api_key}`. */
  token_query: z.string().min(1).max(500).optional(),
  /** Ours: headers that a caller may set beside the common ones: versions, and what of the account is meant. */
  api_request_headers: RequestHeaders.optional(),
  /** Ours: headers of an answer that go back beside the common ones. */
  api_response_headers: HeaderNames,
  /** Ours: calls need no credential, and its accounts are active without one. */
  no_credential: z.boolean().optional(),
  /** Ours: fields of a credential that are no secret, so that an API may answer them. */
  public_fields: z.array(Name).max(10).optional(),
  api_dead_token_signals_with_200: z.array(z.strictObject(signalFields)).max(20).default([]),
  /** Ours: signals under other statuses that say something else than the status does. */
  api_signals: z
    .array(z.strictObject({ status: z.int().min(100).max(599), ...signalFields }))
    .max(20)
    .optional(),
  /** Ours: the parts of a static credential where its type alone does not say them. */
  credential_fields: z.array(CredentialField).min(1).max(10).optional(),
  /** Ours: why no connection to it can work yet; null: one can, as far as its `auth_type` is spoken. */
  unsupported: z.string().min(1).max(300).nullable().default(null),
  /** Ours: the JWT that a machine grant signs for each of its requests (machine/assertion.ts). */
  assertion: Assertion.optional(),
  /** Ours: scopes that go into a token request as objects and lists, where the provider has no text for them. */
  scope_objects: ScopeObjects.optional(),
  /** Ours: the parameters of a login, where a machine grant has no grant type: `{username}`, `{password}`. */
  login_params: ExtraParams.optional(),
  /** Ours: how a token is ended where that is no RFC 7009: by DELETE, with the token as the API takes it. */
  revocation_request: z.literal('delete_with_token').optional(),
  preset_of: z.string().max(64).nullable().default(null),
  scope_param: Name.default('scope'),
  client_id_param: Name.default('client_id'),
  code_param: Name.default('code'),
  /** Ours: under which name a refresh presents its token. */
  refresh_token_param: Name.default('refresh_token'),
  /**
   * Ours: beside `subject_token`, where a token of somebody else's is exchanged for a grant (RFC 8693): its grant type,
   * if it is another, and the types of token.
   */
  token_exchange_params: ExtraParams.optional(),
  /** Ours: a renewal is a GET, its parameters stand in the URL, and the client proves nothing. */
  refresh_request: z.literal('get').optional(),
  /** Ours: a GET right behind the code, which exchanges its token for one that lives long and is kept. */
  long_lived_url: UrlTemplate.optional(),
  long_lived_params: ExtraParams.optional(),
  /** Ours: what the client's secret is called in the body. */
  client_secret_param: Name.default('client_secret'),
  /** Ours: under which name the code comes back with the browser. */
  callback_code_param: Name.default('code'),
  token_response_map: ResponseMap.nullable().default(null),
  token_response_success_check: SuccessCheck.nullable().default(null),
  errors_with_http_200: z.boolean().default(false),
  capture_from_callback: names(20),
  region: Region.optional(),
  capture_from_token_response: names(20),
  /** Ours: from a server's metadata; null in the catalogue. */
  server: ServerFacts.nullable().default(null),
  source: z.array(z.string().max(300)).max(20).default([]),
  evidence: z.string().max(200).nullable().default(null),
  /** Fields that rest on general knowledge, by name or path. */
  unverified_fields: z.array(z.string().max(200)).max(60).default([]),
  confidence: z.enum(['high', 'medium', 'low']).default('low'),
};

/** A provider, complete: every key is there, absent facts as null, `[]` or `{}`. Unknown keys are refused. */
export const Descriptor = z.strictObject(fields).superRefine((descriptor, context) => {
  const urls = [...URL_FIELDS.map((field) => descriptor[field] ?? ''), ...descriptor.api_base_urls];
  for (const name of urls.flatMap(placeholdersIn)) {
    if (Object.hasOwn(descriptor.url_template_vars, name)) continue;
    const path = ['url_template_vars', name];
    context.addIssue({ code: 'custom', path, message: 'is used in a URL and not declared' });
  }
  const { region: { param } = {}, capture_from_callback: captured } = descriptor;
  if (param !== undefined && !captured.includes(param))
    context.addIssue({ code: 'custom', path: ['region'], message: 'is not in capture_from_callback' });
  // A browser brings the callback's values: one that named a host would choose where tokens are sent.
  for (const name of urls.flatMap(hostVariablesIn)) {
    if (descriptor.url_template_vars[name]?.from?.includes('callback') !== true) continue;
    const path = ['url_template_vars', name, 'from'];
    context.addIssue({ code: 'custom', path, message: 'a callback value must not be part of a host' });
  }
});
export type Descriptor = z.output<typeof Descriptor>;
/** A descriptor as it is written down in the catalogue: what a default covers may be left out. */
export type DescriptorInput = z.input<typeof Descriptor>;

/** The fields that hold one URL template each; `api_base_urls` holds several. */
export const URL_FIELDS = [
  'authorization_url',
  'token_url',
  'refresh_url',
  'revocation_url',
  'userinfo_url',
  'account_lookup_url',
] as const;

/** Addresses that few providers have: a descriptor that has none leaves them out. */
export const LATER_URLS = ['request_token_url', 'long_lived_url'] as const;

/** Whether a fact rests on general knowledge alone. */
export function isUnverified(descriptor: Descriptor, field: keyof Descriptor): boolean {
  return descriptor.unverified_fields.includes(field);
}

const OAUTH1_FIELDS: CredentialField[] = [
  { name: 'token', label: 'token' },
  { name: 'token_secret', label: "token's secret" },
];
const AWS_FIELDS: CredentialField[] = [
  { name: 'access_key_id', label: 'access key id' },
  { name: 'secret_access_key', label: 'secret access key' },
  { name: 'session_token', label: 'session token of a temporary key' },
  { name: 'region', label: 'region' },
];

/** The parts of a static credential, by the names under which they are imported; none for OAuth 2. */
export function credentialFieldsOf(descriptor: Descriptor): CredentialField[] {
  if (descriptor.credential_fields !== undefined) return descriptor.credential_fields;
  if (descriptor.auth_type === 'api_key') return [{ name: 'api_key', label: 'API key' }];
  if (descriptor.auth_type === 'oauth1') return OAUTH1_FIELDS;
  if (descriptor.auth_type === 'aws') return AWS_FIELDS;
  if (descriptor.auth_type !== 'basic') return [];
  return [
    { name: 'username', label: 'user name' },
    { name: 'password', label: 'password' },
  ];
}

/**
 * What a call to `revocation_url` ends; unverified counts as unknown, so that no other user's grant is ended by a
 * guess.
 */
export function revocationReachOf(descriptor: Descriptor): RevocationReach {
  if (descriptor.revocation_url === null) return 'none';
  return isUnverified(descriptor, 'revocation_reach') ? 'unknown' : descriptor.revocation_reach;
}
