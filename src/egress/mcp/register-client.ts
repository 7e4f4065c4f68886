/**
 * Registers a client of ours at an authorization server, unasked by anybody there (RFC 7591). What comes back is bounded
 * like a client that an operator gives by hand; its secret is for one place alone, the connection's.
 */

import { err, ok, type Result } from '#lib/result.ts';
import { guardedFetch } from '../guard/guarded-fetch.ts';
import type { GuardOptions } from '../guard/guard.ts';
import { parseObject } from '../metadata.ts';

const LIMITS = { timeoutMs: 10_000, maxBytes: 64 * 1024 };
const METHODS = ['client_secret_basic', 'client_secret_post', 'none'] as const;
type Method = (typeof METHODS)[number];

export interface RegisteredClient {
  readonly clientId: string;
  /** Null: a public client. */
  readonly clientSecret: string | null;
  readonly authMethod: Method;
  /** When the server ends the secret (epoch s); null: it does not. */
  readonly secretEndsAtS: number | null;
}

/** The metadata of our client, as it is registered or published (RFC 7591, section 2). */
export function clientMetadata(redirectUri: string, authMethod: Method) {
  return {
    client_name: 'Valetkey',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: authMethod,
    application_type: 'web',
  };
}

/** @returns the client, or what to tell an operator; nothing that the server wrote is in it */
export async function registerClient(
  endpoint: string,
  client: { readonly redirectUri: string; readonly authMethod: Method },
  options: GuardOptions,
): Promise<Result<RegisteredClient, string>> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const body = JSON.stringify(clientMetadata(client.redirectUri, client.authMethod));
  const answer = await guardedFetch({ url: endpoint, method: 'POST', headers, body }, LIMITS, options);
  if (answer.kind === 'failure') return err('does not answer');
  if (answer.status !== 201 && answer.status !== 200) return err(`refused with status ${answer.status}`);
  const made = answer.truncated ? null : parseObject(answer.body);
  const registered = made === null ? null : readClient(made, client.authMethod);
  return registered === null ? err('answered with no client that can be used') : ok(registered);
}

function readClient(made: Readonly<Record<string, unknown>>, asked: Method): RegisteredClient | null {
  const { client_id: clientId, client_secret: secret, client_secret_expires_at: endsAtS } = made;
  if (!isPrintable(clientId, 1024)) return null;
  if (secret !== undefined && secret !== null && !isPrintable(secret, 4096)) return null;
  const told = METHODS.find((method) => method === (made['token_endpoint_auth_method'] ?? asked));
  if (told === undefined) return null;
  const clientSecret = told === 'none' || typeof secret !== 'string' ? null : secret;
  if (clientSecret === null && told !== 'none') return null;
  return {
    clientId,
    clientSecret,
    authMethod: told,
    secretEndsAtS: typeof endsAtS === 'number' && endsAtS > 0 ? endsAtS : null,
  };
}

/** RFC 6749, appendix A.1 and A.2. */
function isPrintable(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most && /^[\x20-\x7e]+$/.test(value);
}
