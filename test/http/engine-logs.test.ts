/** The local engine and this machine's process wait for each other in no place. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker({ program: ['test/support/flooded-program.ts'] });
});
// A process that waits for ever hears no signal that it could answer.
afterAll(() => broker.kill());

it('goes on while it logs more than a pipe holds and its cron rings', async () => {
  const ask = async () => {
    const answer = await fetch(broker.url, { signal: AbortSignal.timeout(60_000) });
    return (await answer.json()) as { rung: number };
  };
  const answers = [];
  for (let round = 0; round < 20; round += 1)
    answers.push(...(await Promise.all(Array.from({ length: 8 }, ask))));
  expect(answers).toHaveLength(160);
  expect(answers.at(-1)?.rung).toBeGreaterThan(0);
});
