/**
 * Names that an operator's extra parameters may not have: what the broker itself says in a request, and what proves the
 * client or the user, which has fields of its own that are encrypted and never answered. Pure. The catalogue's entries
 * are not bound by it: some providers want another `grant_type`.
 *
 * Sources: RFC 6749 (parameters, section 11.2), RFC 7521 and 7523 (assertions), RFC 7636 (PKCE), RFC 8693 (token
 * exchange), RFC 9101 (request objects), RFC 9207 (`iss`), OpenID Connect Core 1.0, section 3.1.2.1.
 */

/** In every request: client and user prove themselves with what is stored encrypted, or not at all. */
const PROOFS = [
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'assertion',
  'username',
  'password',
  'code',
  'code_verifier',
  'access_token',
  'refresh_token',
  'id_token',
  'subject_token',
  'actor_token',
];

/** What the broker says in each kind of request, by the field that adds to it. */
const OWN = {
  extra_authorization_params: [
    'response_type',
    'redirect_uri',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'request',
    'request_uri',
    'iss',
  ],
  extra_token_params: ['grant_type', 'redirect_uri'],
  extra_refresh_params: ['grant_type'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The fields of a `provider_config` that add parameters to requests. */
export const EXTRA_PARAMS = Object.keys(OWN) as (keyof typeof OWN)[];

/** As much of a `provider_config` as names parameters. */
type Named = {
  readonly [Field in 'client_id_param' | 'code_param' | 'scope_param']?: string | undefined;
} & { readonly [Field in keyof typeof OWN]?: Readonly<Record<string, unknown>> | undefined };

/**
 * Where a parameter has a reserved name: field and name, as they were written. Case does not make another name of it.
 */
export function reservedParams(config: Named): { field: string; name: string }[] {
  const named = [config.client_id_param, config.code_param, config.scope_param];
  const renamed = named.flatMap((name) => (name === undefined ? [] : [name.toLowerCase()]));
  return EXTRA_PARAMS.flatMap((field) => {
    const reserved = new Set<string>([...PROOFS, ...OWN[field], ...renamed]);
    return Object.keys(config[field] ?? {})
      .filter((name) => reserved.has(name.trim().toLowerCase()))
      .map((name) => ({ field, name }));
  });
}

/**
 * The config for a caller that may not read secrets: a value that an operator put into extra parameters, or into the
 * query of an MCP server's URL, may be a secret.
 */
export function withoutExtraValues(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const shown = Object.entries(config).map(([key, value]) => [
    key,
    (EXTRA_PARAMS as readonly string[]).includes(key) && typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.keys(value).map((name) => [name, null]))
      : key === 'url' && typeof value === 'string'
        ? value.replace(/\?.*$/s, '?…')
        : value,
  ]);
  return Object.fromEntries(shown);
}
