/** What ends here ends at the provider too, but never what somebody else still holds. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { name } from '../support/world.ts';
import { storedRows } from '../support/stored-rows.ts';
import { connectScene, type Session } from './connect-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const s = connectScene();
const PATIENCE = { timeout: PATIENCE_MS, interval: 100 };

/** The provider's revocation endpoint as the connections of one scenario know it: counts, breaks on demand, passes on. */
interface Door {
  readonly url: string;
  readonly tokens: string[];
  refuseNext: number;
}

const doors: Door[] = [];
let server: Server;

function newDoor(): Door {
  const { port } = server.address() as AddressInfo;
  const door: Door = { url: `http://127.0.0.1:${port}/revoke/${doors.length}`, tokens: [], refuseNext: 0 };
  doors.push(door);
  return door;
}

type Waits = () => Promise<void>;

interface Scenario {
  readonly act: (door: Door) => Promise<Waits>;
  outcome: Promise<unknown>;
}

const scenarios: Scenario[] = [];
/** All of them have been begun. */
const begun = Promise.withResolvers<void>();

/**
 * What is done comes one after another, before the first test, and what is waited for goes side by side: a grant is
 * ended after two seconds at the earliest, in each of them.
 */
function scenario(act: Scenario['act']): () => Promise<void> {
  const one: Scenario = { act, outcome: Promise.resolve(new Error('it was not begun')) };
  scenarios.push(one);
  return async () => {
    const failure = await one.outcome;
    if (failure !== null) throw failure;
  };
}

beforeAll(async () => {
  server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const door = doors[Number(request.url?.split('/').at(-1))];
      if (door === undefined) throw new Error(`there is no door ${request.url}`);
      door.tokens.push(new URLSearchParams(body).get('token') ?? '');
      if (door.refuseNext > 0) {
        door.refuseNext -= 1;
        response.writeHead(503).end();
        return;
      }
      const { authorization = '', 'content-type': type = '' } = request.headers;
      const headers = { authorization, 'content-type': type };
      const passed = await fetch(s.provider.revocationUrl, { method: 'POST', headers, body });
      response.writeHead(passed.status).end(await passed.text());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const failed = (error: unknown) => error ?? new Error('it failed');
  for (const one of scenarios) {
    const waits = await one.act(newDoor()).catch((error: unknown) => () => Promise.reject(error));
    one.outcome = waits().then(() => null, failed);
  }
  begun.resolve();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const connectionOf = (door: Door, reach: string) =>
  s.connection({}, { revocation_url: door.url, revocation_reach: reach });

/** A candidate of this subject, with the grant at the provider. */
async function candidate(
  connection: string,
  subject: string,
): Promise<{ session: Session; confirmCode: string; grantId: string }> {
  s.provider.user.subject = subject;
  const session = await s.link(connection);
  const { confirmCode } = s.finished(await s.walk(session));
  const grantId = s.provider.calls.findLast((call) => call.grantType === 'authorization_code')?.grantId ?? '';
  return { session, confirmCode, grantId };
}

async function connect(
  connection: string,
  subject: string,
): Promise<{ session: Session; confirmCode: string; grantId: string }> {
  const made = await candidate(connection, subject);
  const confirmed = await s.confirm(made.session, made.confirmCode);
  expect(confirmed.status, confirmed.text).toBe(200);
  return made;
}

interface Outcome {
  readonly reason: string;
  readonly outcome: string;
  readonly evidence: readonly string[];
}

/** Those that ask at the same time read the folder once, which takes as long as a scenario, and not while one is begun. */
let reading: ReturnType<typeof storedRows> | null = null;
async function stored(): Promise<Awaited<ReturnType<typeof storedRows>>> {
  await begun.promise;
  reading ??= storedRows(s.broker.folder).finally(() => (reading = null));
  return reading;
}

/** What the account's audit says of revocations. */
async function outcomes(accountId: string): Promise<Outcome[]> {
  const found: Outcome[] = [];
  for (const [place, rows] of await stored()) {
    if (!/ audit_(?:head|page)$/.test(place)) continue;
    const records = rows.flatMap((row) =>
      String(JSON.parse(row).bodies)
        .split('\n')
        .map((body) => JSON.parse(body)),
    );
    found.push(
      ...records.filter((one) => one.action === 'token.revoke' && one.connected_account_id === accountId),
    );
  }
  return found;
}

function becomes(accountId: string, reason: string): Promise<Outcome> {
  return vi.waitFor(
    async () => {
      const found = await outcomes(accountId);
      expect(found.map((one) => one.reason)).toEqual([reason]);
      return found[0] as Outcome;
    },
    { ...PATIENCE, interval: 500 },
  );
}

/** Neither a job nor a timer is left of the account. */
function isQuiet(accountId: string): Promise<void> {
  return vi.waitFor(
    async () => {
      const rows = await stored();
      const file = [...rows].find(
        ([place, found]) =>
          place.endsWith(' tombstone') && found.some((row) => row.includes(`"${accountId}"`)),
      )?.[0];
      const folder = (file ?? '').replace(/ tombstone$/, '');
      expect([rows.get(`${folder} timer`), rows.get(`${folder} revocation`)]).toEqual([[], []]);
    },
    { ...PATIENCE, interval: 500 },
  );
}

const remove = (session: Session) => s.operator.delete(`/v1/connected-accounts/${session.accountId}`);
const alive = async (grantId: string) => (await s.provider.state(grantId)).alive;
const dies = (grantId: string) => vi.waitFor(async () => expect(await alive(grantId)).toBe(false), PATIENCE);

for (const reach of ['grant', 'token'])
  it(
    `a deleted account ends its grant at the provider, and then wakes no more (reach ${reach})`,
    scenario(async (door) => {
      const { session, grantId } = await connect(await connectionOf(door, reach), name('subject'));
      expect(await alive(grantId)).toBe(true);
      expect((await remove(session)).status).toBe(204);
      return async () => {
        await dies(grantId);
        const record = await becomes(session.accountId, 'revoked');
        expect(record).toMatchObject({ outcome: 'ok' });
        expect(record.evidence).toEqual(['cause:account_deleted', 'tries:1']);
        expect(door.tokens).toHaveLength(1);
        await isQuiet(session.accountId);
        expect(s.broker.output()).not.toContain(door.tokens[0]);
      };
    }),
  );

it(
  'an account that an operator revokes ends its grant at the provider',
  scenario(async (door) => {
    const { session, grantId } = await connect(await connectionOf(door, 'grant'), name('subject'));
    const revoked = await s.operator.post(`/v1/connected-accounts/${session.accountId}/revoke`, {});
    expect(revoked.body.status).toBe('revoked');
    return async () => {
      await dies(grantId);
      expect((await becomes(session.accountId, 'revoked')).evidence).toContain('cause:account_revoked');
    };
  }),
);

it(
  'a candidate that is refused ends at the provider where it was the subject’s only grant',
  scenario(async (door) => {
    const { session, grantId } = await candidate(await connectionOf(door, 'project'), name('subject'));
    const wrong = await s.confirm(session, 'x'.repeat(43));
    expect([wrong.status, wrong.body.code]).toEqual([422, 'confirmation_failed']);
    return async () => {
      await dies(grantId);
      expect((await becomes(session.accountId, 'revoked')).evidence).toContain('cause:candidate_refused');
    };
  }),
);

describe('two connections on one client registration', () => {
  for (const reach of ['grant', 'project', 'unknown'])
    it(
      `a refused candidate of one never ends the grant of the other (reach ${reach})`,
      scenario(async (door) => {
        const subject = name('subject');
        const kept = await connect(await connectionOf(door, reach), subject);
        const refused = await candidate(await connectionOf(door, reach), subject);
        const path = `/v1/connect-sessions/${refused.session.sessionId}/reject`;
        expect((await s.operator.post(path, {})).status).toBe(200);
        return async () => {
          await becomes(refused.session.accountId, 'skipped_shared_grant');
          expect(door.tokens).toEqual([]);
          expect(await alive(kept.grantId)).toBe(true);
          await s.operator.post(`/v1/connected-accounts/${kept.session.accountId}/expire`, {});
          expect((await s.token(kept.session.connection, kept.session.identifier)).status).toBe(200);
        };
      }),
    );

  it(
    'a deletion spares the grant while a candidate of the other waits, and ends it with the last',
    scenario(async (door) => {
      const subject = name('subject');
      const one = await connect(await connectionOf(door, 'grant'), subject);
      const waiting = await candidate(await connectionOf(door, 'grant'), subject);
      expect((await remove(one.session)).status).toBe(204);
      return async () => {
        await becomes(one.session.accountId, 'skipped_shared_grant');
        expect(door.tokens).toEqual([]);
        expect((await s.confirm(waiting.session, waiting.confirmCode)).status).toBe(200);
        expect((await remove(waiting.session)).status).toBe(204);
        await becomes(waiting.session.accountId, 'revoked');
        expect(await alive(waiting.grantId)).toBe(false);
      };
    }),
  );

  it(
    'a refused candidate ends by itself where the reach is its token alone',
    scenario(async (door) => {
      const subject = name('subject');
      await connect(await connectionOf(door, 'token'), subject);
      const refused = await candidate(await connectionOf(door, 'token'), subject);
      await s.operator.post(`/v1/connect-sessions/${refused.session.sessionId}/reject`, {});
      return async () => {
        await becomes(refused.session.accountId, 'revoked');
        expect(door.tokens).toHaveLength(1);
      };
    }),
  );
});

it(
  'a provider whose endpoint is down holds up no deletion, and is asked again',
  scenario(async (door) => {
    const { session, grantId } = await connect(await connectionOf(door, 'grant'), name('subject'));
    door.refuseNext = 1;
    expect((await remove(session)).status).toBe(204);
    return async () => {
      await vi.waitFor(() => expect(door.tokens).toHaveLength(1), PATIENCE);
      expect(await alive(grantId)).toBe(true);
      await dies(grantId);
      expect(door.tokens[1]).toBe(door.tokens[0]);
      expect((await becomes(session.accountId, 'revoked')).evidence).toContain('tries:2');
      await isQuiet(session.accountId);
    };
  }),
);

for (const way of ['delete', 'revoke'])
  it(
    `tokens that arrive after a ${way} has won are ended too`,
    scenario(async (door) => {
      const { session, grantId } = await connect(await connectionOf(door, 'token'), name('subject'));
      const account = `/v1/connected-accounts/${session.accountId}`;
      await s.operator.post(`${account}/expire`, {});
      const { promise, resolve } = Promise.withResolvers<void>();
      s.provider.faults.next({ heldAfter: promise });
      const refreshed = s.operator.post(`${account}/refresh`, {});
      const refresh = await vi.waitFor(() => {
        const found = s.provider.calls.filter(
          (call) => call.grantType === 'refresh_token' && call.grantId === grantId,
        );
        expect(found).toHaveLength(1);
        return found[0];
      }, PATIENCE);
      if (way === 'delete') expect((await remove(session)).status).toBe(204);
      else expect((await s.operator.post(`${account}/revoke`, {})).status).toBe(200);
      resolve();
      return async () => {
        await refreshed;
        await becomes(session.accountId, 'revoked');
        expect(door.tokens).toEqual([refresh?.newRefreshToken]);
        expect((await s.provider.state(grantId)).liveRefreshTokens).toEqual([]);
      };
    }),
  );

/** The next grant that the provider gives for a code. */
async function redeemedAfter(before: number): Promise<string> {
  const codes = () => s.provider.calls.filter((call) => call.grantType === 'authorization_code');
  await vi.waitFor(() => expect(codes()).toHaveLength(before + 1), PATIENCE);
  return codes().at(-1)?.grantId ?? '';
}
const redeemed = () => s.provider.calls.filter((call) => call.grantType === 'authorization_code').length;

it(
  'a grant that a browser brings home after the account was revoked is ended too',
  scenario(async (door) => {
    s.provider.user.subject = name('subject');
    const session = await s.link(await connectionOf(door, 'grant'));
    const before = redeemed();
    const { promise, resolve } = Promise.withResolvers<void>();
    s.provider.faults.next({ heldAfter: promise });
    const walking = s.walk(session);
    const grantId = await redeemedAfter(before);
    const revoked = await s.operator.post(`/v1/connected-accounts/${session.accountId}/revoke`, {});
    expect(revoked.body.status).toBe('revoked');
    resolve();
    return async () => {
      await walking;
      expect((await becomes(session.accountId, 'revoked')).evidence).toContain('cause:came_too_late');
      expect(await alive(grantId)).toBe(false);
    };
  }),
);

for (const what of ['deleted', 'deleted, and made anew'])
  it(
    `a grant that a browser brings home after the account was ${what} is ended too`,
    scenario(async (door) => {
      s.provider.user.subject = name('subject');
      const connection = await connectionOf(door, 'grant');
      const session = await s.link(connection);
      const before = redeemed();
      const { promise, resolve } = Promise.withResolvers<void>();
      s.provider.faults.next({ heldAfter: promise });
      const walking = s.walk(session);
      const grantId = await redeemedAfter(before);
      expect((await remove(session)).status).toBe(204);
      const { identifier } = session;
      const again = { connection, identifier };
      if (what !== 'deleted')
        expect((await s.operator.post('/v1/connected-accounts', again)).body.id).toBe(session.accountId);
      resolve();
      return async () => {
        await walking;
        const { evidence } = await becomes(session.accountId, 'revoked');
        expect(evidence).toContain('cause:came_too_late');
        expect(await alive(grantId)).toBe(false);
        const path = `/v1/connected-accounts/${session.accountId}`;
        if (what === 'deleted') await isQuiet(session.accountId);
        else expect((await s.operator.get(path)).body).toMatchObject({ status: 'pending', scopes: [] });
        expect((await s.operator.get(`${path}/audit/verify`)).body.intact).toBe(true);
      };
    }),
  );

it(
  'an account says so where the provider has no endpoint for it',
  scenario(async (door) => {
    const connection = await s.connection({}, { revocation_url: door.url, revocation_reach: 'none' });
    const { session } = await connect(connection, name('subject'));
    expect((await remove(session)).status).toBe(204);
    return async () => {
      expect(await becomes(session.accountId, 'unsupported')).toMatchObject({ outcome: 'refused' });
      expect(door.tokens).toEqual([]);
    };
  }),
);
