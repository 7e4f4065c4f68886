/** A call to an API through the broker's proxy: no credential is ever in the process. */

import type { Waiting } from '../errors/errors.ts';
import { errorOf } from '../errors/of-answer.ts';
import type { Settings } from '../settings.ts';

export interface Whose {
  readonly connection: string;
  readonly identifier: string | undefined;
  readonly organization: string | undefined;
}

/** What an answer carries that the API gave, whatever its status. */
const FROM_API = 'x-valetkey-upstream';

/**
 * The API's own answer, whatever its status. Never repeated here: the broker itself sends once more what may be.
 * @param path of the API, or an absolute URL, of which the broker checks the base
 * @throws ValetkeyError for a refusal of the broker
 */
export async function throughProxy(
  settings: Settings,
  waiting: Waiting,
  proof: Readonly<Record<string, string>>,
  { connection, identifier, organization }: Whose,
  path: string,
  init: RequestInit,
): Promise<Response> {
  const headers = new Headers(init.headers);
  for (const [name, value] of Object.entries(proof)) headers.set(name, value);
  if (identifier !== undefined) headers.set('x-valetkey-identifier', encodeURIComponent(identifier));
  if (organization !== undefined) headers.set('x-valetkey-organization', organization);
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(path) ? new URL(path) : null;
  if (absolute !== null) headers.set('x-valetkey-base-url', absolute.origin);
  const rest =
    absolute === null ? path.replace(/^\/+/, '') : `${absolute.pathname.slice(1)}${absolute.search}`;
  const front = `${settings.url}/v1/agents/self/proxy/${encodeURIComponent(connection)}`;
  const response = await settings.fetch(`${front}/${rest}`, { ...init, headers, redirect: 'manual' });
  if (response.headers.get(FROM_API) === 'true') return response;
  throw errorOf(response, await response.text(), waiting);
}
