/** How others ask the object of an account about its approvals. */

import type { Config } from '#env.ts';
import type { Result } from '#lib/result.ts';
import type { Obstacle } from '../life/living.ts';
import { accountStub } from '../stub.ts';
import type { ApprovalAnswers, ApprovalRequest, Named } from './requests.ts';

/** One question to one account; a new stub each time. */
export function askApproval<Do extends keyof ApprovalAnswers>(
  config: Config,
  accountId: string,
  what: Do,
  request: Named<Do>,
): Promise<Result<ApprovalAnswers[Do], Obstacle>> {
  const full = { do: what, ...request } as unknown as ApprovalRequest;
  return accountStub(config, accountId).approval(full) as Promise<Result<ApprovalAnswers[Do], Obstacle>>;
}
