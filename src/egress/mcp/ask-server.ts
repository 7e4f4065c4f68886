/**
 * Asks a URL whether it is an MCP server, and whether it wants a token. The question is a `ping`: a server of any
 * revision answers it in JSON-RPC, with a result or an error, and begins no session for it.
 *
 * Sources: Model Context Protocol, Streamable HTTP; JSON-RPC 2.0.
 */

import { guardedFetch } from '../guard/guarded-fetch.ts';
import type { GuardOptions } from '../guard/guard.ts';
import { parseObject } from '../metadata.ts';
import { readChallenge, type Challenge } from './challenge.ts';

const LIMITS = { timeoutMs: 10_000, maxBytes: 64 * 1024 };
const PING = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });

/** `silent`: nothing came, or a failure of the server's own; it says nothing about what is there. */
export type ServerAnswer =
  | { readonly kind: 'wants_token'; readonly challenge: Challenge }
  | { readonly kind: 'open' }
  | { readonly kind: 'no_server' }
  | { readonly kind: 'silent' };

/** Never throws, and returns within 10 s. */
export async function askServer(url: string, options: GuardOptions): Promise<ServerAnswer> {
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'mcp-protocol-version': '2025-06-18',
    'user-agent': 'valetkey',
  };
  const answer = await guardedFetch({ url, method: 'POST', headers, body: PING }, LIMITS, options);
  if (answer.kind === 'failure' || answer.status >= 500) return { kind: 'silent' };
  if (answer.status === 401)
    return { kind: 'wants_token', challenge: readChallenge(answer.headers['www-authenticate']) };
  return { kind: isJsonRpc(answer.body) ? 'open' : 'no_server' };
}

/** A response of JSON-RPC, as the body or as an event of a stream. */
function isJsonRpc(body: string): boolean {
  const events = body.split(/\r\n|\r|\n/).flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? []);
  return [body, ...events].some((text) => {
    const message = parseObject(text);
    return message?.['jsonrpc'] === '2.0' && ('result' in message || 'error' in message);
  });
}
