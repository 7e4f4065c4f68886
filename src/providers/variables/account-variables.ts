/**
 * The `{variables}` that belong to one account (an instance, a site, a company): what the provider's answers say, what
 * an operator gave, and the URLs that come of both. Pure. A value that is not what its pattern allows counts as unknown;
 * where the provider's word and the operator's name different hosts, the provider's holds. Of several sites none is
 * guessed: an operator gives the value.
 */

import type { Descriptor, UrlVariable } from '../descriptor.ts';
import { hostVariablesIn, placeholdersIn } from '../descriptor.ts';
import { firstTextOf, needs, type VariableFacts } from '../identity.ts';
import { inRegion } from './region.ts';
import { applyVariables, isValueOf } from './variables.ts';

export interface AccountValues {
  /** From the provider's answers and the callback, by the variable's name or by the path that it stood at. */
  readonly captured: Readonly<Record<string, string>>;
  /** From an operator, by the variable's name. */
  readonly given: Readonly<Record<string, string>>;
}

/** Variables that only an account knows and some URL of the descriptor needs. */
export function accountVariablesOf(descriptor: Descriptor): UrlVariable[] {
  const variables = Object.values(descriptor.url_template_vars);
  return variables.filter(({ stage, default: usual }) => stage === 'account' && usual === null);
}

/** Those of them that the facts tell, each as its pattern allows it. */
export function variablesTold(descriptor: Descriptor, facts: VariableFacts): Record<string, string> {
  return valuesOf(descriptor, ({ from }) => [from === undefined ? null : firstTextOf(from, facts)]);
}

/** Whether a source could still tell a variable that is not known yet. */
export function isUnknownFrom(
  descriptor: Descriptor,
  source: 'userinfo' | 'account_lookup',
  captured: Readonly<Record<string, string>>,
): boolean {
  const known = knownOf(descriptor, { captured, given: {} });
  return accountVariablesOf(descriptor).some(
    ({ name, from }) => !Object.hasOwn(known, name) && needs(from ?? null, source),
  );
}

/**
 * Whether asking the provider with an access token could tell a required variable that neither it nor an operator has
 * told yet. For an optional one alone it is not asked: a value that never comes would be asked for at every refresh.
 *
 * @param withIdToken the answer may bring an id_token
 */
export function couldTellVariables(
  descriptor: Descriptor,
  values: AccountValues,
  withIdToken = false,
): boolean {
  const known = knownOf(descriptor, values);
  return accountVariablesOf(descriptor).some(
    ({ name, from = null, required }) =>
      required &&
      !Object.hasOwn(known, name) &&
      ((descriptor.userinfo_url !== null && needs(from, 'userinfo')) ||
        (descriptor.account_lookup_url !== null && needs(from, 'account_lookup')) ||
        (withIdToken && needs(from, 'id_token'))),
  );
}

/**
 * Of what was told, the variables that were not known before, neither by the provider's word nor by an operator's. One
 * that is known is never changed here, and nothing is taken that a browser had a say in: both need a confirmation.
 *
 * @param told the values as they are with the answer, and the part of them that only the browser says
 */
export function newlyTold(
  descriptor: Descriptor,
  before: AccountValues,
  told: { readonly captured: AccountValues['captured']; readonly ofBrowser: AccountValues['captured'] },
): Record<string, string> {
  const known = knownOf(descriptor, before);
  const own = Object.entries(told.captured).filter(([name]) => !Object.hasOwn(told.ofBrowser, name));
  const now = valuesOf(descriptor, ({ name }) => [textAt(Object.fromEntries(own), name)]);
  return Object.fromEntries(Object.entries(now).filter(([name]) => !Object.hasOwn(known, name)));
}

/** The descriptor with this account's values in its URLs; a URL with an unknown value stays a template. */
export function fillAccount(descriptor: Descriptor, values: AccountValues): Descriptor {
  const known = knownOf(descriptor, values);
  const here = inRegion(descriptor, values.captured);
  if (Object.keys(known).length === 0) return here;
  const applied = applyVariables(here, known);
  return applied.ok ? applied.descriptor : here;
}

export interface AccountUrls {
  /** Filled, in the descriptor's order. */
  readonly apiBaseUrls: readonly string[];
  /** Required variables without which one of them is not known. */
  readonly missing: readonly string[];
}

/** The addresses of this account's API. */
export function accountUrls(descriptor: Descriptor, values: AccountValues): AccountUrls {
  const { api_base_urls: urls } = fillAccount(descriptor, values);
  const open = [...new Set(urls.flatMap(placeholdersIn))];
  return {
    apiBaseUrls: urls.filter((url) => placeholdersIn(url).length === 0),
    missing: open.filter((name) => descriptor.url_template_vars[name]?.required !== false),
  };
}

/** Why a value that an operator gives is refused; null: it is not. */
export function givenProblem(descriptor: Descriptor, name: string, value: string): string | null {
  const variable = accountVariablesOf(descriptor).find((one) => one.name === name);
  if (variable === undefined) return 'is not a variable of an account of this connection';
  if (!isValueOf(variable, value)) return `does not have the form that is needed: ${variable.pattern}`;
  const applied = applyVariables(descriptor, { [name]: value });
  return applied.ok ? null : 'would change what a URL means';
}

/** Whether one of these addresses leads to another host than before; one that was not known may become anything. */
export function changesHost(
  descriptor: Descriptor,
  captured: AccountValues['captured'],
  before: AccountValues['given'],
  after: AccountValues['given'],
): boolean {
  const hosts = (given: AccountValues['given']) =>
    fillAccount(descriptor, { captured, given }).api_base_urls.map(hostOf);
  const then = hosts(after);
  return hosts(before).some((host, n) => host !== null && host !== then[n]);
}

/** Null where it is not known. */
function hostOf(url: string): string | null {
  return hostVariablesIn(url).length > 0 ? null : new URL(url.replaceAll(/[{}]/g, '')).host;
}

/** The provider's own word about a host comes first: the operator's is for what it did not say, and for paths. */
function knownOf(descriptor: Descriptor, { captured, given }: AccountValues): Record<string, string> {
  const own = valuesOf(
    descriptor,
    // A refresh brings values anew by their path; under the name stands what the connect took out of them.
    ({ name, from }) => [...pathTexts(captured, from ?? ''), textAt(captured, name)],
  );
  const said = valuesOf(descriptor, ({ name }) => [textAt(given, name)]);
  const urls = [...descriptor.api_base_urls, descriptor.userinfo_url ?? ''];
  const hosts = new Set(urls.flatMap(hostVariablesIn));
  const kept = Object.entries(own).filter(([name]) => hosts.has(name) || !Object.hasOwn(said, name));
  return { ...said, ...Object.fromEntries(kept) };
}

function valuesOf(
  descriptor: Descriptor,
  read: (variable: UrlVariable) => readonly (string | null)[],
): Record<string, string> {
  const values = accountVariablesOf(descriptor).flatMap((variable): [string, string][] => {
    const value = read(variable)
      .map((text) => valueIn(descriptor, variable, text))
      .find((one) => one !== null);
    return value === undefined ? [] : [[variable.name, value]];
  });
  return Object.fromEntries(values);
}

function valueIn(descriptor: Descriptor, variable: UrlVariable, text: string | null): string | null {
  if (text === null) return null;
  // A value that was taken out of a text before is kept as it is.
  const value = isValueOf(variable, text) ? text : extracted(variable, text);
  return value !== null && applyVariables(descriptor, { [variable.name]: value }).ok ? value : null;
}

function extracted(variable: UrlVariable, text: string): string | null {
  if (variable.extract === undefined || text.length > MAX_TEXT) return null;
  const value = new RegExp(variable.extract).exec(text)?.[1];
  return value !== undefined && isValueOf(variable, value) ? value : null;
}

const MAX_TEXT = 512;

const textAt = (values: Readonly<Record<string, string>>, name: string): string | null =>
  Object.hasOwn(values, name) ? (values[name] ?? null) : null;

/** Values are kept by the path within their answer: `token_response.team.id` as `team.id`. */
function pathTexts(captured: AccountValues['captured'], from: string): (string | null)[] {
  return from.split(' | ').map((path) => textAt(captured, path.trim().replace(/^\w+\./, '')));
}
