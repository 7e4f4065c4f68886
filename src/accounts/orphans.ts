/**
 * Accounts whose connection was deleted: each is told, and ends itself. Who deletes a connection tells as many as one
 * request may; the sweep tells the rest. Until an account is reached the cut-offs answer for it.
 */

import { systemContext, type RequestContext } from '#audit/record.ts';
import { buriedAccounts, type Buried } from '#directory/cut-offs.ts';
import type { Config } from '#env.ts';
import { log } from '#lib/log.ts';
import { accountStub } from './stub.ts';

const PAGE = 25;
/** A thousand subrequests is what the platform gives one request. */
const MAX_TOLD = 400;

/** How many were told. Never throws: the sweep goes on. @param connection null: of any */
export async function endAccountsOf(
  config: Config,
  connection: string | null,
  context: RequestContext,
): Promise<number> {
  let told = 0;
  try {
    for (let after = ''; told < MAX_TOLD;) {
      const page = await buriedAccounts(config.directory, connection, after, PAGE);
      await Promise.all(page.map((buried) => tell(config, buried, context)));
      told += page.length;
      if (page.length < PAGE) break;
      after = page.at(-1)?.accountId ?? after;
    }
  } catch (error) {
    log('warn', 'accounts of a deleted connection wait for the sweep', { told, error });
  }
  return told;
}

/** The sweep's share. */
export function endOrphans(config: Config): Promise<number> {
  return endAccountsOf(config, null, systemContext('sweep'));
}

async function tell(config: Config, { accountId, ...grave }: Buried, context: RequestContext): Promise<void> {
  try {
    const ended = await accountStub(config, accountId).endWith({ grave, context });
    if (!ended.ok && ended.error.code !== 'not_found')
      log('warn', 'an account does not end', { connected_account_id: accountId, reason: ended.error.code });
  } catch (error) {
    log('warn', 'an account could not be told', { connected_account_id: accountId, error });
  }
}
