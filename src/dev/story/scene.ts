/**
 * What every step of the story stands on: who plays, where, and the short ways of an operator and an agent to the
 * broker. A step checks with `must` before it tells. Holds no step of its own.
 */

import type { CookieBrowser } from './cookie-browser.ts';
import { call, type Reply } from './http-call.ts';
import type { OAuthServer, TokenCall } from '../oauth/server.ts';
import type { StoryApp } from './app.ts';
import type { Terminal } from './terminal.ts';

export interface Stage {
  /** Where the broker answers; the same before and after a restart. */
  readonly url: string;
  readonly adminKey: string;
  readonly provider: OAuthServer;
  readonly app: StoryApp;
  readonly terminal: Terminal;
  /** kill -9 of the broker, engine and all. */
  killBroker(): Promise<void>;
  /** Starts it again on the same data. */
  restartBroker(): Promise<void>;
}

/** The names in the story. They are new in every run, so that stories on the same data never meet. */
export interface Cast {
  readonly connection: string;
  readonly identifier: string;
  /** For a reader of the story who connects an account of their own afterwards. */
  readonly reader: string;
  readonly agentId: string;
  agentKey: string;
  accountId: string;
  endpointId: string;
  /** Of the connection, as the provider has to know it. */
  redirectUri: string;
  /** At the provider; of the last connect. */
  grantId: string;
  /** The `reauth_url` of the last incident. */
  repairUrl: string;
}

export interface Scene extends Stage {
  readonly cast: Cast;
  /** Of the user whose account it is. */
  readonly browser: CookieBrowser;
  /** A line on screen; the first of a step stands beside its word. */
  tell(text: string): void;
}

/** A step that did not come out as told. Holds no credential. */
export class StoryFailure extends Error {
  override readonly name = 'StoryFailure';
}

/** The grace after a rotation, in which the provider answers the old refresh token once more. */
export const GRACE_S = 600;

/** The names of one run; `suffix` makes them new. */
export function castOf(suffix: string): Cast {
  return {
    connection: `story-${suffix}`,
    identifier: 'user_1',
    reader: 'you',
    agentId: `story-${suffix}`,
    agentKey: '',
    accountId: '',
    endpointId: '',
    redirectUri: '',
    grantId: '',
    repairUrl: '',
  };
}

/** @throws StoryFailure where it does not hold; `got` must not be a credential */
export function must(holds: boolean, told: string, got: unknown): asserts holds {
  if (!holds) throw new StoryFailure(`${told}; got ${typeof got === 'string' ? got : JSON.stringify(got)}`);
}

/** Of an answer only what is never a credential. */
export function gist({ status, body }: Reply): string {
  const errors = body['errors'] === undefined ? undefined : JSON.stringify(body['errors']);
  const parts = [status, body['code'], body['reason'], body['detail'], errors];
  return parts.filter((part) => part !== undefined).join(' ');
}

export const ms = (value: number): string => `${Math.round(value).toLocaleString('en')} ms`;
export const seconds = (value: number): string => `${(value / 1000).toFixed(1)} s`;

export const operator = ({ url, adminKey }: Scene, method: 'GET' | 'POST', path: string, body?: unknown) =>
  call(method, url + path, adminKey, body);

export function askForToken({ url, cast }: Scene, query: Record<string, string> = {}): Promise<Reply> {
  const search = new URLSearchParams({ identifier: cast.identifier, ...query }).toString();
  return call(
    'GET',
    `${url}/v1/agents/${cast.agentId}/credentials/${cast.connection}?${search}`,
    cast.agentKey,
  );
}

/** Refreshes of the account that reached the provider since the count stood at `from`. */
export const refreshes = ({ provider, cast }: Scene, from = 0): TokenCall[] =>
  provider.calls
    .filter((made) => made.grantId === cast.grantId && made.grantType === 'refresh_token')
    .slice(from);

/** The access token ends now, as it would by itself after its 90 seconds. */
export async function expire(scene: Scene): Promise<void> {
  const expired = await operator(scene, 'POST', `/v1/connected-accounts/${scene.cast.accountId}/expire`);
  must(expired.status === 200, 'the access token can be declared expired', gist(expired));
}

/** The grant of the connect flow that has just ended, as the provider knows it. */
export function noteGrant({ provider, cast }: Scene): void {
  const redeemed = provider.calls.findLast((made) => made.grantType === 'authorization_code');
  must(typeof redeemed?.grantId === 'string', 'the provider has redeemed a code', redeemed?.status ?? 'none');
  cast.grantId = redeemed.grantId;
}
