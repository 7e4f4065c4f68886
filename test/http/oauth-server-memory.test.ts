/**
 * The OAuth server with a memory: whatever it has answered, the next one knows from the file, as a kill at that moment
 * leaves it. What cannot be used as a memory is put aside, and said.
 */

import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cookieBrowser } from '#dev/story/cookie-browser.ts';
import { openMemory } from '#dev/oauth/memory.ts';
import type { OAuthServer } from '#dev/oauth/server.ts';
import { callApi, post, refresh, start, watchServers } from './oauth-client.ts';
import { temporaryFolder } from './programs.ts';

watchServers();

const SETTINGS = { graceS: 600, redirectUris: ['http://127.0.0.1:4000/first'] } as const;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
let copies = 0;
const reported: string[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  file = path.join(folder.path, 'state', 'oauth-server.json');
});
afterEach(async () => {
  await folder.remove();
  expect(reported).toEqual([]);
});

const open = (from: string) => openMemory(from, (line) => reported.push(line));
const startOn = async (from: string): Promise<OAuthServer> =>
  start({ ...SETTINGS, memory: await open(from) });

/** The server that a start finds after a kill -9 in this moment. */
async function afterKill(): Promise<OAuthServer> {
  const copy = path.join(folder.path, `copy-${(copies += 1)}.json`);
  await copyFile(file, copy);
  return startOn(copy);
}

const tokenOf = (json: Record<string, unknown>): string => String(json.refresh_token);

describe('what was answered is known after a kill', () => {
  it('at every step of a grant: issue, rotation, lost answer, reuse, revocation', async () => {
    const server = await startOn(file);
    const { grantId, refreshToken: first } = await server.grant({ subject: 'user-1' });
    const rotated = await refresh(server, first);
    expect(rotated.status).toBe(200);
    const second = tokenOf(rotated.json);

    const next = await afterKill();
    expect(next.client).toEqual(server.client);
    expect((await callApi(next, rotated.json.access_token)).status).toBe(200);
    expect(await next.state(grantId)).toEqual({ alive: true, liveRefreshTokens: [second] });
    const repeated = await refresh(next, first);
    expect(repeated.json, 'an answer that got lost is given again').toEqual(rotated.json);
    expect((await refresh(next, second)).status).toBe(200);

    server.faults.next({ dropAfter: true });
    await expect(refresh(server, second)).rejects.toThrow();
    const recovered = await refresh(await afterKill(), second);
    expect(recovered).toMatchObject({
      status: 200,
      json: { refresh_token: server.calls.at(-1)?.newRefreshToken },
    });

    const strict = await afterKill();
    strict.graceS = 0;
    expect((await refresh(strict, first)).json).toMatchObject({ error: 'invalid_grant' });
    expect((await strict.state(grantId)).alive, 'a spent token after its window ends the grant').toBe(false);

    const revoked = await post(server, { token: tokenOf(recovered.json) }, undefined, server.revocationUrl);
    expect(revoked.status).toBe(200);
    const after = await afterKill();
    expect((await after.state(grantId)).alive).toBe(false);
    expect((await refresh(after, tokenOf(recovered.json))).status).toBe(400);
    expect(
      JSON.stringify(JSON.parse(await readFile(file, 'utf8'))),
      'a dead grant leaves nothing',
    ).not.toContain(first);
  });

  it('at the button on the page of grants, and for every redirect URI', async () => {
    const server = await startOn(file);
    const [gone, stays] = [await server.grant(), await server.grant()];
    await server.allowRedirect('http://127.0.0.1:4000/second');
    await server.allowRedirect('http://127.0.0.1:4000/third');
    await server.forgetRedirect('http://127.0.0.1:4000/second');
    const browser = cookieBrowser();
    await browser.press(await browser.open(server.grantsUrl), 'Revoke', `/${gone.grantId}/`);

    const next = await afterKill();
    expect((await next.state(gone.grantId)).alive).toBe(false);
    expect((await next.state(stays.grantId)).alive).toBe(true);
    const { keys } = (await (await fetch(`${server.issuer}/jwks`)).json()) as { keys: unknown };
    expect(await (await fetch(`${next.issuer}/jwks`)).json()).toEqual({ keys });
    const authorize = async (redirectUri: string): Promise<number> => {
      const query = { response_type: 'code', client_id: next.client.clientId, redirect_uri: redirectUri };
      const url = `${next.authorizationUrl}?${new URLSearchParams({ ...query, scope: 'contacts.read' })}`;
      return (await fetch(url, { redirect: 'manual' })).status;
    };
    expect(
      await Promise.all(
        ['first', 'second', 'third'].map((name) => authorize(`http://127.0.0.1:4000/${name}`)),
      ),
    ).toEqual([303, 400, 303]);
  });

  it('with a grace window that stands still while no server is there', async () => {
    const server = await startOn(file);
    const { refreshToken } = await server.grant();
    const rotated = await refresh(server, refreshToken);
    await server.close();
    const kept = JSON.parse(await readFile(file, 'utf8')) as {
      saved_at_ms: number;
      histories: [string, { usedAtMs: number | null }][];
    };
    const dayMs = 24 * 60 * 60 * 1000;
    kept.saved_at_ms -= dayMs;
    for (const [, history] of kept.histories) if (history.usedAtMs !== null) history.usedAtMs -= dayMs;
    await writeFile(file, JSON.stringify(kept));
    expect((await refresh(await afterKill(), refreshToken)).json).toEqual(rotated.json);
  });

  it('for a crowd at once, and the file is never seen half written', async () => {
    const server = await startOn(file);
    const grants = await Promise.all(Array.from({ length: 30 }, () => server.grant()));
    let isOver = false;
    const read = (async () => {
      let seen = 0;
      for (; !isOver; seen += 1) JSON.parse(await readFile(file, 'utf8'));
      return seen;
    })();
    const tokens = await Promise.all(
      grants.map(async ({ refreshToken }) => tokenOf((await refresh(server, refreshToken)).json)),
    );
    const next = await afterKill();
    isOver = true;
    expect(await read).toBeGreaterThan(0);
    for (const [n, { grantId }] of grants.entries()) {
      expect((await next.state(grantId)).liveRefreshTokens).toEqual([tokens[n]]);
    }
  });
});

describe('the file', () => {
  it('is for the owner alone, also where a kill left a half written one', async () => {
    await mkdir(path.dirname(file));
    await writeFile(`${file}.next`, '{"half', { mode: 0o644 });
    const server = await startOn(file);
    await server.grant();
    await server.close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(path.dirname(file))).toEqual(['oauth-server.json']);
    expect((await open(file)).problem).toBeNull();
  });

  it('holds no session of a browser, so that whoever connects is asked', async () => {
    const server = await startOn(file);
    const browser = cookieBrowser();
    const query = { response_type: 'code', client_id: 'valetkey', redirect_uri: SETTINGS.redirectUris[0] };
    server.user.answer = 'ask';
    const page = await browser.open(
      `${server.authorizationUrl}?${new URLSearchParams({ ...query, scope: 'contacts.read' })}`,
    );
    expect(page.text).toContain('Allow');
    await server.close();
    expect(await readFile(file, 'utf8')).not.toMatch(/"(?:Session|Interaction):/);
  });

  it('that cannot be used is put aside whole, and the server starts anew', async () => {
    const server = await startOn(file);
    await server.grant();
    await server.close();
    const good = await readFile(file, 'utf8');
    const parsed = JSON.parse(good) as Record<string, unknown>;
    const bad: string[] = [
      '',
      'null',
      '[]',
      '{}',
      '{"name":"somebody else\'s"}',
      '\u0000'.repeat(64),
      ...[1, 0.25, 0.5, 0.75].map((part) => good.slice(0, Math.floor(good.trimEnd().length * part) - 1)),
      ...Object.keys(parsed).map((name) => JSON.stringify({ ...parsed, [name]: undefined })),
      ...Object.keys(parsed).map((name) => JSON.stringify({ ...parsed, [name]: { odd: true } })),
      JSON.stringify({ ...parsed, format: `${String(parsed['format'])}1` }),
      JSON.stringify({ ...parsed, port: 70_000 }),
      JSON.stringify({ ...parsed, rows: [['Grant:1', null, null]] }),
    ];
    for (const text of bad) {
      await writeFile(file, text);
      const memory = await open(file);
      expect(memory.kept, text.slice(0, 80)).toBeNull();
      expect(memory.problem).toMatch(/; it is now oauth-server\.json\.unreadable$/);
      expect(await readFile(`${file}.unreadable`, 'utf8')).toBe(text);
      expect((await open(file)).problem).toBeNull();
    }
    await mkdir(file);
    expect((await open(file)).problem).toMatch(/^EISDIR; it is now/);
    const anew = await startOn(file);
    expect(anew.client.clientSecret).not.toBe(server.client.clientSecret);
    await anew.close();
    expect((await open(file)).kept?.clientSecret).toBe(anew.client.clientSecret);
  });

  it('that cannot be written or put aside is said once, and the server goes on', async () => {
    const server = await startOn(file);
    const { refreshToken } = await server.grant();
    await rm(path.dirname(file), { recursive: true });
    await writeFile(path.dirname(file), 'no folder');
    const { json } = await refresh(server, refreshToken);
    expect((await refresh(server, tokenOf(json))).status).toBe(200);
    expect(reported.splice(0)).toEqual([expect.stringMatching(/ cannot be written \(E\w+\): /)]);

    const memory = await open(file);
    expect(memory).toMatchObject({
      kept: null,
      problem: expect.stringMatching(/^ENOTDIR, nor put aside/) as unknown,
    });
    const other = await start({ ...SETTINGS, memory });
    expect((await refresh(other, (await other.grant()).refreshToken)).status).toBe(200);
    expect(await readFile(path.dirname(file), 'utf8')).toBe('no folder');
  });
});
