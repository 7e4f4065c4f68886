/**
 * `npm start`: the broker with its data where `wrangler dev` keeps it, a real OAuth server beside it, and a story of
 * what exists, told with the numbers of this run. Then it stays up until Ctrl-C, and the next start goes on with what
 * its reader made. `--once` plays the story, checks each step and exits: 0 when all was as told. Every process that it
 * started, it stops, by process id.
 */

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { VERSION } from '#contract/about/version.ts';
import { failUsage, portFrom, readArguments, UsageError } from './command-line.ts';
import { ensureDevVars } from './dev-vars.ts';
import { isFolderInUse, takeFolder } from './engine/folder-lock.ts';
import { sayFarewell } from './story/farewell.ts';
import { isNamed, openMemory, type OAuthMemory } from './oauth/memory.ts';
import { startOAuthServer, type OAuthServer, type TokenCall } from './oauth/server.ts';
import { whenNpmEnds } from './parent.ts';
import { pastes } from './story/paste.ts';
import { becomesFree, freePort } from './ports.ts';
import type { Settings } from './settings.ts';
import { ROOT, spawnServe, type ServeProcess } from './spawn.ts';
import { startStoryApp, type AppEvent, type StoryApp } from './story/app.ts';
import { castOf, playStory, PROVIDER_SETTINGS, type Cast } from './story/story.ts';
import { createTerminal } from './story/terminal.ts';

const USAGE = `npm start -- [--once] [--keys] [--port N] [--persist-to DIR] [--dev-vars FILE]
  --once        play the story, check each step, exit
  --keys        make .dev.vars with random keys where they are missing, exit
  --port        of the broker; 0 for a free one                      [8787]
  --persist-to  folder of D1 and the objects              [.wrangler/state/v3]
  --dev-vars    where ADMIN_KEY, MASTER_KEYS and the rest are      [.dev.vars]`;

/** In the folder of data: what stands in the one is of no use without the other. A folder, for its lock. */
const MEMORY_FOLDER = 'oauth-server';
/** Of the story: what a killed exchange may still take, so that the reader does not wait the usual 15 s. */
const STORY_BUDGET_MS = '3000';
const STORY_LIMIT_MS = 180_000;
const FAREWELL_LIMIT_MS = 5_000;
const KEPT_LINES = 10;
const SILENCE_MS = 1_500;
const LAST_PORT = 65_535;

interface Options {
  readonly once: boolean;
  readonly keys: boolean;
  readonly port: number;
  readonly persistTo: string;
  readonly devVarsFile: string;
}

function options(): Options {
  try {
    const values = readArguments({
      once: { type: 'boolean', default: false },
      keys: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      port: { type: 'string', default: '8787' },
      'persist-to': { type: 'string', default: path.join(ROOT, '.wrangler/state/v3') },
      'dev-vars': { type: 'string', default: path.join(ROOT, '.dev.vars') },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    return {
      once: values.once,
      keys: values.keys,
      port: portFrom(values.port),
      persistTo: path.resolve(values['persist-to']),
      devVarsFile: path.resolve(values['dev-vars']),
    };
  } catch (error) {
    if (error instanceof UsageError) failUsage(`${error.message}\n${USAGE}`);
    throw error;
  }
}

const { once, keys, port: askedPort, persistTo, devVarsFile } = options();
let saidAtMs = performance.now();
const terminal = createTerminal({
  isTTY: process.stdout.isTTY,
  write: (text) => {
    saidAtMs = performance.now();
    return process.stdout.write(text);
  },
});
/** What the program waits for; null: for its reader. */
let doing: string | null = 'waiting for the port and the data';
/** Shows the reader that it does not hang. On the error stream: the story's own output stays as the README shows it. */
setInterval(() => {
  const silentMs = performance.now() - saidAtMs;
  if (doing !== null && silentMs >= SILENCE_MS)
    console.error(terminal.faint(`  … ${doing}, ${Math.round(silentMs / 1000)} s`));
}, SILENCE_MS).unref();
const shown = (file: string): string => {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
};

if (!keys && !(await becomesFree(askedPort))) {
  failUsage(
    `port ${askedPort} is taken, perhaps by another \`npm start\` or \`wrangler dev\`: stop it, or start beside it with \`npm start -- --port N --persist-to DIR\``,
  );
}
if (!keys && existsSync(persistTo) && (await isFolderInUse(persistTo))) {
  failInUse();
}
/** A check on data where no reader made anything leaves nothing there. */
const memoryFile = path.join(persistTo, MEMORY_FOLDER, 'memory.json');
const memory = keys || (once && !existsSync(memoryFile)) ? null : await takeMemory();
if (memory?.problem)
  terminal.line(`the OAuth server starts anew: ${shown(memoryFile)} cannot be used, ${memory.problem}`);
const oauthPort = keys ? 0 : await portOfOAuthServer();
const port = askedPort === 0 && !keys ? await freePort() : askedPort;
const url = `http://localhost:${port}`;
const vars = await ensureDevVars(devVarsFile);
if (vars.written.length > 0)
  terminal.line(`made ${shown(devVarsFile)} with random ${keysAmong(vars.written)}`);
if (keys) {
  if (vars.written.length === 0)
    terminal.line(`${shown(devVarsFile)} has its keys already; nothing was changed`);
  process.exit(0);
}

function keysAmong(names: readonly string[]): string {
  return names.filter((name) => name === 'ADMIN_KEY' || name === 'MASTER_KEYS').join(' and ');
}

function failInUse(): never {
  failUsage(
    `another broker runs on the data in ${shown(persistTo)}: stop it, or start beside it with \`npm start -- --port N --persist-to DIR\``,
  );
}

/** Of two starts at once, before either has its broker, one gets it. */
async function takeMemory(): Promise<OAuthMemory> {
  const folder = path.dirname(memoryFile);
  await mkdir(folder, { recursive: true });
  if (!(await takeFolder(folder))) failInUse();
  return openMemory(memoryFile, (line) => console.error(terminal.bad(line)));
}

/** Where it was, so that the connections that name it find it again; at first, beside the broker. */
async function portOfOAuthServer(): Promise<number> {
  const kept = memory?.kept ?? null;
  if (kept !== null && kept.port !== askedPort && (await becomesFree(kept.port))) return kept.port;
  if (kept !== null && isNamed(kept)) {
    failUsage(
      `port ${kept.port} is taken, where the OAuth server of the data in ${shown(persistTo)} was, and what was connected there names it: stop what listens there, or start beside it with \`npm start -- --port N --persist-to DIR\``,
    );
  }
  const beside = askedPort + 1;
  return askedPort !== 0 && beside <= LAST_PORT && (await becomesFree(beside, 0)) ? beside : freePort();
}

const cast: Cast = castOf(randomBytes(4).toString('hex'));
let provider: OAuthServer | null = null;
let app: StoryApp | null = null;
let broker: ServeProcess | null = null;
/** The broker that was started last, while it is not known yet whether it comes up. */
let starting: Promise<ServeProcess> | null = null;
/** After the story the reader sees what the broker says; before, only a failure shows it. */
let isStoryOver = false;
const lastLines: string[] = [];
let stopping: Promise<void> | null = null;

async function startBroker(extra: Settings): Promise<void> {
  if (stopping !== null) throw new Error('stopped');
  const settings = { ALLOW_LOOPBACK: 'true', ...vars.settings, BASE_URL: url, ...extra };
  const onLine = (line: string): void => {
    if (isStoryOver && !line.startsWith('ready ')) terminal.line(terminal.faint(line));
    lastLines.push(line);
    if (lastLines.length > KEPT_LINES) lastLines.shift();
  };
  starting = spawnServe({ port, persistTo, settings, onLine });
  broker = await starting;
  void broker.ended.then(endedBy(broker));
}

/** A broker that ends while it should be there, killed by nobody here, ends the program. */
const endedBy = (which: ServeProcess) => (): void => {
  if (isStoryOver && broker === which && stopping === null) void leave(1, 'the broker has ended by itself');
};

async function removeStory(): Promise<void> {
  if (broker === null || provider === null || vars.settings.ADMIN_KEY === undefined) return;
  const said = sayFarewell({ url: broker.url, adminKey: vars.settings.ADMIN_KEY, provider, cast });
  const late = new Promise<null>((resolve) => setTimeout(resolve, FAREWELL_LIMIT_MS, null).unref());
  if ((await Promise.race([said, late])) === true)
    console.log(
      `kept for the next \`npm start\`: connection ${cast.connection}, your accounts there, and its agent`,
    );
}

async function stopAll(): Promise<void> {
  await removeStory();
  const running = await starting?.catch(() => null);
  // One after the other: an answer of the OAuth server on its way to the broker still arrives.
  await running?.stop();
  await Promise.all([provider?.close(), app?.close()]);
}

/** Stops everything and exits; a second call waits for the first. */
async function leave(code: number, message?: string): Promise<void> {
  if (stopping === null) {
    if (message !== undefined) console.error(terminal.bad(message));
    if (message !== undefined && !isStoryOver) {
      for (const line of lastLines) console.error(terminal.faint(`  broker: ${line}`));
    }
    doing = 'stopping what was started';
    stopping = stopAll().catch((error: unknown) => console.error(error));
    await stopping;
    process.exit(code);
  }
  await stopping;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // An interrupted check has checked nothing.
  process.on(signal, () => void leave(once ? 1 : 0));
}
whenNpmEnds('start', () => void leave(1));

async function main(): Promise<void> {
  doing = 'starting the OAuth server and the broker';
  provider = await startOAuthServer({ port: oauthPort, memory, ...PROVIDER_SETTINGS });
  app = await startStoryApp();
  // With the usual budget: five hundred at once may take a busy machine longer than the shorter one.
  await startBroker({});
  terminal.line(
    `${terminal.strong(`valetkey ${VERSION}`)}  broker ${url}  OAuth server ${provider.issuer}  data ${shown(persistTo)}`,
  );
  const stage = {
    url: `http://127.0.0.1:${port}`,
    adminKey: vars.settings.ADMIN_KEY ?? '',
    provider,
    app,
    terminal,
    killBroker: async () => broker?.kill(),
    restartBroker: async () => {
      doing = 'starting the killed broker again';
      await startBroker({ EXCHANGE_BUDGET_MS: STORY_BUDGET_MS });
      doing = 'playing the next step';
    },
  };
  doing = 'playing the next step';
  await playStory(stage, cast);
  doing = 'starting the broker once more, to stay';
  if (provider.errors.length > 0) throw new Error(`the OAuth server failed: ${String(provider.errors[0])}`);
  if (once) {
    terminal.line(terminal.good('all as told'));
    return leave(0);
  }
  await broker?.stop();
  await startBroker({});
  stayUp(provider, app);
}

/** What an operator would do with a webhook: whom it is about, and where it is repaired. */
function lineOf({ type, data }: AppEvent): string {
  const parts = [data['identifier'], data['reason'], data['reauth_url']];
  return `webhook ${type}  ${parts.filter((part) => typeof part === 'string').join('  ')}`;
}

/** A request to the token endpoint in words. A verdict is of a refresh token; other grants have none to judge. */
function requestOf({ grantType, verdict }: TokenCall): string {
  const grant = grantType ?? 'no grant type';
  return verdict === 'other' ? grant : `${grant}, ${verdict} refresh token`;
}

function stayUp(oauth: OAuthServer, receiver: StoryApp): void {
  receiver.onEvent((event) => {
    if (stopping === null) terminal.line(lineOf(event));
  });
  oauth.onProcessed((made) => {
    terminal.line(terminal.faint(`OAuth server: ${requestOf(made)}`));
  });
  for (const { heading, hint, commands } of pastes({
    url,
    cast,
    grantsUrl: oauth.grantsUrl,
    devVarsFile: shown(devVarsFile),
  })) {
    terminal.line();
    terminal.line(terminal.strong(heading));
    if (hint !== undefined) terminal.line(`  ${hint}`);
    for (const command of commands) terminal.line(`  ${command}`);
  }
  terminal.line();
  terminal.line(`It stays up at ${url}; Ctrl-C stops it all.`);
  isStoryOver = true;
  doing = null;
}

const late = setTimeout(() => void leave(1, 'the story did not end in time'), STORY_LIMIT_MS);
try {
  await main();
  clearTimeout(late);
} catch (error) {
  await leave(1, `not as told: ${error instanceof Error ? error.message : String(error)}`);
}
