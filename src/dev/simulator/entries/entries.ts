/**
 * The catalogue's entries as dialects: each OAuth provider that the broker knows by name, played by its own facts (its
 * parameter names, scope separator, places of tokens, client authentication). Where the facts are silent, RFC 6749
 * holds; what a broker sends beyond them is refused.
 */

import { isMachineType } from '#contract/machine/kinds.ts';
import { findDescriptor, providerIds } from '#providers/catalogue/catalogue.ts';
import { placeholdersIn, type Descriptor, type UrlVariable } from '#providers/descriptor.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { sampleOf } from './pattern-sample.ts';

export { allDescriptors as allEntries } from '#providers/catalogue/catalogue.ts';
export { credentialFieldsOf, revocationReachOf, type Descriptor } from '#providers/descriptor.ts';

const PREFIX = 'providers/';
const TEN_YEARS_S = 315_360_000;
const made = new Map<string, Dialect>();

/** Ids of the entries that can be played. */
export function playableIds(): string[] {
  return providerIds().filter((id) => isPlayable(findDescriptor(id)));
}

function isPlayable(entry: Descriptor | undefined): entry is Descriptor {
  return (
    entry?.auth_type === 'oauth2' &&
    entry.unsupported === null &&
    entry.token_endpoint_auth_method !== 'private_key_jwt'
  );
}

/** Asks for its token without a user; its words are in `dev/simulator/machine/words.ts`. */
function isMachine(entry: Descriptor | undefined): boolean {
  return entry !== undefined && entry.unsupported === null && isMachineType(entry.auth_type);
}

/** Signs its requests; it is played by `dev/simulator/signed/`. */
function isSigned(entry: Descriptor | undefined): boolean {
  return entry !== undefined && entry.unsupported === null && entry.auth_type === 'oauth1';
}

/** `providers/hubspot`, or undefined for what is no entry. */
export function findEntryDialect(id: string): Dialect | undefined {
  const known = made.get(id);
  if (known !== undefined || !id.startsWith(PREFIX)) return known;
  const entry = findDescriptor(id.slice(PREFIX.length));
  if (entry === undefined || !(isPlayable(entry) || isMachine(entry) || isSigned(entry))) return undefined;
  const dialect = dialectOf(entry);
  made.set(id, dialect);
  return dialect;
}

export const entryDialectId = (provider: string): string => `${PREFIX}${provider}`;

const AUTH: Readonly<Record<string, Dialect['auth']>> = {
  client_secret_basic: ['basic'],
  client_secret_post: ['body'],
  json_body: ['body'],
  none: ['none'],
};

function dialectOf(entry: Descriptor): Dialect {
  const map = entry.token_response_map;
  const isOneToken = map !== null && map.refresh_token === map.access_token;
  const rotates = entry.refresh_token !== 'static' && entry.refresh_token !== 'none';
  const never = entry.access_token_never_expires !== null && entry.access_token_never_expires !== false;
  const { grant_type: forCode = 'authorization_code', ...codeExtras } = entry.extra_token_params;
  const { grant_type: forRefresh = 'refresh_token', ...refreshExtras } = entry.extra_refresh_params;
  return {
    id: entryDialectId(entry.id),
    // A preset answers as its parent does.
    vectors: isMachine(entry) ? entry.id : (entry.preset_of ?? entry.id),
    auth: AUTH[entry.token_endpoint_auth_method ?? ''] ?? ['body'],
    formats: [entry.token_request_format],
    rotation: rotates || isOneToken ? 'rotating' : 'static',
    graceS: rotates ? (entry.refresh_reuse_grace_s ?? 0) : null,
    reuse: 'refuse',
    accessTtlS: never ? TEN_YEARS_S : (entry.access_token_ttl_s ?? 3600),
    saysExpiry: !never,
    narrows: entry.refresh_scope_downscoping === 'supported',
    scope: entry.default_scopes_example.join(entry.scope_separator),
    prefixes: { access: 'at-', refresh: 'rt-' },
    ...(isOneToken ? { isOneToken: true } : {}),
    config: {
      errors_with_http_200: entry.errors_with_http_200,
      ...(entry.token_response_success_check === null
        ? {}
        : { token_response_success_check: entry.token_response_success_check }),
    },
    entry,
    names: {
      clientId: entry.client_id_param,
      clientSecret: entry.client_secret_param,
      code: entry.code_param,
      scope: entry.scope_param,
      refresh: entry.refresh_token_param,
    },
    grantTypes: { code: forCode, refresh: forRefresh },
    alsoAsked: { code: codeExtras, refresh: refreshExtras },
  };
}

/** The entry's URLs on the simulator: `provider_config` of a connection to it. Its API stays where the facts say. */
export function playedUrlsOf(entry: Descriptor, origin: string): Record<string, string> {
  const at = (what: string) => `${origin}/${entryDialectId(entry.id)}/${what}`;
  const ofInstallation = entry.token_url?.includes('{installation_id}') === true;
  const tokenPath = ofInstallation ? 'app/installations/{installation_id}/access_tokens' : 'token';
  const url = (field: keyof Descriptor, what: string) => (entry[field] == null ? {} : { [field]: at(what) });
  return {
    ...url('request_token_url', 'request_token'),
    ...url('long_lived_url', 'exchange'),
    ...url('authorization_url', 'authorize'),
    ...url('token_url', tokenPath),
    ...url('refresh_url', 'token'),
    ...url('revocation_url', 'revoke'),
    ...url('userinfo_url', 'userinfo'),
    ...url('account_lookup_url', 'lookup'),
  };
}

/** The entry's API on an origin of its own: the same paths there. A part of a path that an account would tell is made up. */
export const playedApiUrls = (entry: Descriptor, origin: string): string[] =>
  entry.api_base_urls.map((url) => {
    const filled = url.replace('{instance_url}', origin).replaceAll(/\{\w+\}/g, 'site-1');
    return `${origin}${new URL(filled).pathname}`.replace(/\/$/, '');
  });

/** Values that a connection to the entry has to be given. */
export function connectionVariablesOf(entry: Descriptor): Record<string, string> {
  const needed = Object.values(entry.url_template_vars).filter(
    ({ stage, required, name }) => stage === 'connection' && required && name !== 'client_id',
  );
  return Object.fromEntries(needed.map((variable) => [variable.name, exampleOf(variable.pattern)]));
}

/** Values that an account at the simulator has: those that the provider tells, and those that nobody does. */
export function accountVariablesOf(entry: Descriptor): Record<string, string> {
  return Object.fromEntries(
    accountOnly(entry).map((variable) => [variable.name, valueOf(variable).value] as const),
  );
}

const accountOnly = (entry: Descriptor): UrlVariable[] =>
  Object.values(entry.url_template_vars).filter(
    ({ stage, default: usual }) => stage === 'account' && usual === null,
  );

/** A host of somebody's own where the pattern takes one: a single label is no public name. */
const exampleOf = (pattern: string): string =>
  new RegExp(pattern).test('acme.example.com') ? 'acme.example.com' : sampleOf(pattern);

/** What the provider says there, and the value that is in it. */
function valueOf({ pattern, extract }: UrlVariable): { text: string; value: string } {
  const text = extract === undefined ? exampleOf(pattern) : sampleOf(extract);
  return { text, value: extract === undefined ? text : (new RegExp(extract).exec(text)?.[1] ?? '') };
}

export type Root = 'id_token' | 'userinfo' | 'token_response' | 'callback' | 'account_lookup';

/** What an account's answers say, by the answer and the path in it. */
export function saidOf(entry: Descriptor, account: string): { root: Root; path: string; value: unknown }[] {
  const label = pathsIn(entry.subject_label_source).map((place) => ({ ...place, value: `The ${account}` }));
  const subject = pathsIn(entry.subject_source).map((place, n, all) => ({
    ...place,
    value: all.length === 1 ? account : `${account}-${n}`,
  }));
  const variables = accountOnly(entry).flatMap((variable) =>
    pathsIn(variable.from ?? null).map((place) => ({ ...place, value: valueOf(variable).text })),
  );
  return [...label, ...subject, ...variables];
}

/** The paths of the first alternative: `a + b` are two. */
function pathsIn(expression: string | null): { root: Root; path: string }[] {
  const first = expression?.split(' | ')[0] ?? '';
  return first.split(' + ').flatMap((text) => {
    const [, root, path = ''] = /^(\w+)\.?(.*)$/.exec(text.trim()) ?? [];
    return root === undefined ? [] : [{ root: root as Root, path }];
  });
}

/** Whether the entry reads the user who has signed in from an id_token. */
export function readsIdToken(entry: Descriptor): boolean {
  return saidOf(entry, '').some(({ root }) => root === 'id_token');
}

/** Of an extra parameter only what is written out can be compared. */
export function isLiteral(template: string): boolean {
  return placeholdersIn(template).length === 0;
}
