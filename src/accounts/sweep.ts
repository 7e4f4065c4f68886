/**
 * The cron sweep: pokes accounts that should have been heard of and have not, because an alarm can be lost; and wakes
 * those that have left news of their connection lying.
 */

import { overdueBeats, type OverdueBeat } from '#directory/beats.ts';
import { strandedHolders } from '#directory/connection-news.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { accountStub } from './stub.ts';

const PAGE = 100;
/** What one run may poke: a thousand subrequests is what the platform gives, and the next run goes on. */
const MAX_POKES = 500;

/** How many were poked. Never throws: the next run tries again. */
export async function sweep(config: Config, nowMs: number = systemNow()): Promise<number> {
  let poked = 0;
  let after: OverdueBeat | null = null;
  try {
    while (poked < MAX_POKES) {
      const silent: OverdueBeat[] = await overdueBeats(config.directory, nowMs, PAGE, after);
      await Promise.all(silent.map(({ accountId }) => poke(config, accountId)));
      poked += silent.length;
      after = silent.at(-1) ?? null;
      if (silent.length < PAGE) break;
    }
  } catch (error) {
    log('warn', 'the sweep was cut short', { poked, error });
  }
  return poked;
}

/** How many were woken. Never throws: the next run, or the next refresh on the connection, tries again. */
export async function wakeHolders(config: Config, nowMs: number = systemNow()): Promise<number> {
  try {
    const holders = await strandedHolders(config.directory, nowMs, PAGE);
    const woken = holders.map((id) => accountStub(config, id).takeNews({}));
    const failed = (await Promise.allSettled(woken)).filter(({ status }) => status === 'rejected');
    if (failed.length > 0) log('warn', 'news of connections still waits', { accounts: failed.length });
    return holders.length - failed.length;
  } catch (error) {
    log('warn', 'nobody was asked about news of connections', { error });
    return 0;
  }
}

async function poke(config: Config, accountId: string): Promise<void> {
  try {
    await accountStub(config, accountId).poke({});
  } catch (error) {
    log('warn', 'an account could not be poked', { connected_account_id: accountId, error });
  }
}
