/** Brings the result of an exchange home. */

import type { Config } from '#env.ts';
import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import type { Request } from './open.ts';
import { tellHome } from '../tell-home.ts';

/** The platform ends work without a caller after 30 s, of which the call itself takes up to ten. */
const SETTLE_TOKENS_LIMIT_MS = 18_000;

interface SettleStub {
  settle(argument: SettleArgument): Promise<unknown>;
}

/**
 * Commits in the account; settling twice is harmless. A successor in hand is worth trying for as long as the platform
 * lets this run: a late one is still welcome.
 *
 * @returns what the account made of it
 * @throws Error ("internal") when the time is up
 */
export async function settle(config: Config, request: Request, argument: SettleArgument): Promise<unknown> {
  const limitMs = argument.tokens === null ? request.budgetMs / 3 : SETTLE_TOKENS_LIMIT_MS;
  const tell = async (): Promise<unknown> => {
    const stub = config.accounts.getByName(request.accountId) as unknown as SettleStub;
    const answer = (await stub.settle(argument)) ?? 'settled';
    return answer === 'locked' ? null : answer;
  };
  const settled = await tellHome(tell, limitMs, { attempt: request.attemptId });
  if (settled === null) throw new Error('internal: an exchange could not be settled');
  return settled;
}
