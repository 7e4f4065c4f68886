/**
 * kill -9 while a machine asks for its token, between the journal's row and the settle of what came of it: after the
 * restart one exchange gives the token, however many ask, and nothing about the account tells of the crash. A machine's
 * credential is presented again and again, so no doubt is left open either.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allEntries, type Descriptor } from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Step } from '#dev/simulator/steps.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { connected, machineScene, PUBLIC_KEY } from '../http/machine-scene.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { chainOf, CRASH_BUDGET_MS, definite, perhaps, until } from '../support/crash.ts';

const ASKERS = 20;

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  simulator = await startSimulator({ publicKey: PUBLIC_KEY });
  broker = await startBroker({
    settings: { EXCHANGE_BUDGET_MS: String(CRASH_BUDGET_MS), LOG_LEVEL: 'warn' },
  });
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const made = await operator.post('/v1/agents', { id: 'machine-worker', key: true, policy });
  agent = client(broker.url, String(made.body.key));
});
afterAll(async () => {
  await broker?.dispose();
  await simulator?.close();
});

function entryOf(type: Descriptor['auth_type']): Descriptor {
  const entry = allEntries().find(({ auth_type: own, unsupported }) => own === type && unsupported === null);
  if (entry === undefined) throw new Error(`no entry is of the type ${type}`);
  return entry;
}

/** What the provider does with the request that the kill cuts. */
const STAGES: readonly (readonly [says: string, step: Step, processed: boolean])[] = [
  ['has done nothing yet', { kind: 'hang' }, false],
  ['has given a token that is on the wire', { kind: 'slow', ms: 60_000 }, true],
];

describe.each(['oauth2_client_credentials', 'github_app_installation'] as const)(
  'an account of %s',
  (type) => {
    it.each(STAGES)(
      'killed when the provider %s is served after one exchange',
      async (_says, step, processed) => {
        const entry = entryOf(type);
        const scene = machineScene(simulator, entry, `crash-${type.replaceAll('_', '-')}-${step.kind}`);
        const id = await connected(operator, scene);
        const token = () => agent.get(`/v1/connected-accounts/${id}/token`);
        const first = await token();
        expect(first.status, first.text).toBe(200);
        const { owner } = scene;
        if (owner === null) throw new Error('its tokens come from nobody');
        const uses = () => simulator.uses.filter((use) => use.account === owner.id);
        const before = uses().length;
        owner.script.set([step]);
        expect((await operator.post(`/v1/connected-accounts/${id}/expire`)).status).toBe(200);
        const cut = perhaps(token());
        await until(
          'the exchange on its way',
          async () => uses()[before]?.processed === processed && uses().length > before,
        );
        await broker.kill();
        await cut;
        owner.script.set([]);
        await broker.restart();
        const asked = await Promise.all(Array.from({ length: ASKERS }, () => definite('a token', token)));
        const tokens = new Set(asked.map(({ status, body }) => `${status} ${body.access_token}`));
        expect([tokens.size, asked[0]?.status]).toEqual([1, 200]);
        expect(asked[0]?.body.access_token).not.toBe(first.body.access_token);
        expect(
          uses()
            .slice(before + 1)
            .map((use) => [use.verdict, use.processed]),
        ).toEqual([['fresh', true]]);
        const shown = await operator.get(`/v1/connected-accounts/${id}`);
        expect(shown.body).toMatchObject({ status: 'active', in_doubt_since: null, degraded_since: null });
        expect((await chainOf(operator, id))?.intact).toBe(true);
      },
    );
  },
);
