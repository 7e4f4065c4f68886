/**
 * The bad-answer matrix: each thing that goes wrong at a token endpoint, at a provider whose refresh tokens stay, rotate
 * with a grace, or rotate strictly. Only a usable token counts as a refresh, and no living grant is called dead. (What is stored after a lost answer, and what is presented next, is the crash runs' subject.)
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDialect, providerConfigOf } from '#dev/simulator/dialects/dialects.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import { STEP_KINDS, type Step } from '#dev/simulator/steps.ts';
import type { AccountOptions, Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';

const KINDS: Readonly<Record<string, Partial<AccountOptions>>> = {
  static: { rotation: 'static' },
  grace: { rotation: 'rotating', graceS: 600 },
  strict: { rotation: 'rotating', graceS: 0, reuse: 'revoke' },
};
/** Of each step the variants that look different to a client. */
const VARIANTS: Readonly<Record<string, readonly Partial<Step>[]>> = {
  throttle: [{ retry_after: 'seconds' }, { retry_after: 'date' }, { retry_after: 'none' }],
  error: [{ status: 500 }, { status: 408 }, { status: 503, process: true }],
  page: [{ status: 502 }, { status: 403 }, { status: 200, process: true }],
  truncate: [{ bytes: 20 }, { bytes: 20, clean: true }, { bytes: 0, clean: true }],
  huge: [{ bytes: 70_000 }, { bytes: 3_000_000, process: true }],
  drip: [{ ms: 1 }],
  slow: [{ ms: 300 }],
};
const STEPS: Step[] = STEP_KINDS.filter((kind) => kind !== 'death').flatMap((kind) =>
  (VARIANTS[kind] ?? [{}]).map((more) => ({ kind, ...more })),
);
/** Answers that are only odd: the tokens in them are good. */
const USABLE: readonly string[] = ['wrong_type', 'drip', 'slow'];

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator()]);
  operator = client(broker.url, broker.adminKey);
});

afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

/** A connection of its own, so that the health of one says nothing about the next. */
async function scene(kind: string, id: string, step: Step) {
  const dialect = findDialect('box');
  if (dialect === undefined) throw new Error('no such dialect');
  const settings = KINDS[kind] ?? {};
  const grace = typeof settings.graceS === 'number' && settings.graceS > 0 ? settings.graceS : undefined;
  const made = await operator.post('/v1/connections', {
    id,
    provider: 'custom',
    client_id: simulator.client.clientId,
    client_secret: simulator.client.clientSecret,
    provider_config: {
      ...providerConfigOf(dialect, simulator.origin),
      refresh_token: settings.rotation,
      ...(grace === undefined ? {} : { refresh_reuse_grace_s: grace }),
    },
  });
  expect(made.status, made.text).toBe(201);
  const simulated = simulator.account({ ...settings, dialect: 'box', id, script: [step] });
  const put = await operator.put(`/v1/credentials/${id}?identifier=u`, {
    type: 'oauth2',
    refresh_token: simulated.first.refreshToken,
    verify: false,
  });
  expect(put.status, put.text).toBeLessThan(300);
  return { simulated, accountId: String(put.body.connected_account_id ?? put.body.id) };
}

describe.each(Object.keys(KINDS))('at a provider whose refresh tokens are %s', (kind) => {
  it.each(STEPS.map((step, n) => [JSON.stringify(step), `${kind}-${n}`, step] as const))(
    'a refresh that meets %s leaves the account alive, and counts as one only where tokens came',
    async (_, id, step) => {
      const { simulated, accountId } = await scene(kind, id, step);
      const { body } = await operator.post(`/v1/connected-accounts/${accountId}/refresh`);
      expect(body.status, JSON.stringify(body)).toBe('active');
      const [use] = simulator.uses.filter(({ account }) => account === id);
      expect(use).toMatchObject({ token: 0, verdict: 'fresh', step: step.kind });
      expect(body.last_attempt.outcome === 'refreshed').toBe(USABLE.includes(step.kind));
      expect(simulated.family.dead).toBe(false);
      // A rotation whose answer was lost is shown as doubt where the old token must not be tried again, and only there.
      const lost = use?.processed === true && !USABLE.includes(step.kind) && kind === 'strict';
      if (lost) expect(body.in_doubt_since).not.toBeNull();
      if (use?.processed !== true && ['throttle', 'client'].includes(step.kind))
        expect(body.in_doubt_since).toBeNull();
    },
  );
});
