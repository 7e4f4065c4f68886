/**
 * A request to a token endpoint: read, and compared with what the dialect's documents allow. It refuses what they do
 * not say, so that a client which is right by luck does not pass here.
 */

import type { IncomingMessage } from 'node:http';
import type { Dialect } from './dialects/dialect.ts';

const STANDARD = { clientId: 'client_id', clientSecret: 'client_secret', code: 'code', scope: 'scope' };
const STANDARD_GRANTS = { code: 'authorization_code', refresh: 'refresh_token' };

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** No token request is longer. */
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
  /** A GET: its parameters stand in the URL, and no client proves itself. */
  readonly isQuery: boolean;
}

/** @returns null where the body is too long or broke off */
export async function readTokenRequest(
  request: IncomingMessage,
  url: URL,
  { names: { clientId: idName, clientSecret: secretName } = STANDARD }: Pick<Dialect, 'names'> = {},
): Promise<TokenRequest | null> {
  const isQuery = request.method === 'GET';
  const text = isQuery ? url.search.slice(1) : await readText(request);
  if (text === null) return null;
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const format =
    isQuery || type === 'application/x-www-form-urlencoded'
      ? 'form'
      : type === 'application/json'
        ? 'json'
        : 'other';
  const pairs = pairsOf(format, text);
  const names = pairs.map(([name]) => name);
  const fields = Object.fromEntries(pairs);
  const basic = basicOf(request.headers.authorization ?? '');
  const inBody = fields[secretName] !== undefined;
  return {
    format,
    fields,
    misplaced: new Set(names).size !== names.length || (!isQuery && [...url.searchParams.keys()].length > 0),
    isQuery,
    auth: basic === null ? (inBody ? 'body' : 'none') : inBody ? 'both' : 'basic',
    clientId: basic?.id ?? fields[idName] ?? null,
    clientSecret: basic?.secret ?? fields[secretName] ?? null,
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
  if (request.isQuery ? request.auth !== 'none' : clientProblem(dialect, request, client)) return 'client';
  const { names = STANDARD, grantTypes = STANDARD_GRANTS, alsoAsked } = dialect;
  const { grant_type: grantType } = request.fields;
  if (grantType === grantTypes.code && request.fields[names.code] !== undefined)
    return lacks(request, alsoAsked?.code) ? 'invalid_request' : null;
  const exchange = dialect.entry?.token_exchange_params;
  if (exchange !== undefined && grantType === TOKEN_EXCHANGE)
    return request.fields['subject_token'] === undefined || lacks(request, exchange)
      ? 'invalid_request'
      : null;
  if (grantType === grantTypes.code) return 'invalid_request';
  if (grantType !== grantTypes.refresh) return 'unsupported_grant_type';
  if (
    request.fields[dialect.names?.refresh ?? 'refresh_token'] === undefined ||
    lacks(request, alsoAsked?.refresh)
  )
    return 'invalid_request';
  const scope = request.fields[names.scope];
  if (scope === undefined || alsoAsked?.refresh[names.scope] === scope) return null;
  const had = new Set(namesIn(granted));
  return dialect.narrows && namesIn(scope).every((name) => had.has(name)) ? null : 'invalid_scope';
}

/** The client has not proved itself as the documents want it. */
export function clientProblem(
  dialect: Dialect,
  request: TokenRequest,
  client: { readonly clientId: string; readonly clientSecret: string },
): boolean {
  if (request.auth === 'both' || !dialect.auth.includes(request.auth)) return true;
  if (!isClient(client, request.clientId)) return true;
  return request.auth !== 'none' && request.clientSecret !== client.clientSecret;
}

/** The client, or one that bears its name and one of its own behind a dot: registrations that share nothing. */
export function isClient(client: { readonly clientId: string }, id: string | null): boolean {
  return id === client.clientId || id?.startsWith(`${client.clientId}.`) === true;
}

/** A parameter is missing, is another, or was never filled in. */
function lacks(request: TokenRequest, wanted: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(wanted).some(([name, template]) => {
    const value = request.fields[name];
    const isFixed = !template.includes('{');
    return value === undefined || value.includes('{') || (isFixed && value !== template);
  });
}

export const namesIn = (scope: string): string[] => scope.split(/[\s,]+/).filter((name) => name !== '');
