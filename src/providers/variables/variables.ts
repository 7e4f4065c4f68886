/**
 * Fills the `{variables}` of a descriptor's URLs (a shop, a tenant, the host that a token answer named).
 * All of them end in URLs to which a client secret or a token is sent, so a value that says anything but what its
 * anchored pattern allows is refused, and what was built is parsed again and compared with what was meant.
 * Which hosts may be called at all is the guard's decision, not this file's.
 */

import type { Descriptor, UrlVariable } from '../descriptor.ts';
import { URL_FIELDS, isHttpUrl, placeholdersIn } from '../descriptor.ts';

/** A wrong or missing value, by the path of the request field that should hold it. */
export interface VariableError {
  path: string;
  message: string;
}

export type VariablesApplied =
  | {
      ok: true;
      descriptor: Descriptor;
      /** Variables that only a connected account knows: their URLs stay templates until it is asked again with them. */
      pending: string[];
    }
  | { ok: false; errors: VariableError[] };

/** No host, tenant or id is longer; it also bounds what a pattern has to look at. */
const MAX_VALUE = 512;
/** Unreserved characters of RFC 3986: none of them ends a host, a port, a segment or a query. */
const PLAIN = /^[A-Za-z0-9._~-]+$/;
const LEADING = /^\{([A-Za-z_][A-Za-z0-9_]*)\}/;

/**
 * Expands every URL of a descriptor, and what else names its variables: extra parameters and the header.
 *
 * Values come from `variables`, then from the variable's default; `{client_id}` comes from `clientId`. A required one
 * that is missing, or one that does not match, is an error at `variables.<name>` (or `client_id`). A URL whose optional variable has no
 * value is left out. Undeclared names in `variables` are ignored, so captured values may be handed in as they are.
 */
export function applyVariables(
  descriptor: Descriptor,
  variables: Readonly<Record<string, string>>,
  clientId?: string,
): VariablesApplied {
  const errors: VariableError[] = [];
  const pending = new Set<string>();
  const absent = new Set<string>();
  const values = new Map<string, string>();
  for (const [name, variable] of Object.entries(descriptor.url_template_vars)) {
    const given = name === 'client_id' ? clientId : ownValue(variables, name);
    const value = given ?? variable.default;
    if (value === null || value === undefined) {
      if (variable.stage === 'account' || name === 'client_id') pending.add(name);
      else if (variable.required) errors.push(errorAt(name, 'is required'));
      else absent.add(name);
    } else if (!isValueOf(variable, value))
      errors.push(errorAt(name, `does not have the form that this provider needs: ${variable.pattern}`));
    else values.set(name, value);
  }

  const expand = (template: string): string | null => {
    const names = placeholdersIn(template);
    if (names.some((name) => absent.has(name))) return null;
    if (names.some((name) => !values.has(name))) return template;
    const built = expandUrl(template, values);
    if (built !== null) return built;
    errors.push(...names.map((name) => errorAt(name, 'would change what the URL means')));
    return null;
  };
  const urls = Object.fromEntries(
    URL_FIELDS.map((field) => [field, descriptor[field] === null ? null : expand(descriptor[field])]),
  ) as Pick<Descriptor, (typeof URL_FIELDS)[number]>;
  for (const field of ['authorization_url', 'token_url'] as const) {
    if (descriptor[field] === null || urls[field] !== null) continue;
    const missing = placeholdersIn(descriptor[field]).filter((name) => absent.has(name));
    errors.push(...missing.map((name) => errorAt(name, `is required by ${field}`)));
  }
  const apiBaseUrls = descriptor.api_base_urls.map(expand).filter((url) => url !== null);
  if (errors.length > 0) return { ok: false, errors: distinctErrors(errors) };

  const open = new Set(
    [...URL_FIELDS.map((field) => urls[field] ?? ''), ...apiBaseUrls].flatMap(placeholdersIn),
  );
  const fillParams = (params: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(params).map(([name, text]) => [name, substitute(text, values)]));
  // A value that is more than a plain word stays a placeholder: the header is then refused where it is built.
  const fillHeader = (template: string): string =>
    substitute(template, new Map([...values].filter(([, value]) => PLAIN.test(value))));
  return {
    ok: true,
    pending: [...pending].filter((name) => open.has(name)),
    descriptor: {
      ...descriptor,
      ...urls,
      api_base_urls: apiBaseUrls,
      token_header: descriptor.token_header === null ? null : fillHeader(descriptor.token_header),
      extra_authorization_params: fillParams(descriptor.extra_authorization_params),
      extra_token_params: fillParams(descriptor.extra_token_params),
      extra_refresh_params: fillParams(descriptor.extra_refresh_params),
      ...(descriptor.assertion === undefined
        ? {}
        : { assertion: { ...descriptor.assertion, claims: fillParams(descriptor.assertion.claims) } }),
      url_template_vars: Object.fromEntries(
        Object.entries(descriptor.url_template_vars).filter(([name]) => open.has(name)),
      ),
    },
  };
}

/** `client_id` is a field of the connection itself. */
const errorAt = (name: string, message: string): VariableError => ({
  path: name === 'client_id' ? name : `variables.${name}`,
  message,
});

const distinctErrors = (errors: readonly VariableError[]): VariableError[] =>
  [...new Map(errors.toReversed().map((error) => [error.path, error])).values()].toReversed();

function ownValue(values: Readonly<Record<string, string>>, name: string): string | undefined {
  const value: unknown = Object.hasOwn(values, name) ? values[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** The pattern must take the whole value: an unanchored alternative (`^a|b$`) accepts a part, which is not enough. */
export function isValueOf(variable: UrlVariable, value: string): boolean {
  if (value.length > MAX_VALUE) return false;
  return new RegExp(variable.pattern).exec(value)?.[0] === value;
}

const substitute = (text: string, values: ReadonlyMap<string, string>): string =>
  text.replace(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => values.get(name) ?? whole);

/** The URL with its values, or null where one of them would be more than the piece that the template leaves open. */
function expandUrl(template: string, values: ReadonlyMap<string, string>): string | null {
  const leading = LEADING.exec(template)?.[1];
  if (leading !== undefined && !isOrigin(values.get(leading) ?? '')) return null;
  const rest = leading === undefined ? template : template.slice(leading.length + 2);
  for (const name of placeholdersIn(rest)) {
    const value = values.get(name) ?? '';
    // A segment of dots would climb the path; in a host it would make empty labels.
    if (!PLAIN.test(value) || /^\.+$/.test(value)) return null;
  }
  const text = substitute(template, values);
  return meansWhatItSays(text) ? text : null;
}

/** A whole origin (and path) from a trusted answer: https, nothing but host and path, written in its only spelling. */
function isOrigin(value: string): boolean {
  return /^https:\/\/[A-Za-z0-9.-]+(?:\/[A-Za-z0-9._~/-]*)?$/.test(value) && meansWhatItSays(value);
}

/**
 * Whether the parser reads the same host, port and path that the text shows: `0x7f.1`, full-width digits, `a..b`,
 * `..` segments and user names all come out differently.
 */
function meansWhatItSays(text: string): boolean {
  if (!isHttpUrl(text)) return false;
  const parsed = new URL(text);
  const [, authority = '', path = ''] = /^https?:\/\/([^/?#]*)([^?#]*)/i.exec(text) ?? [];
  const [host = '', port = ''] = authority.split(':');
  const labels = host.split('.');
  return (
    parsed.username === '' &&
    parsed.password === '' &&
    parsed.hostname === host.toLowerCase() &&
    (parsed.port === port || parsed.port === '') &&
    labels.every((label) => label !== '') &&
    (parsed.pathname === path || path === '')
  );
}
