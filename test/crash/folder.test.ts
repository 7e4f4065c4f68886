/**
 * kill -9 while operators change things: create, import, delete, agents and their keys. After the restart nothing is
 * half-written: each thing is as the last answer said, or as one step of the request that the kill cut would leave it.
 */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Reply } from '../support/callers.ts';
import { chainOf, definite, hammer, killAfter, seeded, until } from '../support/crash.ts';
import { name, world, type World } from '../support/world.ts';

const KILLS = 9;
const CHANGED_ACCOUNTS = 10;
const seed = Date.now() % 1_000_000;
const random = seeded(seed);

/** `absent`, `pending`, or the access token that an account hands out. */
type State = string;
const ABSENT = 'absent';
const PENDING = 'pending';

/** One account and what is known of it: the last answer, and what the request under way may make of it. */
interface Changed {
  readonly id: string;
  readonly identifier: string;
  sure: State;
  possible: State[];
  /** Records that its chain has at least: one for each answered change. */
  records: number;
}

interface MadeAgent {
  readonly id: string;
  /** Null: its answer was cut, so nobody has the key. */
  key: string | null;
  deleted: 'no' | 'perhaps' | 'yes';
}

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let connection: string;
let reader: Awaited<ReturnType<World['agent']>>;
let stable: string;
const stableToken = token();
const accounts: Changed[] = [];
const agents: MadeAgent[] = [];
let answered = 0;

function token(): string {
  return `at-${randomBytes(12).toString('hex')}`;
}

function credential(accessToken: string) {
  return { access_token: accessToken, refresh_token: `rt-${accessToken}`, expires_in: 36_000, verify: false };
}

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker({ settings: { LOG_LEVEL: 'warn' } });
  w = world(broker, provider);
  connection = await w.connection();
  reader = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  stable = await w.account(connection, name('user'), credential(stableToken));
  for (let n = 0; n < CHANGED_ACCOUNTS; n += 1) {
    const identifier = name('user');
    const made = await w.operator.post('/v1/connected-accounts', { connection, identifier });
    accounts.push({ id: String(made.body.id), identifier, sure: PENDING, possible: [], records: 1 });
  }
});
afterAll(async () => {
  await broker?.dispose();
  await provider?.close();
});

/** Sends one change. An answer makes its result sure; a cut leaves what it may have done possible. */
async function change(account: Changed, possible: State[], send: () => Promise<Reply>, records: number) {
  account.possible = possible;
  const reply = await send();
  if (![200, 201, 204].includes(reply.status))
    throw new Error(`a change answered ${reply.status}: ${reply.text}`);
  account.sure = possible.at(-1) ?? account.sure;
  account.possible = [];
  account.records += records;
  answered += 1;
}

async function changeAccount(account: Changed): Promise<void> {
  const { identifier, sure } = account;
  const drawn = random();
  if (sure !== ABSENT && drawn < 0.4) {
    return change(account, [ABSENT], () => w.operator.delete(`/v1/connected-accounts/${account.id}`), 1);
  }
  if (sure === ABSENT && drawn < 0.3) {
    const body = { connection, identifier, metadata: { plan: 'gold' } };
    return change(account, [PENDING], () => w.operator.post('/v1/connected-accounts', body), 1);
  }
  const accessToken = token();
  const born = sure === ABSENT;
  return change(
    account,
    born ? [PENDING, accessToken] : [accessToken],
    () => w.operator.put(`/v1/credentials/${connection}?identifier=${identifier}`, credential(accessToken)),
    born ? 2 : 1,
  );
}

async function changeAgents(): Promise<void> {
  const old = agents.find((agent) => agent.key !== null && agent.deleted === 'no');
  if (old !== undefined && random() < 0.3) {
    old.deleted = 'perhaps';
    const gone = await w.operator.delete(`/v1/agents/${old.id}`);
    if (gone.status !== 204) throw new Error(`DELETE /v1/agents answered ${gone.status}: ${gone.text}`);
    old.deleted = 'yes';
  } else {
    const agent: MadeAgent = { id: name('agent'), key: null, deleted: 'no' };
    agents.push(agent);
    const policy = { rules: [{ connection, identifiers: ['*'] }] };
    const made = await w.operator.post('/v1/agents', { id: agent.id, key: true, policy });
    if (made.status !== 201) throw new Error(`POST /v1/agents answered ${made.status}: ${made.text}`);
    agent.key = String(made.body.key);
  }
  answered += 1;
}

/** Works until the broker is gone; a refusal is kept, since only the kill may end it. */
async function untilKilled(work: () => Promise<void>, refusals: string[]): Promise<void> {
  try {
    for (;;) await work();
  } catch (error) {
    if (error instanceof Error && error.message.includes(' answered ')) refusals.push(error.message);
  }
}

async function stateOf(account: Changed): Promise<State> {
  const shown = await definite('the account', () => w.operator.get(`/v1/connected-accounts/${account.id}`));
  const fetched = await definite('its token', () =>
    reader.client.get(`/v1/connected-accounts/${account.id}/token`),
  );
  if (shown.status === 404) {
    expect(fetched.status).toBe(404);
    return ABSENT;
  }
  expect(shown.status, shown.text).toBe(200);
  expect(shown.body).toMatchObject({ id: account.id, connection, identifier: account.identifier });
  if (shown.body.status === 'pending') {
    expect(fetched.body.code).toBe('account_pending');
    return PENDING;
  }
  expect(shown.body).toMatchObject({ status: 'active', credential_type: 'oauth2', last_attempt: null });
  expect(shown.body.expires_at).not.toBeNull();
  expect(shown.body.next_refresh_at).not.toBeNull();
  expect(fetched.status, fetched.text).toBe(200);
  return String(fetched.body.access_token);
}

async function expectWhole(account: Changed): Promise<void> {
  const state = await stateOf(account);
  expect([account.sure, ...account.possible]).toContain(state);
  Object.assign(account, { sure: state, possible: [] });
  const chain = await chainOf(w.operator, account.id);
  expect(chain?.intact).toBe(true);
  expect(chain?.recorded).toBeGreaterThanOrEqual(account.records);
  account.records = chain?.recorded ?? 0;
}

async function expectAgentWhole(agent: MadeAgent): Promise<void> {
  const shown = await w.operator.get(`/v1/agents/${agent.id}`);
  const policy = await w.operator.get(`/v1/agents/${agent.id}/policy`);
  if (shown.status === 404) expect(agent.deleted !== 'no' || agent.key === null).toBe(true);
  else {
    expect(shown.status, shown.text).toBe(200);
    expect(agent.deleted).not.toBe('yes');
    expect(policy.body.rules).toMatchObject([{ connection, identifiers: ['*'] }]);
  }
  expect(policy.status).toBe(shown.status);
  if (agent.key === null) return;
  const used = await client(broker.url, agent.key).get(`/v1/connected-accounts/${stable}/token`);
  expect(used.status, used.text).toBe(shown.status === 404 ? 401 : 200);
  if (used.status === 200) expect(used.body.access_token).toBe(stableToken);
  agent.deleted = shown.status === 404 ? 'yes' : 'no';
}

describe(`the control plane (seed ${seed})`, () => {
  it('leaves nothing half-written when it is killed in the middle of changes under load', async () => {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const refusals: string[] = [];
      const known = agents.length;
      const fetches = hammer([() => reader.client.get(`/v1/connected-accounts/${stable}/token`)], 4);
      const changes = [
        ...accounts.map((account) => untilKilled(() => changeAccount(account), refusals)),
        untilKilled(changeAgents, refusals),
        untilKilled(changeAgents, refusals),
      ];
      const enough = answered + 6 + Math.floor(random() * 20);
      await until('changes answered', async () => answered >= enough, { everyMs: 5 });
      await killAfter(provider, broker, random() * 60).done;
      await Promise.all([...changes, fetches.ended]);
      await broker.restart();
      expect(refusals).toEqual([]);
      await Promise.all(accounts.map(expectWhole));
      await Promise.all(agents.slice(Math.max(0, known - 10)).map(expectAgentWhole));
      expect((await chainOf(w.operator, stable))?.intact).toBe(true);
    }
    console.log(
      `folder: ${KILLS} kills in ${answered} answered changes, nothing half-written (seed ${seed})`,
    );
    expect(answered).toBeGreaterThan(KILLS * 5);
    expect(provider.calls).toHaveLength(0);
  });

  it('keeps every agent and key that was ever answered, and none that was deleted', async () => {
    await Promise.all(agents.map(expectAgentWhole));
    expect(agents.some((agent) => agent.deleted === 'yes')).toBe(true);
    expect(agents.some((agent) => agent.deleted === 'no' && agent.key !== null)).toBe(true);
  });
});
