/**
 * Accounts whose connection was deleted: each is told, and ends itself. The request that deletes a connection tells as
 * many accounts as one request may; the sweep tells the rest. Until an account is reached the cut-offs answer for it.
 */

import { systemContext, type RequestContext } from '#audit/record.ts';
import { buriedAccounts, endGraves, type Buried } from '#directory/graves.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { Subrequests } from '../clock/subrequests.ts';
import { accountStub } from '../stub.ts';

const PAGE = 50;
/** Subrequests of one request or run: the platform may give it as few as a thousand. */
const SUBREQUESTS = 400;

/** How many have answered. Never throws: the sweep goes on. @param connection null: of any */
export async function endAccountsOf(
  config: Config,
  connection: string | null,
  context: RequestContext,
): Promise<number> {
  return (await tellAll(config, connection, context, new Subrequests(SUBREQUESTS))).length;
}

/**
 * The sweep's share: tells the accounts that are left, and ends the graves whose accounts have all been told, in
 * however many runs. Never throws.
 */
export async function endOrphans(
  config: Config,
  nowMs: number = systemNow(),
  subrequests: Subrequests = new Subrequests(SUBREQUESTS),
): Promise<number> {
  const forEnding = subrequests.take(1);
  const told = await tellAll(config, null, systemContext('sweep'), subrequests);
  try {
    if (forEnding > 0) await endGraves(config.directory, told, nowMs);
  } catch (error) {
    log('warn', 'deleted connections are looked at again', { error });
  }
  return told.length;
}

/** Accounts that have answered. */
async function tellAll(
  config: Config,
  connection: string | null,
  context: RequestContext,
  subrequests: Subrequests,
): Promise<Buried[]> {
  const told: Buried[] = [];
  let after: Buried | null = null;
  try {
    // One is the question itself.
    for (let given = subrequests.take(PAGE + 1); given > 1; given = subrequests.take(PAGE + 1)) {
      const page: Buried[] = await buriedAccounts(config.directory, connection, after, given - 1);
      subrequests.giveBack(given - 1 - page.length);
      const answers = await Promise.all(page.map((buried) => tell(config, buried, context)));
      told.push(...page.filter((_, n) => answers[n]));
      if (page.length < given - 1) break;
      after = page.at(-1) ?? after;
    }
  } catch (error) {
    log('warn', 'accounts of a deleted connection wait for the sweep', { told: told.length, error });
  }
  return told;
}

/** Whether the account has ended, or says that it need not. */
async function tell(
  config: Config,
  { accountId, connection, version, deletedAtMs }: Buried,
  context: RequestContext,
): Promise<boolean> {
  try {
    const ended = await accountStub(config, accountId).endWith({
      grave: { connection, version, deletedAtMs },
      context,
    });
    if (ended.ok || ended.error.code === 'not_found') return true;
    log('warn', 'an account does not end', { connected_account_id: accountId, reason: ended.error.code });
  } catch (error) {
    log('warn', 'an account could not be told', { connected_account_id: accountId, error });
  }
  return false;
}
