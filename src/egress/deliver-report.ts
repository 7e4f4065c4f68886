/** Brings the end of an attempt home. */

import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import type { DeliveryHolder, DeliveryReport } from '#webhooks/delivery-request.ts';
import { tellHome } from './tell-home.ts';

/** Of the attempt and its report: the platform ends work without a caller after 30 s. */
const IN_ALL_MS = 26_000;

interface OutboxStub {
  outboxSettled(report: DeliveryReport): Promise<unknown>;
}

/**
 * Reports to the object that holds the delivery. An attempt that could not be reported is delivered again under the
 * same id, so it is worth trying for as long as this may run.
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
  const objects = source.kind === 'account' ? config.accounts : config.agents;
  const tell = async (): Promise<true | null> => {
    const stub = objects.getByName(source.id) as unknown as OutboxStub;
    return (await stub.outboxSettled(ended)) === 'locked' ? null : true;
  };
  const limitMs = startedAtMs + IN_ALL_MS - systemNow();
  if ((await tellHome(tell, limitMs, { delivery: ended.deliveryId })) === null)
    throw new Error('internal: a delivery could not be reported');
}
