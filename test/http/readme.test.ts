/** The README says what is true: its commands work as they stand, its links lead somewhere. That its session is
 * what `npm start` prints is seen in `start.test.ts`. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../support/broker.ts';
import { cookieBrowser } from '../../src/dev/story/cookie-browser.ts';
import { startOAuthServer } from '../../src/dev/oauth/server.ts';
import { client } from '../support/callers.ts';
import { paste } from './curl.ts';
import { ROOT } from './programs.ts';
import { README, blocks, session } from './readme.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const inputOf = (html: string, id: string): string =>
  new RegExp(`<input id="${id}" value="([^"]+)"`).exec(html)?.[1] ?? `no ${id}`;

it('three curls lead from nothing to an agent that holds the key', async () => {
  const block = blocks.find((text) => text.startsWith('curl -s -X PUT')) ?? '';
  const commands = block.trim().split(/\n\n+/);
  expect(commands).toHaveLength(3);
  const broker = await startBroker({ alone: true });
  try {
    const variables: Record<string, string> = { ADMIN_KEY: broker.adminKey };
    const answers = [];
    for (const command of commands) {
      answers.push(await paste(command.replaceAll('http://localhost:8787', broker.url), variables));
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 200]);
    const told = /^The last one answers .*: `(\{.*),…\}`/m.exec(README)?.[1] ?? '';
    expect(answers[2]?.body).toMatchObject(JSON.parse(`${told}}`) as object);
  } finally {
    await broker.dispose();
  }
});

it('four more make the same agent ask a person first, who lets it through once', async () => {
  const at = (start: string) => blocks.findIndex((text) => text.startsWith(start));
  const quickstart = blocks[at('curl -s -X PUT http://localhost:8787/v1/credentials/my-api')] ?? '';
  const asking = blocks[at('curl -s -X PUT http://localhost:8787/v1/agents/my-agent/policy')] ?? '';
  const [rule = '', ask = '', approve = '', fetch = '', ...rest] = asking.trim().split(/\n\n+/);
  expect([rest, fetch !== '']).toEqual([[], true]);
  const broker = await startBroker({ alone: true });
  try {
    const variables: Record<string, string> = { ADMIN_KEY: broker.adminKey };
    const run = (command: string) =>
      paste(command.replaceAll('http://localhost:8787', broker.url), variables);
    for (const command of quickstart.trim().split(/\n\n+/)) await run(command);
    expect((await run(rule)).status).toBe(200);
    // Within a second the old policy may still hold.
    const asked = async () => (await run(ask).catch(() => null))?.status ?? null;
    await expect.poll(asked, { timeout: PATIENCE_MS }).toBe(403);
    expect((await run(approve)).body.status).toBe('approved');
    expect((await run(fetch)).body).toMatchObject({ api_key: 'YOUR-API-KEY' });
    expect((await run(fetch)).body.code).toBe('approval_required');
  } finally {
    await broker.dispose();
  }
});

it('seven more lead to an agent that holds the token of a user, without the root key for the app', async () => {
  const first = blocks.findIndex((text) => text.startsWith('curl -s http://localhost:8787/v1/connections '));
  const commands = blocks.slice(first, first + 3).flatMap((text) => text.trim().split(/\n\n+/));
  expect(commands).toHaveLength(7);
  expect(commands.slice(3).filter((command) => command.includes('ADMIN_KEY'))).toEqual([]);
  const scopes = ['openid', 'offline_access', 'oauth', 'crm.objects.contacts.read'];
  const provider = await startOAuthServer({ scopes });
  const broker = await startBroker({ alone: true });
  try {
    const { clientId, clientSecret } = provider.client;
    await provider.setClient(provider.client, [`${broker.url}/oauth/callback/hubspot`]);
    const variables: Record<string, string> = { ADMIN_KEY: broker.adminKey };
    let [session, code] = ['SESSION', 'CODE'];
    const answers = [];
    for (const command of commands) {
      // A server of ours in HubSpot's place; all else is as it is printed.
      const here = command
        .replaceAll('http://localhost:8787', broker.url)
        .replace(
          '"provider":"hubspot"',
          `"provider":"custom","provider_config":{"issuer":"${provider.issuer}"}`,
        )
        .replace('YOUR-CLIENT-ID', clientId)
        .replace('YOUR-CLIENT-SECRET', clientSecret)
        .replace('SESSION', session)
        .replace('CODE', code);
      const answer = await paste(here, variables);
      answers.push(answer);
      if (!command.includes('/connect-link')) continue;
      const user = cookieBrowser();
      const consent = await user.press(await user.open(String(answer.body.url)), '');
      const { text } = consent.url.startsWith(provider.issuer) ? await user.press(consent, 'Allow') : consent;
      [session, code] = [inputOf(text, 'session'), inputOf(text, 'code')];
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 200, 200]);
    expect(answers[0]?.body.redirect_uri).toBe(`${broker.url}/oauth/callback/hubspot`);
    expect(README).toContain('`http://localhost:8787/oauth/callback/hubspot`');
    expect(answers[1]?.body.role).toBe('connect');
    const token = answers[6]?.body;
    expect(token).toMatchObject({ type: 'oauth2', identifier: 'user_1' });
    expect(token.headers).toEqual({ Authorization: `Bearer ${token.access_token}` });
    // As the README says of a policy without `identifiers`.
    const operator = client(broker.url, broker.adminKey);
    await operator.put('/v1/agents/crm-agent/policy', { rules: [{ connection: 'hubspot' }] });
    const path = '/v1/agents/crm-agent/credentials/hubspot?identifier=user_1';
    await expect
      .poll(async () => (await client(broker.url, variables['CRM_KEY'] ?? '').get(path)).body.reason, {
        timeout: PATIENCE_MS,
      })
      .toBe('identifier_not_allowed');
    expect(README).toContain('403 `identifier_not_allowed`');
  } finally {
    await broker.dispose();
    await provider.close();
  }
});

it('three more lead from an agent to its sub-agent, which holds a smaller token', async () => {
  const commandsOf = (begin: string) =>
    (blocks.find((text) => text.startsWith(begin)) ?? '').trim().split(/\n\n+/);
  const commands = [...commandsOf('curl -s -X PUT'), ...commandsOf('export TOKEN=')];
  expect(commands).toHaveLength(6);
  const broker = await startBroker({ alone: true });
  try {
    const variables: Record<string, string> = { ADMIN_KEY: broker.adminKey };
    let last;
    for (const command of commands) {
      last = await paste(command.replaceAll('http://localhost:8787', broker.url), variables);
      expect(last.status, last.text).toBeLessThan(300);
    }
    expect(last?.body).toMatchObject({ type: 'api_key', identifier: 'default' });
    const account = String(last?.body.connected_account_id);
    const operator = client(broker.url, broker.adminKey);
    const page = await operator.get(`/v1/audit-events?connected_account_id=${account}`);
    expect(page.body.data[0].actor).toMatchObject({ id: 'my-agent', chain: ['researcher'] });
  } finally {
    await broker.dispose();
  }
});

it('every link leads to a file or folder that is there', () => {
  const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((target) => !existsSync(path.join(ROOT, target)))).toEqual([]);
});

it('every npm command in it is a script, and every script is in it', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...README.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name);
  const known = [...Object.keys(scripts), 'ci', 'brings'];
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
  expect(Object.keys(scripts).filter((name) => name !== 'format' && !named.includes(name))).toEqual([]);
});

it('its map shows every room of src, on its floor', () => {
  const { rooms } = JSON.parse(readFileSync(path.join(ROOT, 'test/architecture/rooms.json'), 'utf8')) as {
    rooms: { room: string; floor: string }[];
  };
  const map = blocks.find((text) => text.startsWith('src/contract')) ?? '';
  const lines = map.trim().split('\n');
  const shown = lines.map((line) =>
    (line.split(/ {3,}/)[0] ?? '').replace('src/', '').split(/ +/).toSorted(),
  );
  const folders = rooms.filter(({ room }) => !room.endsWith('.ts'));
  const floors = [...Map.groupBy(folders, ({ floor }) => floor).values()];
  expect(shown).toEqual(floors.map((floor) => floor.map(({ room }) => room).toSorted()));
});

it('the session has a screen of lines', () => {
  expect(session.length).toBeGreaterThanOrEqual(12);
  expect(session.length).toBeLessThanOrEqual(15);
});
