/**
 * What goes when `npm start` ends: what its story has made for its own scenes. What its reader made on it stays, and
 * the connection and the agent under it too.
 */

import { call } from './http-call.ts';
import type { OAuthServer } from './oauth-server.ts';
import type { Cast } from './story.ts';

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
  const remove = async (path: string): Promise<number> => {
    try {
      return (await call('DELETE', url + path, adminKey)).status;
    } catch {
      // A broker that does not answer keeps everything.
      return 0;
    }
  };
  if (cast.endpointId !== '') await remove(`/v1/webhook-endpoints/${cast.endpointId}`);
  if (cast.accountId !== '') await remove(`/v1/connected-accounts/${cast.accountId}`);
  if (cast.grantId !== '') await provider.revokeGrant(cast.grantId);
  // Not by force: refused while accounts exist, and then they are the reader's.
  const status = await remove(`/v1/connections/${cast.connection}`);
  if (status === 204 && cast.agentKey !== '') await remove(`/v1/agents/${cast.agentId}`);
  if (status === 204 && cast.redirectUri !== '') await provider.forgetRedirect(cast.redirectUri);
  return status === 409;
}
