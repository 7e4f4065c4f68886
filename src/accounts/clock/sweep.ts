/**
 * The cron sweep: wakes accounts that have been silent for too long, because an alarm can be lost; and accounts that
 * have left news of their connection lying.
 */

import { overdueBeats, type OverdueBeat } from '#directory/beats.ts';
import { strandedHolders } from '#directory/connections/connection-news.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { endOrphans } from '../ending/orphans.ts';
import { accountStub } from '../stub.ts';
import { Subrequests } from './subrequests.ts';

const PAGE = 50;
const MAX_WOKEN = 100;
/**
 * A thousand subrequests is what the platform may give one run. What old events take (`directory/retention.ts`) and
 * questions beside those counted here is left out; the next run goes on.
 */
const SUBREQUESTS = 800;

/**
 * One cron run: all of it takes from one number, page by page, so that no part hides the others and no part waits for
 * them.
 */
export async function sweepAll(
  config: Config,
  nowMs: number = systemNow(),
  subrequests: Subrequests = new Subrequests(SUBREQUESTS),
): Promise<void> {
  await Promise.all([
    wakeHolders(config, nowMs, subrequests),
    sweep(config, nowMs, subrequests),
    endOrphans(config, nowMs, subrequests),
  ]);
}

/** How many were poked. Never throws: the next run tries again. */
export async function sweep(
  config: Config,
  nowMs: number = systemNow(),
  subrequests: Subrequests = new Subrequests(SUBREQUESTS),
): Promise<number> {
  let poked = 0;
  let after: OverdueBeat | null = null;
  try {
    // One is the question itself.
    for (let given = subrequests.take(PAGE + 1); given > 1; given = subrequests.take(PAGE + 1)) {
      const silent: OverdueBeat[] = await overdueBeats(config.directory, nowMs, given - 1, after);
      subrequests.giveBack(given - 1 - silent.length);
      await Promise.all(silent.map(({ accountId }) => poke(config, accountId)));
      poked += silent.length;
      after = silent.at(-1) ?? null;
      if (silent.length < given - 1) break;
    }
  } catch (error) {
    log('warn', 'the sweep was cut short', { poked, error });
  }
  return poked;
}

/** How many were woken. Never throws: the next run, or the next refresh on the connection, tries again. */
export async function wakeHolders(
  config: Config,
  nowMs: number = systemNow(),
  subrequests: Subrequests = new Subrequests(SUBREQUESTS),
): Promise<number> {
  const given = subrequests.take(MAX_WOKEN + 1);
  if (given < 2) return 0;
  try {
    const holders = await strandedHolders(config.directory, nowMs, given - 1);
    subrequests.giveBack(given - 1 - holders.length);
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
