/** The end of an attempt finds its object, whatever the object goes through meanwhile. */

import { expect, it } from 'vitest';
import { report } from '#egress/deliver-report.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import type { DeliveryReport } from '#webhooks/delivery-request.ts';

const ended: DeliveryReport = {
  deliveryId: 'wd_1',
  attempt: 1,
  result: { kind: 'response', status: 200 },
  durationMs: 5,
};

/** Objects that answer a report so, one answer per stub. An error is thrown. */
function objects(...answers: (string | Error)[]) {
  const asked: string[] = [];
  const namespace = {
    getByName: (name: string) => {
      const answer = answers[asked.push(name) - 1] ?? 'settled';
      return {
        outboxSettled: async () => {
          if (answer instanceof Error) throw answer;
          return answer;
        },
      };
    },
  };
  return { asked, namespace: namespace as unknown as DurableObjectNamespace };
}

const tell = (accounts: DurableObjectNamespace, agents: DurableObjectNamespace, kind: 'account' | 'agent') =>
  report({ accounts, agents } as Pick<Config, 'accounts' | 'agents'>, { kind, id: 'x' }, ended, systemNow());

it('is told to a new stub until it is taken', async () => {
  const accounts = objects(new Error('the object was moved'), 'locked', 'settled');
  await tell(accounts.namespace, objects().namespace, 'account');
  expect(accounts.asked).toEqual(['x', 'x', 'x']);
});

it.each(['settled', 'known', 'unknown'])('is taken with the answer %s', async (answer) => {
  const accounts = objects(answer);
  await tell(accounts.namespace, objects().namespace, 'account');
  expect(accounts.asked).toHaveLength(1);
});

it('goes to the kind of object that holds the delivery', async () => {
  const [accounts, agents] = [objects(), objects()];
  await tell(accounts.namespace, agents.namespace, 'agent');
  expect([accounts.asked, agents.asked]).toEqual([[], ['x']]);
});

it('is given up when its time is over: the delivery is then made again', async () => {
  const { namespace } = objects(...Array.from({ length: 50 }, () => new Error('gone')));
  const late = report(
    { accounts: namespace, agents: namespace } as Pick<Config, 'accounts' | 'agents'>,
    { kind: 'account', id: 'x' },
    ended,
    systemNow() - 60_000,
  );
  await expect(late).rejects.toThrow('could not be reported');
});
