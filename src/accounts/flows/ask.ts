/** How others ask the object of an account for a step of a connect flow. */

import type { Config } from '#env.ts';
import { accountStub, type Answer } from '../stub.ts';
import type { Answers, FlowRequest, Named } from './requests.ts';

/** One question to one account; a new stub each time. */
export function askFlow<Do extends keyof Answers>(
  config: Config,
  accountId: string,
  what: Do,
  request: Named<Do>,
): Promise<Answer<Answers[Do]>> {
  const full = { do: what, ...request } as unknown as FlowRequest;
  return accountStub(config, accountId).flow(full) as Promise<Answer<Answers[Do]>>;
}
