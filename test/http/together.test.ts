/** Agents that fetch one account at the same time, and so share its commits. */

import { connect as openSocket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Client, Reply } from '../support/callers.ts';
import { load } from '../bench/load.ts';
import { name } from '../support/world.ts';
import { refreshScene } from './refresh-scene.ts';

const scene = refreshScene({ server: { accessTokenTtlS: 3600 } });

const inTurn = <T>(from: readonly T[], count: number): T[] =>
  Array.from({ length: count }, (_, n) => from[n % from.length] as T);

describe('agents that fetch one account at the same time', () => {
  it('each get their own answer, and each token its own record', async () => {
    const account = await scene.connect();
    const rules = [{ connection: account.connection, identifiers: ['*'] }];
    const agents = [
      { status: 200, ...(await scene.w.agent({ rules })) },
      { status: 404, ...(await scene.w.agent({ rules: [] })) },
      { status: 403, ...(await scene.w.agent({ rules: [{ ...rules[0], scopes: ['never-granted'] }] })) },
      { status: 404, ...(await scene.w.agent({ rules }, { organization: 'elsewhere' })) },
      { status: 200, ...(await scene.w.agent({ rules })) },
    ];
    const path = `/v1/connected-accounts/${account.id}/token`;
    // What was granted is learnt by one refresh, when a rule with scopes first asks.
    await agents[2]?.client.get(path);
    const token = (await account.fetch()).body.access_token as string;
    const before = await account.records();
    const asks = inTurn(agents, 300);
    const ids = asks.map(() => name('ask'));
    const replies = await Promise.all(
      asks.map((agent, n) => agent.client.get(path, { 'x-correlation-id': ids[n] ?? '' })),
    );
    expect(replies.map(({ status }) => status)).toEqual(asks.map(({ status }) => status));
    expect(replies.map(({ headers }) => headers['x-correlation-id'])).toEqual(ids);
    for (const { status, text } of replies) expect(text.includes(token)).toBe(status === 200);
    // 120 tokens and 60 refusals; what does not exist for its asker is recorded with him.
    await account.records();
    expect(await account.requestsSince(before)).toEqual({
      'token.issue ok': 120,
      'token.issue refused': 60,
    });
  });

  it('are all served by sixty-four connections that never pause', async () => {
    const account = await scene.connect();
    const target = {
      port: Number(new URL(scene.broker.url).port),
      key: scene.agent.key,
      path: () => `/v1/connected-accounts/${account.id}/token`,
    };
    const { failures, perSecond } = await load(target, 64, 3_000);
    expect([failures, perSecond > 0]).toEqual([0, true]);
    expect(scene.broker.output()).not.toContain('different request');
  });

  it('are served although many of them hang up', async () => {
    const account = await scene.connect();
    const { port } = new URL(scene.broker.url);
    const hangUp = () =>
      new Promise<void>((resolve) => {
        const socket = openSocket(Number(port), '127.0.0.1', () => {
          socket.write(
            `GET /v1/connected-accounts/${account.id}/token HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${scene.agent.key}\r\n\r\n`,
            () => setTimeout(() => resolve(void socket.destroy()), Math.random() * 4),
          );
        });
        socket.on('error', () => resolve());
      });
    const fetch = async (client: Client): Promise<Reply> =>
      client.get(`/v1/connected-accounts/${account.id}/token`);
    for (let round = 0; round < 5; round += 1) {
      const [replies] = await Promise.all([
        Promise.all(inTurn([scene.agent.client], 40).map(fetch)),
        ...Array.from({ length: 40 }, hangUp),
      ]);
      expect(replies.map(({ status }) => status)).toEqual(inTurn([200], 40));
    }
    // As quick as ever for who comes alone afterwards.
    expect((await account.fetch()).status).toBe(200);
  });

  it('are refused together once the account is revoked', async () => {
    const account = await scene.connect();
    await account.fetch();
    expect((await account.act('revoke')).status).toBe(200);
    const replies = await account.herd(50);
    for (const { status, body } of replies) expect([status, body.code]).toEqual([409, 'account_revoked']);
  });
});
