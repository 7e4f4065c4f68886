/** Typed HTTP for black-box tests: an operator and an agent who know nothing but the contract. */

import { request as undici, Agent as HttpAgent } from 'undici';
import { checkPublished } from './published.ts';

export interface Reply<T = any> {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: T;
  readonly text: string;
}

/** Many sockets, so that a herd is one; keep-alive, so that it is quick. */
const dispatcher = new HttpAgent({
  connections: 1200,
  pipelining: 1,
  headersTimeout: 60_000,
  bodyTimeout: 60_000,
});

export async function call(
  method: string,
  url: string,
  options: {
    key?: string | null;
    body?: unknown;
    headers?: Record<string, string>;
    raw?: string;
    /** The near end of the connection: another address of loopback is another client. */
    localAddress?: string;
  } = {},
): Promise<Reply> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.key) headers['authorization'] = `Bearer ${options.key}`;
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  if (body !== undefined) headers['content-type'] ??= 'application/json';
  const near = options.localAddress ? new HttpAgent({ localAddress: options.localAddress }) : null;
  const answer = await undici(url, {
    method: method as 'GET',
    headers,
    body: body ?? null,
    dispatcher: near ?? dispatcher,
  });
  const text = await answer.body.text();
  await near?.close();
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) flat[name] = String(value);
  let parsed: unknown = null;
  try {
    parsed = text === '' ? null : JSON.parse(text);
  } catch {
    parsed = null;
  }
  const reply = { status: answer.statusCode, headers: flat, body: parsed, text };
  await checkPublished(method, url, reply);
  return reply;
}

export interface Client {
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  put(path: string, body?: unknown): Promise<Reply>;
  patch(path: string, body?: unknown): Promise<Reply>;
  delete(path: string): Promise<Reply>;
}

export function client(baseUrl: string, key: string | null): Client {
  const send = (method: string) => (path: string, body?: unknown, headers?: Record<string, string>) =>
    call(method, baseUrl + path, { key, body, ...(headers ? { headers } : {}) });
  return {
    get: (path, headers) => call('GET', baseUrl + path, { key, ...(headers ? { headers } : {}) }),
    post: send('POST'),
    put: send('PUT'),
    patch: send('PATCH'),
    delete: (path) => call('DELETE', baseUrl + path, { key }),
  };
}
