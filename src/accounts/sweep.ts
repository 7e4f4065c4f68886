/** The cron sweep: pokes accounts that should have been heard of and have not. An alarm can be lost; this finds it. */

import { overdueBeats, type OverdueBeat } from '#directory/beats.ts';
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

async function poke(config: Config, accountId: string): Promise<void> {
  try {
    await accountStub(config, accountId).poke({});
  } catch (error) {
    log('warn', 'an account could not be poked', { connected_account_id: accountId, error });
  }
}
