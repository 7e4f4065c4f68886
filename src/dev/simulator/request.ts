/**
 * A request to a token endpoint: read, and compared with what the dialect's documents allow. It refuses what they do
 * not say, so that a client which is right by luck does not pass here.
 */

import type { IncomingMessage } from 'node:http';
import type { Dialect } from './dialects.ts';

/** Nobody's token request is longer. */
const MAX_BYTES = 64 * 1024;

export interface TokenRequest {
  readonly format: 'form' | 'json' | 'other';
  readonly fields: Readonly<Record<string, string>>;
  /** A parameter came twice (RFC 6749, section 3.2), or in the query. */
  readonly misplaced: boolean;
  readonly auth: 'basic' | 'body' | 'both' | 'none';
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  readonly wantsJson: boolean;
}

/** @returns null where the body is too long or broke off */
export async function readTokenRequest(request: IncomingMessage, url: URL): Promise<TokenRequest | null> {
  const text = await readText(request);
  if (text === null) return null;
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const format =
    type === 'application/x-www-form-urlencoded' ? 'form' : type === 'application/json' ? 'json' : 'other';
  const pairs = pairsOf(format, text);
  const names = pairs.map(([name]) => name);
  const fields = Object.fromEntries(pairs);
  const basic = basicOf(request.headers.authorization ?? '');
  const inBody = fields['client_secret'] !== undefined;
  return {
    format,
    fields,
    misplaced: new Set(names).size !== names.length || [...url.searchParams.keys()].length > 0,
    auth: basic === null ? (inBody ? 'body' : 'none') : inBody ? 'both' : 'basic',
    clientId: basic?.id ?? fields['client_id'] ?? null,
    clientSecret: basic?.secret ?? fields['client_secret'] ?? null,
    wantsJson: /\bapplication\/json\b/.test(request.headers.accept ?? ''),
  };
}

export async function readText(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_BYTES) return null;
      chunks.push(chunk as Buffer);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function pairsOf(format: TokenRequest['format'], text: string): [name: string, value: string][] {
  if (format === 'form') return [...new URLSearchParams(text)];
  if (format === 'other') return [];
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    return Object.entries(value).flatMap(([name, one]) => (typeof one === 'string' ? [[name, one]] : []));
  } catch {
    return [];
  }
}

/** RFC 6749, section 2.3.1: both halves are form-encoded before they are put together. */
function basicOf(authorization: string): { id: string; secret: string } | null {
  const encoded = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  const [id = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  const plain = (text: string) => new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? '';
  return { id: plain(id), secret: plain(rest.join(':')) };
}

/** What the documents do not allow: the client (`client`), or the request, by the code of RFC 6749. */
export type RequestProblem = 'client' | 'invalid_request' | 'unsupported_grant_type' | 'invalid_scope';

export function problemOf(
  dialect: Dialect,
  request: TokenRequest,
  client: { readonly clientId: string; readonly clientSecret: string },
  granted: string,
): RequestProblem | null {
  if (request.misplaced || request.format === 'other' || !dialect.formats.includes(request.format))
    return 'invalid_request';
  if (request.auth === 'both') return 'invalid_request';
  if (request.auth === 'none' || !dialect.auth.includes(request.auth)) return 'client';
  if (request.clientId !== client.clientId || request.clientSecret !== client.clientSecret) return 'client';
  const { grant_type: grantType, scope } = request.fields;
  if (grantType === 'authorization_code') {
    return request.fields['code'] === undefined ? 'invalid_request' : null;
  }
  if (grantType !== 'refresh_token') return 'unsupported_grant_type';
  if (request.fields['refresh_token'] === undefined) return 'invalid_request';
  if (scope === undefined) return null;
  const had = new Set(namesIn(granted));
  return dialect.narrows && namesIn(scope).every((name) => had.has(name)) ? null : 'invalid_scope';
}

export const namesIn = (scope: string): string[] => scope.split(/[\s,]+/).filter((name) => name !== '');
