/**
 * Whether the hosts of a provider are the catalogue's word, which is a fact, or the word of the operator that makes the
 * connection. A variable that can only become a part of the provider's own domain leaves its host a fact.
 */

import { findDescriptor } from '../catalogue/catalogue.ts';
import { URL_FIELDS, type Descriptor } from '../descriptor.ts';

/** A value that is a host, or an URL, of somebody else; a pattern that takes it takes any. */
const FOREIGN = ['foreign-host.example', 'https://foreign-host.example', 'https://foreign-host.example/'];

/** True for `custom`, for what is not in the catalogue, and where a variable can name a host of any domain. */
export function areHostsGiven(provider: string): boolean {
  const descriptor = findDescriptor(provider);
  if (descriptor === undefined) return true;
  const templates = [...URL_FIELDS.map((field) => descriptor[field]), ...descriptor.api_base_urls];
  return templates.some((template) => template !== null && isHostOpen(template, descriptor));
}

/** Only what a host ends with can make another domain of it. */
function isHostOpen(template: string, descriptor: Descriptor): boolean {
  const name = /^(?:\{(\w+)\}|https:\/\/[^/?#]*\{(\w+)\}(?:[/?#:]|$))/.exec(template)?.slice(1).find(Boolean);
  const variable = name === undefined ? undefined : descriptor.url_template_vars[name];
  return variable !== undefined && FOREIGN.some((value) => new RegExp(variable.pattern).test(value));
}
