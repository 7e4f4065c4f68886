/**
 * Turns a descriptor's `token_query` template into the parameters with which an API takes a credential in the URL.
 * Template: `name=value`, several separated by `&`; `{name}` is filled in. Values are plain here: the caller that puts
 * them into a URL encodes them. What cannot be filled in yields null, not an error, and nothing is logged.
 */

import { fillTemplate, isPlainText } from '../requests/headers.ts';

const MAX_PARAMETERS = 10;

/** Names and value patterns of a template, or null where it is not one. */
function parseTokenQuery(template: string): { name: string; pattern: string }[] | null {
  const parts = template.split('&').map((part) => /^([\w.~-]{1,64})=([\x21-\x7e]{1,200})$/.exec(part));
  const parameters = parts.map((match) => ({ name: match?.[1] ?? '', pattern: match?.[2] ?? '' }));
  // APIs differ in whether capital letters make another name.
  const names = new Set(parameters.map(({ name }) => name.toLowerCase()));
  const isWhole = !names.has('') && names.size === parameters.length && parameters.length <= MAX_PARAMETERS;
  return isWhole ? parameters : null;
}

/** Whether a text is such a template. */
export function isTokenQuery(template: string): boolean {
  return parseTokenQuery(template) !== null;
}

/**
 * The parameters for a credential, by name.
 *
 * @param template the descriptor's `token_query`; null: the API takes no parameter, so `{}`.
 * @param values the credential's fields and captured values, as for its headers.
 * @returns null where a value is missing, empty or not a plain text.
 */
export function credentialQuery(
  template: string | null,
  values: Readonly<Record<string, string>>,
): Record<string, string> | null {
  if (template === null) return {};
  const parsed = parseTokenQuery(template);
  if (parsed === null) return null;
  const query: Record<string, string> = {};
  for (const { name, pattern } of parsed) {
    const value = fillTemplate(pattern, values, isPlainText);
    if (value === null || value === '') return null;
    query[name] = value;
  }
  return query;
}
