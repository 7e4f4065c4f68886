/** The fault script, the hooks and the record of the OAuth server: each fault does what it says and no more. */

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OAuthServer } from '#dev/oauth/server.ts';
import { PATIENCE } from '../support/patience.ts';
import { basic, lastCall, post, refresh, start, watchServers } from './oauth-client.ts';

watchServers();

describe('faults', () => {
  let server: OAuthServer;
  let grantId: string;
  let token: string;

  beforeEach(async () => {
    server = await start({ graceS: 60 });
    const granted = await server.grant();
    grantId = granted.grantId;
    token = granted.refreshToken;
  });

  const live = async (): Promise<string[]> => (await server.state(grantId)).liveRefreshTokens;

  it('answers a status or a body of its own and does not touch the grant', async () => {
    server.faults.next({ status: 503, headers: { 'Retry-After': '7' } });
    server.faults.next({ status: 400, body: { error: 'temporarily_odd' } });
    server.faults.next({ body: 'not json', contentType: 'application/json' });
    server.faults.next({ html: true });
    server.faults.next({ html: true, status: 502 });
    const form = { grant_type: 'refresh_token', refresh_token: token };
    const [down, odd, text, page, gateway] = [
      await post(server, form),
      await post(server, form),
      await post(server, form),
      await post(server, form),
      await post(server, form),
    ];
    expect([down.status, down.headers.get('retry-after')]).toEqual([503, '7']);
    expect([odd.status, await odd.json()]).toEqual([400, { error: 'temporarily_odd' }]);
    expect([text.status, await text.text()]).toEqual([200, 'not json']);
    expect([page.status, page.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8']);
    expect(gateway.status).toBe(502);
    expect(server.calls.map((call) => call.processed)).toEqual(Array(5).fill(false));
    expect(await live()).toEqual([token]);
    expect((await refresh(server, token)).status).toBe(200);
  });

  it('rotates and answers a status of its own where it is told to process', async () => {
    server.faults.next({ status: 500, process: true });
    server.faults.next({ status: 502, html: true, process: true });
    expect((await refresh(server, token)).status).toBe(500);
    const [successor] = await live();
    expect(successor).not.toBe(token);
    expect(lastCall(server)).toMatchObject({ processed: true, newRefreshToken: successor, status: 500 });
    const page = await post(server, { grant_type: 'refresh_token', refresh_token: String(successor) });
    expect([page.status, await live()]).toEqual([502, [lastCall(server).newRefreshToken]]);
  });

  it('drops the connection before processing: nothing rotates', async () => {
    server.faults.next({ dropBefore: true });
    await expect(refresh(server, token)).rejects.toThrow();
    expect(await live()).toEqual([token]);
    expect(lastCall(server)).toMatchObject({ processed: false, answered: false, status: null });
  });

  it('drops the connection after processing: the rotation happened and only the grace brings it back', async () => {
    server.faults.next({ dropAfter: true });
    await expect(refresh(server, token)).rejects.toThrow();
    const lost = lastCall(server);
    expect(lost).toMatchObject({ processed: true, answered: false, status: null });
    expect(await live()).toEqual([lost.newRefreshToken]);
    expect((await refresh(server, token)).json).toMatchObject({
      refresh_token: lost.newRefreshToken,
      access_token: lost.accessToken,
    });
    server.graceS = 0;
    expect((await refresh(server, token)).json.error).toBe('invalid_grant');
  });

  it('cuts the body, with the full length promised or with the cut one', async () => {
    server.faults.next({ truncateAtByte: 25 });
    server.faults.next({ truncateAtByte: 25, truncateClean: true });
    const form = { grant_type: 'refresh_token', refresh_token: token };
    const open = await post(server, form);
    expect(open.status).toBe(200);
    expect(Number(open.headers.get('content-length'))).toBeGreaterThan(100);
    await expect(open.text()).rejects.toThrow();
    expect(lastCall(server)).toMatchObject({ processed: true, answered: false, status: 200 });
    const clean = await post(server, form);
    expect(clean.headers.get('content-length')).toBe('25');
    const text = await clean.text();
    expect(text).toHaveLength(25);
    expect(() => JSON.parse(text) as unknown).toThrow();
  });

  it('rewrites the processed answer', async () => {
    const without = (...names: string[]) => ({
      transform: (json: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(json).filter(([name]) => !names.includes(name))),
    });
    server.faults.next(without('expires_in', 'refresh_token'));
    const { json } = await refresh(server, token);
    expect(Object.keys(json).sort()).toEqual(['access_token', 'id_token', 'scope', 'token_type']);
    expect(await live()).toEqual([lastCall(server).newRefreshToken]);
  });

  it('waits before and after processing', async () => {
    server.faults.next({ delayBeforeMs: 1_500 });
    server.faults.next({ delayAfterMs: 1_500 });
    const before = refresh(server, token);
    await vi.waitFor(() => expect(server.calls).toHaveLength(1), PATIENCE);
    expect(await live()).toEqual([token]);
    const { json } = await before;
    const after = refresh(server, String(json.refresh_token));
    await vi.waitFor(() => expect(server.calls[1]?.newRefreshToken).toBeDefined(), PATIENCE);
    expect(await live()).toEqual([lastCall(server).newRefreshToken]);
    expect(lastCall(server).status).toBeNull();
    expect((await after).status).toBe(200);
  });

  it('hangs for ever, and a close ends it', async () => {
    server.faults.next({ delayBeforeMs: Infinity });
    const hanging = expect(refresh(server, token)).rejects.toThrow();
    await vi.waitFor(() => expect(server.calls).toHaveLength(1));
    await sleep(50);
    expect(lastCall(server).status).toBeNull();
    await server.close();
    await hanging;
    await expect(fetch(server.apiUrl)).rejects.toThrow();
  });

  it('drips the body byte by byte', async () => {
    server.faults.next({ body: 'abcdef', dripMs: 20 });
    const startedAtMs = Date.now();
    const response = await post(server, { grant_type: 'refresh_token', refresh_token: token });
    expect(await response.text()).toBe('abcdef');
    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(110);
  });

  it('takes the queue first, then a rule that fits, then what always holds', async () => {
    const other = await server.grant();
    server.faults.always({ status: 500 });
    const end = server.faults.when((call) => call.grantId === grantId, { status: 429 });
    server.faults.next({ status: 408 }, 2);
    const statuses: number[] = [];
    for (const presented of [token, token, token, other.refreshToken]) {
      statuses.push((await post(server, { grant_type: 'refresh_token', refresh_token: presented })).status);
    }
    expect(statuses).toEqual([408, 408, 429, 500]);
    end();
    server.faults.always(null);
    expect((await refresh(server, token)).status).toBe(200);
  });

  it('lets settings differ for one request', async () => {
    server.faults.next({ settings: { accessTokenTtlS: 5, rotation: 'static' } });
    expect((await refresh(server, token)).json).toMatchObject({ expires_in: 5, refresh_token: token });
    expect((await refresh(server, token)).json).toMatchObject({ expires_in: 3600 });
    expect(await live()).not.toContain(token);
  });

  it('waits for the hooks: at arrival nothing has happened, after processing the rotation has', async () => {
    const seen: unknown[] = [];
    server.onReceived(async (call) => {
      await sleep(20);
      seen.push(['received', call.processed, await live()]);
    });
    const end = server.onProcessed(async (call) => {
      await sleep(20);
      seen.push(['processed', call.status, call.newRefreshToken, await live()]);
    });
    const { json } = await refresh(server, token);
    const successor = json.refresh_token;
    expect(seen).toEqual([
      ['received', false, [token]],
      ['processed', null, successor, [successor]],
    ]);
    end();
    await refresh(server, String(successor));
    expect(seen).toHaveLength(3);
  });

  it('keeps what a hook throws, and goes on', async () => {
    const end = server.onProcessed(() => {
      throw new Error('from the hook');
    });
    await expect(refresh(server, token)).rejects.toThrow();
    expect(server.errors.map(String)).toEqual(['Error: from the hook']);
    end();
    expect((await refresh(server, token)).status).toBe(200);
    server.reset();
  });

  it('forgets faults, hooks and record at a reset, and keeps the grants', async () => {
    let hooked = 0;
    server.onReceived(() => (hooked += 1));
    await refresh(server, token);
    server.faults.always({ status: 500 });
    server.faults.next({ status: 500 });
    server.faults.when(() => true, { status: 500 });
    server.reset();
    expect(server.calls).toEqual([]);
    expect((await refresh(server, String((await live())[0]))).status).toBe(200);
    expect(hooked).toBe(1);
  });

  it('goes down and comes back on the same port with its grants', async () => {
    await server.down();
    await expect(refresh(server, token)).rejects.toThrow();
    await server.up();
    expect((await refresh(server, token)).status).toBe(200);
    expect(server.calls).toHaveLength(1);
  });

  it('survives clients that hang up in the middle', async () => {
    const clients = new Map<string, { hangUp: AbortController; gone: Promise<unknown> }>();
    // Each client is gone before the answer to it is written.
    const end = server.onProcessed(async ({ refreshToken }) => {
      const client = clients.get(refreshToken ?? '');
      client?.hangUp.abort();
      await client?.gone;
      // The client's socket closes, and the server hears of it, in the next turns of the loop that both run in.
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    });
    const tokens = await Promise.all(
      Array.from({ length: 20 }, async () => (await server.grant()).refreshToken),
    );
    for (const refreshToken of tokens) {
      const hangUp = new AbortController();
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken });
      const headers = basic(server.client);
      const call = fetch(server.tokenUrl, { method: 'POST', headers, body, signal: hangUp.signal });
      clients.set(refreshToken, { hangUp, gone: expect(call).rejects.toThrow() });
    }
    await Promise.all([...clients.values()].map(({ gone }) => gone));
    const ended = () => server.calls.filter((call) => call.status !== null);
    await vi.waitFor(() => expect(ended()).toHaveLength(20), PATIENCE);
    expect(server.calls.filter((call) => call.newRefreshToken !== undefined)).toHaveLength(20);
    expect(server.calls.filter((call) => call.answered)).toHaveLength(0);
    end();
    expect((await refresh(server, token)).status).toBe(200);
  });
});
