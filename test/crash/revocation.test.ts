/**
 * The kill switch over many accounts, and kill -9 while it works. Once the answer is there, what was obtained before
 * opens nothing, whoever asks and however; and whatever the kills cut off, each account has one receipt, one move and
 * one event.
 *
 * A thousand accounts and ten kills by default; `npm run test:crash -- --many` is ten thousand and twenty.
 */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import type { Reply } from '../support/callers.ts';
import { chainOf, definite, seeded, until } from '../support/crash.ts';
import { name, world, type World } from '../support/world.ts';

const MANY = process.env['MANY'] === '1';
const ACCOUNTS = MANY ? 10_000 : 1_000;
const LIMIT_MS = MANY ? 3_600_000 : 900_000;
/** As many lines as an import takes. */
const LINES = 1_000;
const KILLS = MANY ? 20 : 10;
/** Accounts that agents ask for all the while: of each kind so many. */
const SAMPLES = 8;
/** A cut-off holds everywhere so long after the answer: a promise of the contract. */
const HOLDS_MS = 1_000;
/** The broker lives on so long after the answer, so that the first second is seen. */
const UNTOUCHED_MS = MANY ? 2_500 : 1_200;
/** The provider's answer to a refresh that is in flight. */
const IN_FLIGHT_MS = 1_500;
const AT_ONCE = 16;
const seed = Date.now() % 1_000_000;
const random = seeded(seed);

interface Made {
  readonly id: string;
  readonly connection: string;
  readonly identifier: string;
}

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let agent: Awaited<ReturnType<World['agent']>>;
let receiver: Server;
let secret = '';
const askers: Askers[] = [];
/** Ids of the events that the receiver has got, by account. */
const told = new Map<string, Set<string>>();

async function startReceiver(): Promise<string> {
  receiver = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      new Webhook(secret).verify(body, headers);
      const account = String(JSON.parse(body).data.connected_account_id);
      told.set(account, (told.get(account) ?? new Set()).add(headers['webhook-id'] ?? ''));
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks`;
}

beforeAll(async () => {
  provider = await startOAuthServer({ rotation: 'rotating', graceS: 600, accessTokenTtlS: 3600 });
  broker = await startBroker({ settings: { LOG_LEVEL: 'warn' } });
  w = world(broker, provider);
  agent = await w.agent({ rules: [{ connection: '*', identifiers: ['*'] }] }, { organization: ORGANIZATION });
  const url = await startReceiver();
  const events = ['connected_account.revoked'];
  const made = await w.operator.post('/v1/webhook-endpoints', { url, events });
  expect(made.status, made.text).toBe(201);
  secret = String(made.body.secret);
});
afterAll(async () => {
  await Promise.all(askers.map((one) => one.end()));
  receiver?.closeAllConnections();
  receiver?.close();
  await broker?.dispose();
  await provider?.close();
});

const ORGANIZATION = name('org');

async function staticConnection(): Promise<string> {
  const id = name('conn');
  const facts = { auth_type: 'api_key', api_base_urls: ['https://api.example.com'] };
  const made = await w.operator.post('/v1/connections', { id, provider: 'custom', provider_config: facts });
  expect(made.status, made.text).toBe(201);
  return id;
}

/** By bulk import; the directory has heard of all of them when it returns. */
async function imported(connection: string, count: number): Promise<Made[]> {
  const accounts: Made[] = [];
  for (let from = 0; from < count; from += LINES) {
    const names = Array.from({ length: Math.min(LINES, count - from) }, (_, n) => `user-${from + n}`);
    const lines = names.map((identifier) =>
      JSON.stringify({
        connection,
        identifier,
        organization: ORGANIZATION,
        credential: { type: 'api_key', api_key: `sk-${identifier}` },
      }),
    );
    const answer = await fetch(`${broker.url}/v1/credentials/import`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${broker.adminKey}`,
        'content-type': 'application/x-ndjson',
      },
      body: lines.join('\n'),
    });
    expect(answer.status).toBe(200);
    for (const [at, line] of (await answer.text()).trimEnd().split('\n').entries()) {
      const result = JSON.parse(line) as { status: number; id: string };
      expect(result.status, line).toBe(201);
      accounts.push({ id: result.id, connection, identifier: names[at] ?? '' });
    }
  }
  return accounts;
}

async function connected(connection: string): Promise<Made & { grantId: string }> {
  const identifier = name('user');
  const grant = await provider.grant();
  const path = `/v1/credentials/${connection}?identifier=${identifier}&organization=${ORGANIZATION}`;
  const put = await w.operator.put(path, {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 3_600,
  });
  expect(put.status, put.text).toBe(201);
  return { id: String(put.body.id), connection, identifier, grantId: grant.grantId };
}

const byId = ({ id }: Made) => agent.client.get(`/v1/connected-accounts/${id}/token`);
const shortForm = ({ connection, identifier }: Made) =>
  agent.client.get(`/v1/agents/${agent.id}/credentials/${connection}?identifier=${identifier}`);

/** Some of them, of which none comes twice. */
function drawn(from: readonly Made[], count: number): Made[] {
  const left = [...from];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0] as Made);
}

interface Served {
  readonly how: string;
  readonly sentAtMs: number;
}

/** Ask without end, whoever is there to answer; what was handed out is kept with the time of its question. */
class Askers {
  readonly served: Served[] = [];
  readonly codes = new Map<string, number>();
  readonly #loops: Promise<void>[];
  #goesOn = true;

  constructor(questions: readonly (readonly [how: string, ask: () => Promise<Reply>])[]) {
    askers.push(this);
    this.#loops = questions.map(async ([how, ask]) => {
      while (this.#goesOn) {
        const sentAtMs = Date.now();
        const reply = await ask().catch(() => null);
        if (reply?.status === 200) this.served.push({ how, sentAtMs });
        const code = reply === null ? 'away' : String(reply.body?.code ?? reply.status);
        this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
        await sleep(reply === null ? 300 : 200 + random() * 200);
      }
    });
  }

  async end(): Promise<void> {
    this.#goesOn = false;
    await Promise.all(this.#loops);
  }
}

/** Runs the work for each, some at once. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

const standing = async (id: string, query = '?limit=1'): Promise<Reply> =>
  w.operator.get(`/v1/revocations/${id}${query}`);

/** Of an answer that came: how many accounts have a receipt; of none that came, null. */
async function receiptsMade(id: string): Promise<{ made: number; isComplete: boolean } | null> {
  const reply = await standing(id).catch(() => null);
  if (reply?.status !== 200) return null;
  const counts: number[] = Object.values(reply.body.counts);
  return {
    made: counts.reduce((sum, one) => sum + one, 0),
    isComplete: reply.body.status === 'complete',
  };
}

async function allReceipts(id: string): Promise<{ connected_account_id: string; status: string }[]> {
  const found = [];
  for (let cursor = ''; ;) {
    const page = await standing(id, `?limit=100${cursor}`);
    expect(page.status, page.text).toBe(200);
    found.push(...page.body.receipts.data);
    if (page.body.receipts.next_cursor === null) return found;
    cursor = `&cursor=${encodeURIComponent(String(page.body.receipts.next_cursor))}`;
  }
}

/** How often the account's own chain says that it was revoked, and whether the chain is whole. */
async function movesOf(id: string): Promise<{ moves: number; intact: boolean }> {
  const audit = await definite('the audit', () =>
    w.operator.get(`/v1/audit-events?connected_account_id=${id}&limit=100`),
  );
  expect(audit.status, audit.text).toBe(200);
  const moves = audit.body.data.filter((one: { evidence?: readonly string[] | null }) =>
    one.evidence?.some((word) => word.endsWith('->revoked')),
  );
  return { moves: moves.length, intact: (await chainOf(w.operator, id))?.intact === true };
}

describe(`the kill switch over ${ACCOUNTS} accounts, killed ${KILLS} times (seed ${seed})`, () => {
  const accounts: Made[] = [];
  let spared: Made;
  let revocation = '';

  it(
    'refuses everywhere within a second of the answer, and loses and doubles nothing',
    async () => {
      const beganAtMs = Date.now();
      const [connection, oauth] = [
        await staticConnection(),
        await w.connection({ refresh_reuse_grace_s: 600 }),
      ];
      accounts.push(...(await imported(connection, ACCOUNTS)));
      const inFlight = await connected(oauth);
      accounts.push(inFlight, await connected(oauth));
      const otherId = await w.account(oauth, name('user'), {
        refresh_token: (await provider.grant()).refreshToken,
        access_token: 'of-another-organization',
        expires_in: 3_600,
        verify: false,
      });
      spared = { id: otherId, connection: oauth, identifier: '' };
      const dry = () => w.operator.post('/v1/revocations', { organization: ORGANIZATION, dry_run: true }, {});
      await until('the directory has all', async () => (await dry()).body.matched === accounts.length, {
        deadlineMs: LIMIT_MS,
      });
      const madeMs = Date.now() - beganAtMs;

      const samples = drawn(accounts.slice(0, ACCOUNTS), 4 * SAMPLES);
      const kinds = [byId, shortForm].flatMap((ask, at) => [
        ...samples.slice(at * SAMPLES, (at + 1) * SAMPLES).map((one) => ['warm', ask, one] as const),
        ...samples.slice((at + 2) * SAMPLES, (at + 3) * SAMPLES).map((one) => ['cold', ask, one] as const),
      ]);
      for (const [kind, ask, one] of kinds) if (kind === 'warm') expect((await ask(one)).status).toBe(200);
      const warm = kinds.filter(([kind]) => kind === 'warm');
      const cold = kinds.filter(([kind]) => kind === 'cold');
      const questions = (of: typeof kinds) =>
        of.map(([kind, ask, one]) => [`${kind} ${ask.name}`, () => ask(one)] as const);
      const asking = new Askers(questions(warm));

      const waited = (samples[0] as Made).id;
      const waiting = agent.client
        .get(`/v1/connected-accounts/${waited}/wait?status=revoked&timeout_s=25`)
        .catch(() => null);
      await w.operator.post(`/v1/connected-accounts/${inFlight.id}/expire`);
      provider.faults.next({ delayAfterMs: IN_FLIGHT_MS });
      const refreshing = byId(inFlight).catch(() => null);
      const refreshes = () => provider.calls.filter((call) => call.grantType === 'refresh_token');
      await until('the refresh', async () => refreshes().length > 0, { everyMs: 10 });

      const started = await w.operator.post('/v1/revocations', { organization: ORGANIZATION });
      const answeredAtMs = Date.now();
      expect(started.status, started.text).toBe(202);
      expect(started.body.matched).toBe(accounts.length);
      revocation = String(started.body.id);
      const late = new Askers(questions(cold));
      await sleep(UNTOUCHED_MS);
      // Cut short by the end of its grant, or refused: in no case a token.
      expect((await refreshing)?.status).not.toBe(200);
      const ended = await waiting;
      expect([ended?.body.code, ended?.body.status]).toContain(
        ended?.status === 200 ? 'revoked' : 'account_revoked',
      );

      // The first kills fall while receipts are made: each soon after the broker is there again.
      let livesMs = Date.now() - answeredAtMs;
      let livesSinceMs = Date.now();
      const fellAt: (number | null)[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        fellAt.push((await receiptsMade(revocation))?.made ?? null);
        await sleep(random() * 150);
        await broker.kill();
        livesMs += Date.now() - livesSinceMs;
        await broker.restart();
        livesSinceMs = Date.now();
      }
      await until('all receipts', async () => (await receiptsMade(revocation))?.isComplete, {
        deadlineMs: LIMIT_MS,
        everyMs: 200,
      });
      livesMs += Date.now() - livesSinceMs;
      await Promise.all([asking.end(), late.end()]);
      const served = [...asking.served, ...late.served].map(({ how, sentAtMs }) => ({
        how,
        afterMs: sentAtMs - answeredAtMs,
      }));
      const last = Math.max(...served.map(({ afterMs }) => afterMs));
      console.info(
        `kill switch: ${JSON.stringify({
          seed,
          accounts: accounts.length,
          madeS: Math.round(madeMs / 1000),
          lastServedMs: last,
          completeAfterS: Math.round((Date.now() - answeredAtMs) / 1000),
          runningS: Math.round(livesMs / 1000),
          killedAtReceipts: fellAt,
          answers: Object.fromEntries([...asking.codes, ...late.codes]),
        })}`,
      );
      expect(served.filter(({ afterMs }) => afterMs > HOLDS_MS)).toEqual([]);
      expect(asking.served.length).toBeGreaterThan(0);

      const receipts = await allReceipts(revocation);
      const ids = accounts.map(({ id }) => id).toSorted();
      expect(receipts.map((one) => one.connected_account_id).toSorted()).toEqual(ids);
      expect(new Set(receipts.map(({ status }) => status))).toEqual(new Set(['revoked']));
      const whole = (await standing(revocation)).body;
      expect(whole).toMatchObject({
        status: 'complete',
        matched: ids.length,
        counts: { retrying: 0, failed: 0 },
      });
    },
    LIMIT_MS,
  );

  it(
    'has moved each account once, with a chain that is whole',
    async () => {
      const wrong: string[] = [];
      await each(accounts, async ({ id }) => {
        const { moves, intact } = await movesOf(id);
        if (moves !== 1 || !intact) wrong.push(`${id}: ${moves} moves, intact ${intact}`);
      });
      expect(wrong).toEqual([]);
      expect((await byId(spared)).status).toBe(404);
      expect((await w.operator.get(`/v1/connected-accounts/${spared.id}`)).body.status).toBe('active');
    },
    LIMIT_MS,
  );

  it(
    'has told each end once',
    async () => {
      const logged = await until(
        'every event in the log',
        async () => {
          const all = await revokedEvents();
          return all.length >= accounts.length ? all : null;
        },
        { deadlineMs: LIMIT_MS, everyMs: 500 },
      );
      expect(logged.toSorted()).toEqual(accounts.map(({ id }) => id).toSorted());
      // A receiver that was cut off by the kills is sent to later; what it got by now came once.
      expect([...told].filter(([, events]) => events.size !== 1)).toEqual([]);
      expect(told.size).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});

/** Whose end the log of events tells, an entry for each event. */
async function revokedEvents(): Promise<string[]> {
  const found: string[] = [];
  for (let after = ''; ;) {
    const page = await definite('the events', () => w.operator.get(`/v1/events?limit=100${after}`));
    for (const { type, data } of page.body.data)
      if (type === 'connected_account.revoked') found.push(String(data.connected_account_id));
    const last = page.body.data.at(-1)?.id as string | undefined;
    if (page.body.next_cursor === null || last === undefined) return found;
    after = `&after=${last}`;
  }
}
