/**
 * `npm start`: the story comes out as told, the keys are the owner's, nothing of it is left behind, and what its reader
 * made on it is there at the next start.
 */

import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cookieBrowser, type Page } from '../../src/dev/story/cookie-browser.ts';
import { freePort } from '../../src/dev/ports.ts';
import { call, type Reply } from '../support/callers.ts';
import { paste } from './curl.ts';
import { session, steps } from './readme.ts';
import {
  endAllNaming,
  endGroup,
  processesNaming,
  runNode,
  runNpm,
  temporaryFolder,
  type Program,
} from './programs.ts';
import { PATIENCE_MS } from '../support/patience.ts';

/** Two starts of the engine and a kill between them. */
const STORY_MS = 300_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let devVars: string;
let programs: Program[];

beforeEach(async () => {
  folder = await temporaryFolder();
  devVars = path.join(folder.path, '.dev.vars');
  programs = [];
});
afterEach(async () => {
  programs.forEach(endGroup);
  await endAllNaming(folder.path);
  await folder.remove();
});

function start(
  runner: (args: string[]) => Program,
  args: string[],
  port = 0,
  persistTo = path.join(folder.path, 'state'),
): Program {
  const places = ['--port', String(port), '--persist-to', persistTo, '--dev-vars', devVars];
  const program = runner([...places, ...args]);
  programs.push(program);
  return program;
}

const byNpm = (args: string[]): Program => runNpm(['start', '--', ...args]);
const byNode = (args: string[]): Program => runNode('start.ts', args);

async function keys(): Promise<{ adminKey: string; masterKeys: string }> {
  const text = await readFile(devVars, 'utf8');
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  return { adminKey: value('ADMIN_KEY'), masterKeys: value('MASTER_KEYS') };
}

/** What a reader does with a link: the broker's page, its button, the provider's page, Allow. */
async function walk(link: string): Promise<Page> {
  const user = cookieBrowser();
  return user.press(await user.press(await user.open(link), ''), 'Allow');
}

/** The commands that a start prints for its reader. */
const commandsOf = (program: Program): string[] =>
  program
    .stdout()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes('curl -s'));

/** As in a terminal: Ctrl-C reaches npm and the program under it. */
async function pressCtrlC(program: Program): Promise<void> {
  process.kill(-(program.child.pid ?? 0), 'SIGINT');
  await program.exited;
  await expect.poll(() => processesNaming(folder.path), { timeout: PATIENCE_MS }).toEqual(new Map());
}

/** What the OAuth server has left, in the folder of data. */
const memoryFile = (): string => path.join(folder.path, 'state', 'oauth-server', 'memory.json');

const inputOf = (html: string, id: string): string =>
  new RegExp(`<input id="${id}" value="([^"]+)"`).exec(html)?.[1] ?? `no ${id}`;

describe('npm start -- --once', () => {
  it(
    'plays the story with the numbers of its run, exits 0 and leaves no process',
    { timeout: STORY_MS },
    async () => {
      const story = start(byNpm, ['--once']);
      expect(await story.exited, story.stdout() + story.stderr()).toBe(0);
      const told = story.stdout();
      expect(told).toMatch(
        /^1 connect .* back at the app in [\d,]+ ms\n.* confirms with session and code: active, as user-1 /m,
      );
      expect(told).toMatch(/^2 fetch .* token for (?:[78]\d|90) s in [\d,]+ ms; the API takes it: 200$/m);
      expect(told).toMatch(/^3 herd .* 500 fetches at once: 500 answers in [\d,]+ ms, 1 token, 1 refresh$/m);
      expect(told).toMatch(
        /^4 kill -9 .*\n.* same account, token after [\d.]+ s \(\d+ (try|tries)\): nothing lost$/m,
      );
      expect(told).toMatch(/next rotation 200; audit chain intact, [\d,]{3,} records$/m);
      expect(told).toMatch(
        /^5 revoke .* its API says 401\n +agent: 409 reauth_required after [\d,]+ ms, reason grant_revoked, since \d{4}-\d\d-\d\dT[\d:.]+Z\n +webhook: agent\.auth\.reauth_required after [\d,]+ ms, signature valid, same reauth_url$/m,
      );
      expect(told).toMatch(
        /^6 repair .*: active again after [\d,]+ ms\n +webhook: agent\.auth\.succeeded after [\d,]+ ms, reconnected; the agent goes on, .*\nall as told\n$/m,
      );

      expect(steps(told.split('\n')), 'the README shows what is printed').toEqual(steps(session));

      const { adminKey, masterKeys } = await keys();
      expect(told + story.stderr()).not.toContain(adminKey);
      expect(told + story.stderr()).not.toContain(masterKeys.slice('k1:'.length));
      expect(told).not.toMatch(/vk_agent_|whsec_|\/connect\//);
      expect(told, 'colour is for terminals').not.toContain('\u001b');
      await expect(stat(memoryFile())).rejects.toThrow('ENOENT');
      expect(await processesNaming(folder.path)).toEqual(new Map());
    },
  );

  it('exits non-zero with the step that was not as told', { timeout: STORY_MS }, async () => {
    await start(byNode, ['--keys']).exited;
    await writeFile(devVars, (await readFile(devVars, 'utf8')).replace(/^(MASTER_KEYS=k1:).*$/m, '$1AAAA'));
    const story = start(byNode, ['--once']);
    expect(await story.exited).toBe(1);
    expect(story.stderr()).toMatch(
      /^not as told: step 1 \(connect\): .* 503 vault_locked the master key "k1"/m,
    );
    expect(await processesNaming(folder.path)).toEqual(new Map());
  });
});

describe('npm start', () => {
  it(
    'stays up after the story with commands that work as printed, and SIGTERM ends all that it started',
    { timeout: STORY_MS },
    async () => {
      const port = await freePort();
      const program = start(byNode, [], port);
      await program.says(/It stays up at http:\/\/localhost:\d+; Ctrl-C stops it all\./);
      const commands = commandsOf(program);
      expect(commands).toHaveLength(11);
      expect(program.stdout()).toContain(`export ADMIN_KEY=$(sed -n 's/^ADMIN_KEY=//p' ${devVars})`);
      const variables: Record<string, string> = { ADMIN_KEY: (await keys()).adminKey };
      const answers: Reply[] = [];
      let [session, code] = ['SESSION', 'CODE'];
      for (const command of commands) {
        const answer = await paste(command.replace('SESSION', session).replace('CODE', code), variables);
        answers.push(answer);
        if (!command.includes('/connect-link')) continue;
        const { text } = await walk(String(answer.body.url));
        [session, code] = [inputOf(text, 'session'), inputOf(text, 'code')];
      }
      const statuses = [200, 200, 200, 200, 201, 201, 200, 200, 201, 201, 200];
      expect(answers.map(({ status }) => status)).toEqual(statuses);
      expect(answers[1]?.body.access_token).toEqual(expect.any(String));
      expect(answers[3]?.body.intact).toBe(true);
      expect(answers[6]?.body).toMatchObject({ identifier: 'you', status: 'succeeded' });
      expect(answers[7]?.body.access_token).toEqual(expect.any(String));
      expect(answers[10]?.body.api_key).toBe('YOUR-API-KEY');

      // The revoke button, and what the screen then says.
      const [, fetchToken = '', expire = ''] = commands;
      const user = cookieBrowser();
      await user.press(await user.open(/http:\S+\/grants/.exec(program.stdout())?.[0] ?? ''), 'Revoke');
      await paste(expire, variables);
      expect((await paste(fetchToken, variables)).body.code).toBe('reauth_required');
      const [, link = ''] = await program.says(
        /^webhook agent\.auth\.reauth_required {2}user_1 {2}grant_revoked {2}(\S+)$/m,
      );
      expect((await walk(link)).status).toBe(200);
      await program.says(/^webhook agent\.auth\.succeeded {2}user_1$/m);
      expect((await paste(fetchToken, variables)).status).toBe(200);

      const second = start(byNode, ['--once'], port);
      expect(await second.exited).toBe(2);
      expect(second.stderr()).toContain(`port ${port} is taken`);
      const beside = start(byNode, ['--once']);
      expect(await beside.exited).toBe(2);
      expect(beside.stderr()).toMatch(
        /^another broker runs on the data in .*state: stop it, or start beside it/m,
      );

      program.child.kill('SIGTERM');
      expect(await program.exited).toBe(0);
      expect(await processesNaming(folder.path)).toEqual(new Map());
    },
  );

  it(
    'keeps what its reader made on its advice: after Ctrl-C and a check, the next start goes on with it',
    { timeout: STORY_MS },
    async () => {
      const port = await freePort();
      const staysUp = /It stays up at http:\/\/localhost:\d+; Ctrl-C stops it all\./;
      const first = start(byNpm, [], port);
      await first.says(staysUp);
      const [story = '', , , , make = '', link = '', confirm = '', fetchToken = '', store = ''] =
        commandsOf(first);
      const variables: Record<string, string> = { ADMIN_KEY: (await keys()).adminKey };
      const made = await paste(make, variables);
      const connection = String(made.body.connection);
      const { text } = await walk(String((await paste(link, variables)).body.url));
      await paste(
        confirm.replace('SESSION', inputOf(text, 'session')).replace('CODE', inputOf(text, 'code')),
        variables,
      );
      const before = await paste(fetchToken, variables);
      expect(before.status).toBe(200);
      expect((await paste(store, variables)).status).toBe(201);

      await pressCtrlC(first);
      const check = start(byNode, ['--once'], port);
      expect(await check.exited, check.stdout() + check.stderr()).toBe(0);

      const second = start(byNpm, [], port);
      await second.says(staysUp);
      const headers = { authorization: `Bearer ${variables['ADMIN_KEY']}` };
      const base = `http://127.0.0.1:${port}/v1`;
      const idsOf = async (list: string): Promise<unknown[]> =>
        ((await call('GET', `${base}/${list}`, { headers })).body.data as { id: unknown }[]).map(
          ({ id }) => id,
        );
      const account = `${base}/connected-accounts/${variables['ACCOUNT']}`;
      expect((await call('GET', account, { headers })).body).toMatchObject({
        status: 'active',
        connection,
        identifier: 'you',
        subject: 'user-1',
      });
      expect((await call('POST', `${account}/expire`, { headers })).status).toBe(200);
      const after = await paste(fetchToken, variables);
      expect(after.status, after.text).toBe(200);
      expect(after.body.access_token).not.toBe(before.body.access_token);
      const oauth = /OAuth server (http:\S+)/.exec(second.stdout())?.[1] ?? '';
      const bearer = { authorization: `Bearer ${String(after.body.access_token)}` };
      expect((await call('GET', `${oauth}/api/contacts`, { headers: bearer })).status).toBe(200);
      // A link of the kept connection leads through the provider still, which knows its redirect URI.
      const again = await paste(link, variables);
      expect((await walk(String(again.body.url))).status).toBe(200);
      expect((await paste(fetchToken, variables)).status).toBe(200);

      // What the first story and the check made for themselves is gone.
      expect((await paste(story, variables)).status).toBe(404);
      expect(await idsOf('connections')).toHaveLength(3);
      expect(await idsOf('connections')).toEqual(expect.arrayContaining([connection, 'my-api']));
      expect(await idsOf('agents')).toHaveLength(2);
      expect(await idsOf('webhook-endpoints')).toHaveLength(1);
      expect(first.stdout()).toMatch(
        new RegExp(`^kept for the next \`npm start\`: connection ${connection}, your accounts there`, 'm'),
      );
      expect((await stat(memoryFile())).mode & 0o777).toBe(0o600);
      await pressCtrlC(second);

      // Elsewhere the OAuth server would be another one to the kept connection.
      const squatter = createServer().listen(Number(new URL(oauth).port), '127.0.0.1');
      await once(squatter, 'listening');
      const refused = start(byNode, ['--once'], port);
      expect(await refused.exited).toBe(2);
      expect(refused.stderr()).toMatch(
        /^port \d+ is taken, where the OAuth server of the data in .*state was/m,
      );
      squatter.close();
    },
  );

  it('takes its broker along when it is killed itself', { timeout: STORY_MS }, async () => {
    const program = start(byNode, []);
    await program.says(/^1 connect/m);
    program.child.kill('SIGKILL');
    await program.exited;
    await expect.poll(() => processesNaming(folder.path), { timeout: PATIENCE_MS }).toEqual(new Map());
  });
});

describe('npm start -- --keys', () => {
  it('makes .dev.vars for the owner alone, with random keys', async () => {
    expect(await start(byNode, ['--keys']).exited).toBe(0);
    expect((await stat(devVars)).mode & 0o777).toBe(0o600);
    const first = await keys();
    expect(first.adminKey).toMatch(/^[0-9a-f]{64}$/);
    expect(first.masterKeys).toMatch(/^k1:[A-Za-z0-9+/]{43}=$/);
    expect(await readFile(devVars, 'utf8')).toMatch(
      /^ALLOW_LOOPBACK=true\nBASE_URL=http:\/\/localhost:8787$/m,
    );
    await writeFile(devVars, '');
    await start(byNode, ['--keys']).exited;
    expect(await keys()).not.toEqual(first);
  });

  it('replaces no key that is there and adds the one that is missing', async () => {
    await writeFile(devVars, 'MASTER_KEYS=k7:mine\nLOG_LEVEL=debug');
    expect(await start(byNode, ['--keys']).exited).toBe(0);
    const once = await readFile(devVars, 'utf8');
    expect(once).toMatch(/^MASTER_KEYS=k7:mine\nLOG_LEVEL=debug\nADMIN_KEY=[0-9a-f]{64}\n$/);
    const again = start(byNode, ['--keys']);
    expect(await again.exited).toBe(0);
    expect(again.stdout()).toContain('nothing was changed');
    expect(await readFile(devVars, 'utf8')).toBe(once);
  });
});
