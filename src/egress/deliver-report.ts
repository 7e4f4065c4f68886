/** Brings the end of an attempt home, whatever happens to the object meanwhile. */

import type { Config } from '#env.ts';
import { sleep, systemNow, systemRandom, within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import type { DeliveryHolder, DeliveryReport } from '#webhooks/delivery-request.ts';

/** A report that finds the object gone is tried again with growing pauses. */
const FIRST_PAUSE_MS = 40;
const LAST_PAUSE_MS = 2_000;
/** One try that hangs must not use up the others' time. */
const TRY_MS = 4_000;
/** Of the attempt and its report: the platform ends work without a caller after 30 s. */
const IN_ALL_MS = 26_000;

interface OutboxStub {
  outboxSettled(report: DeliveryReport): Promise<unknown>;
}

/**
 * Reports through a new stub per try: one that threw stays broken, and the next incarnation may be elsewhere. What
 * could not be reported is delivered again under the same id, so it is worth trying for as long as this may run.
 *
 * @param startedAtMs of the attempt
 * @throws Error ("internal") when the time is up
 */
export async function report(
  config: Pick<Config, 'accounts' | 'agents'>,
  source: DeliveryHolder,
  ended: DeliveryReport,
  startedAtMs: number,
): Promise<void> {
  const deadlineMs = startedAtMs + IN_ALL_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
    if (await tryReport(config, source, ended)) return;
    if (systemNow() + pauseMs > deadlineMs) throw new Error('internal: a delivery could not be reported');
    await sleep(pauseMs * (0.5 + systemRandom()));
  }
}

/** False: not known to have arrived; telling it twice is harmless. */
async function tryReport(
  config: Pick<Config, 'accounts' | 'agents'>,
  source: DeliveryHolder,
  ended: DeliveryReport,
): Promise<boolean> {
  try {
    const objects = source.kind === 'account' ? config.accounts : config.agents;
    const stub = objects.getByName(source.id) as unknown as OutboxStub;
    const answer = await within(TRY_MS, stub.outboxSettled(ended), 'late');
    if (answer !== 'late' && answer !== 'locked') return true;
    log('warn', 'the end of a delivery is told again', { delivery: ended.deliveryId, answer });
  } catch (error) {
    log('warn', 'the end of a delivery is told again', { delivery: ended.deliveryId, error });
  }
  return false;
}
