/**
 * The provider simulator: twelve dialects on one loopback server, accounts with a script each, and a record of every
 * use of every refresh token with its verdict. It holds everything in memory and knows nothing of the broker; what goes
 * over the wire is made by the same code as the faults of the development OAuth server.
 *
 * The parts: `dialects.ts` (what each provider is), `answers.ts` (its words), `family.ts` (its tokens), `request.ts`
 * (what it refuses), `steps.ts` (what goes wrong), `token-endpoint.ts`, `control.ts` (the accounts over HTTP).
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drop } from '../oauth-answer.ts';
import { answersOf } from './answers.ts';
import { serveControl } from './control.ts';
import { DIALECTS, findDialect, type Dialect } from './dialects.ts';
import { Family } from './family.ts';
import { namesIn } from './request.ts';
import { Script } from './steps.ts';
import { serveToken } from './token-endpoint.ts';
import {
  bookOf,
  sendJson,
  type AccountOptions,
  type RefreshUse,
  type SimulatedAccount,
  type Simulator,
  type SimulatorOptions,
  type World,
} from './world.ts';

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const closing = new AbortController();
  const world: World = {
    client: {
      clientId: options.clientId ?? 'simulated-client',
      clientSecret: options.clientSecret ?? randomBytes(18).toString('base64url'),
    },
    books: new Map(DIALECTS.map((one) => [one.id, answersOf(one.vectors)])),
    accounts: new Map(),
    codes: new Map(),
    uses: [],
    closing: closing.signal,
  };
  const finished = (use: RefreshUse): void => {
    if (options.logUses === true) process.stdout.write(`${lineOf(use)}\n`);
  };

  const http = createServer({ requestTimeout: 0 });
  http.on('clientError', (_error, socket) => socket.destroy());
  http.on('request', (req: IncomingMessage, res: ServerResponse) => {
    res.on('error', () => {});
    route(req, res).catch((error: unknown) => {
      console.error(error);
      drop(res);
    });
  });
  async function route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://127.0.0.1');
    const [, first = '', second = ''] = url.pathname.split('/');
    if (first === 'simulator') return await serveControl(simulator, req, res, url);
    const dialect = findDialect(first);
    const what = dialect === undefined ? '' : `${req.method ?? ''} ${second}`;
    if (dialect !== undefined && what === 'POST token')
      return await serveToken(world, dialect, req, res, url, finished);
    if (dialect !== undefined && what === 'GET authorize') return serveAuthorize(world, dialect, res, url);
    if (dialect !== undefined && second === 'api') return serveApi(world, dialect, req, res);
    sendJson(res, 404, { error: 'not_found' });
  }

  http.listen({ host: '127.0.0.1', port: options.port ?? 0, backlog: 4096 });
  await once(http, 'listening');
  const simulator: Simulator = {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    client: world.client,
    uses: world.uses,
    accounts: world.accounts,
    account: (wanted) => newAccount(world, wanted),
    async close() {
      closing.abort();
      const closed = once(http, 'close');
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
  return simulator;
}

function newAccount(world: World, wanted: AccountOptions): SimulatedAccount {
  const dialect = findDialect(wanted.dialect);
  if (dialect === undefined) throw new Error(`there is no dialect ${wanted.dialect}`);
  const id = wanted.id ?? `account-${world.accounts.size + 1}`;
  if (world.accounts.has(id)) throw new Error(`there is an account ${id} already`);
  const family = new Family(
    {
      rotation: wanted.rotation ?? dialect.rotation,
      graceS: wanted.graceS === undefined ? dialect.graceS : wanted.graceS,
      reuse: wanted.reuse ?? dialect.reuse,
      accessTtlS: wanted.accessTtlS ?? dialect.accessTtlS,
      refreshTtlS: wanted.refreshTtlS ?? null,
      endsOldAccess: wanted.endsOldAccess ?? dialect.endsOldAccess === true,
    },
    dialect.prefixes,
  );
  const script = new Script();
  script.set(wanted.script ?? []);
  const made: SimulatedAccount = {
    id,
    dialect,
    family,
    script,
    latency: wanted.latency ?? null,
    scope: wanted.scope ?? dialect.scope,
    first: family.issue(Date.now()),
  };
  world.accounts.set(id, made);
  return made;
}

/** Consents at once, for the account of the query or a new one. */
function serveAuthorize(world: World, dialect: Dialect, res: ServerResponse, url: URL): void {
  const asked = (name: string) => url.searchParams.get(name);
  const redirectUri = asked('redirect_uri') ?? '';
  const isOurs = asked('client_id') === world.client.clientId && asked('response_type') === 'code';
  if (!isOurs || !isLoopback(redirectUri)) return sendJson(res, 400, { error: 'invalid_request' });
  const known = world.accounts.get(asked('account') ?? '');
  const account = known?.dialect === dialect ? known : newAccount(world, { dialect: dialect.id });
  const code = randomBytes(18).toString('base64url');
  world.codes.set(code, { account, redirectUri, challenge: asked('code_challenge') });
  const back = new URL(redirectUri);
  back.searchParams.set('code', code);
  const state = asked('state');
  if (state !== null) back.searchParams.set('state', state);
  res.writeHead(302, { location: back.href, 'cache-control': 'no-store' }).end();
}

/** Every path answers a living access token, and refuses any other in the API's own words. */
function serveApi(world: World, dialect: Dialect, req: IncomingMessage, res: ServerResponse): void {
  const token = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
  const owner = [...world.accounts.values()].find(
    (one) => one.dialect === dialect && one.family.accepts(token, Date.now()),
  );
  if (owner !== undefined)
    return sendJson(res, 200, { ok: true, account: owner.id, scope: namesIn(owner.scope) });
  const refused = bookOf(world, dialect)('refused_token');
  sendJson(res, refused.status, refused.body);
}

const isLoopback = (uri: string): boolean =>
  URL.canParse(uri) && ['127.0.0.1', 'localhost'].includes(new URL(uri).hostname);

function lineOf(use: RefreshUse): string {
  const what = use.step === null ? '' : ` [${use.step}]`;
  const told = use.answered ? String(use.status) : 'no whole answer';
  return `${use.dialect} ${use.account ?? 'nobody'} token ${use.token ?? '?'} ${use.verdict}${what}: ${told}`;
}
