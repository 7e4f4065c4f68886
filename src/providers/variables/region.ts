/**
 * A provider whose servers stand in several regions sends the browser back with the region of its user: tokens of that
 * user are asked for, renewed and ended there alone. The browser brings the value, so it is only compared: the host comes
 * from the facts, and an endpoint moves from one host of the provider to another. Pure.
 */

import type { Descriptor } from '../descriptor.ts';

/** Where a user is sent is not known before the answer; everything that is called afterwards is of the region. */
const OF_A_REGION = ['token_url', 'refresh_url', 'revocation_url', 'userinfo_url'] as const;

/** The descriptor as it holds for this account's region; the same one where the callback named none that is known. */
export function inRegion(descriptor: Descriptor, captured: Readonly<Record<string, string>>): Descriptor {
  const { region } = descriptor;
  if (region === undefined) return descriptor;
  const { param, hosts } = region;
  const value = Object.hasOwn(captured, param) ? captured[param] : undefined;
  const host = value !== undefined && Object.hasOwn(hosts, value) ? hosts[value] : undefined;
  if (host === undefined) return descriptor;
  const own = new Set(Object.values(hosts));
  const there = (url: string): string => {
    const [, at = '', rest = ''] = /^https:\/\/([^/?#{}]+)(.*)$/s.exec(url) ?? [];
    return own.has(at) ? `https://${host}${rest}` : url;
  };
  const moved = OF_A_REGION.map((field) => {
    const url = descriptor[field];
    return [field, url === null ? null : there(url)] as const;
  });
  return {
    ...descriptor,
    ...Object.fromEntries(moved),
    api_base_urls: descriptor.api_base_urls.map(there),
  };
}
