/** A plain client of the OAuth server, and the frame in which its tests run: no noise, no error left, all closed. */

import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { startOAuthServer } from '#dev/oauth/server.ts';
import type { OAuthClient, OAuthServer, OAuthServerOptions, TokenCall } from '#dev/oauth/server.ts';

export interface TokenAnswer {
  status: number;
  headers: Headers;
  json: Record<string, unknown>;
}

const running: OAuthServer[] = [];
const noise: string[] = [];

export async function start(options?: OAuthServerOptions): Promise<OAuthServer> {
  const server = await startOAuthServer(options);
  running.push(server);
  return server;
}

export function basic({ clientId, clientSecret }: OAuthClient): Record<string, string> {
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

export async function post(
  server: OAuthServer,
  form: Record<string, string>,
  headers: Record<string, string> = basic(server.client),
  url: string = server.tokenUrl,
): Promise<Response> {
  return await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });
}

export async function refresh(
  server: OAuthServer,
  refreshToken: string,
  more: Record<string, string> = {},
): Promise<TokenAnswer> {
  const response = await post(server, { grant_type: 'refresh_token', refresh_token: refreshToken, ...more });
  const json = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, json };
}

export async function callApi(server: OAuthServer, accessToken: unknown): Promise<Response> {
  return await fetch(server.apiUrl, { headers: { authorization: `Bearer ${String(accessToken)}` } });
}

export function lastCall(server: OAuthServer): TokenCall {
  const call = server.calls.at(-1);
  if (call === undefined) throw new Error('no token request was recorded');
  return call;
}

/** Call once per test file. */
export function watchServers(): void {
  beforeAll(() => {
    for (const method of ['log', 'info', 'warn', 'error'] as const) {
      vi.spyOn(console, method).mockImplementation((...line: unknown[]) => void noise.push(line.join(' ')));
    }
    process.on('warning', (warning) => noise.push(String(warning)));
  });

  afterEach(async () => {
    const errors = running.flatMap((server) => server.errors);
    await Promise.all(running.splice(0).map(async (server) => await server.close()));
    expect(errors).toEqual([]);
  });

  afterAll(() => {
    vi.restoreAllMocks();
    expect(noise).toEqual([]);
  });
}
