/**
 * `npm start` ends: the things that its story has made for its own scenes go. Those that its reader made on it stay,
 * and the connection and the agent under them too.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Reply } from './http-call.ts';
import type { OAuthServer } from '../oauth/server.ts';
import type { Cast } from './story.ts';

const LOOK_EVERY_MS = 100;

export interface FarewellInput {
  /** Of the broker. */
  readonly url: string;
  readonly adminKey: string;
  readonly provider: OAuthServer;
  readonly cast: Cast;
}

/**
 * Removes the webhook endpoint, whose receiver ends, and the story's account with its grant; then the connection and
 * the agent, unless an account is left that needs them. Resolves with whether one is.
 */
export async function sayFarewell({ url, adminKey, provider, cast }: FarewellInput): Promise<boolean> {
  const ask = async (method: 'GET' | 'DELETE', path: string): Promise<Pick<Reply, 'status' | 'body'>> => {
    try {
      return await call(method, url + path, adminKey);
    } catch {
      // A broker that does not answer keeps everything.
      return { status: 0, body: {} };
    }
  };
  const remove = async (path: string): Promise<number> => (await ask('DELETE', path)).status;
  /** Not by force: refused while accounts exist. The lists may know the story's own a moment longer than it lives. */
  async function removeConnection(): Promise<number> {
    for (;;) {
      const status = await remove(`/v1/connections/${cast.connection}`);
      if (status !== 409) return status;
      const { body } = await ask('GET', `/v1/connected-accounts?connection=${cast.connection}`);
      const { data } = body as { data?: readonly { id: string }[] };
      if (data === undefined || data.some(({ id }) => id !== cast.accountId)) return status;
      await sleep(LOOK_EVERY_MS);
    }
  }
  if (cast.endpointId !== '') await remove(`/v1/webhook-endpoints/${cast.endpointId}`);
  if (cast.accountId !== '') await remove(`/v1/connected-accounts/${cast.accountId}`);
  if (cast.grantId !== '') await provider.revokeGrant(cast.grantId);
  const status = await removeConnection();
  if (status === 204 && cast.agentKey !== '') await remove(`/v1/agents/${cast.agentId}`);
  if (status === 204 && cast.redirectUri !== '') await provider.forgetRedirect(cast.redirectUri);
  return status === 409;
}
