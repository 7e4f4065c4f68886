/**
 * The provider simulator: twelve dialects and the catalogue's OAuth entries on one loopback server, accounts with a
 * script each, and a record of every use of every refresh token with its verdict. It holds everything in memory and knows nothing of the broker; what goes
 * over the wire is made by the same code as the faults of the development OAuth server.
 *
 * The parts: `dialects.ts` (what each provider is), `entries.ts` (the same out of the catalogue), `consent.ts` (its
 * user), `answers.ts` (its words), `family.ts` (its tokens), `request.ts`
 * (what it refuses), `steps.ts` (what goes wrong), `token-endpoint.ts`, `control.ts` (the accounts over HTTP), `api/` (some entries' own APIs, for SDKs).
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drop } from '../oauth/answer.ts';
import type { ApiHost } from './api/face.ts';
import { startApiHost } from './api/host.ts';
import { serveAuthorize } from './consent.ts';
import { serveControl } from './control.ts';
import type { Dialect } from './dialects/dialect.ts';
import { findDialect } from './dialects/dialects.ts';
import { isMachineType } from '#contract/machine/kinds.ts';
import { entryDialectId } from './entries/entries.ts';
import { serveDelete, serveLongLived, serveRevoke, serveWithToken } from './entries/entry-routes.ts';
import { Family } from './dialects/family.ts';
import { Script } from './steps.ts';
import { serveMachine } from './machine/machine-endpoint.ts';
import { serveOauth1 } from './signed/oauth1.ts';
import { serveToken } from './token-endpoint.ts';
import {
  sendJson,
  type AccountOptions,
  type RefreshUse,
  type SimulatedAccount,
  type Simulator,
  type SimulatorOptions,
  type World,
} from './world.ts';

/** Where a machine's token is asked for; the second is of apps with installations. */
const MACHINE_PATHS: ReadonlySet<string> = new Set(['token', 'app']);

/** Longer than clients keep idle connections, so that they and not the simulator close them. */
const KEEP_ALIVE_MS = 120_000;

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const closing = new AbortController();
  const world: World = {
    client: {
      clientId: options.clientId ?? 'simulated-client',
      // Nothing here is worth keeping from anybody, and another one at each start would end every connection.
      clientSecret: options.clientSecret ?? 'simulated-secret',
      publicKey: options.publicKey ?? null,
    },
    user: { answer: options.answer ?? 'ask' },
    signing: { clockOffsetMs: 0, confirms: true, exchanges: 0 },
    books: new Map(),
    accounts: new Map(),
    codes: new Map(),
    uses: [],
    consents: [],
    revocations: [],
    closing: closing.signal,
  };
  const finished = (use: RefreshUse): void => {
    if (options.logUses === true) process.stdout.write(`${lineOf(use)}\n`);
  };

  const http = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 });
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
    const [, first = '', ...rest] = url.pathname.split('/');
    if (first === 'simulator') return await serveControl(simulator, req, res, url);
    const isEntry = first === 'providers';
    const dialect = findDialect(isEntry ? `${first}/${rest[0] ?? ''}` : first);
    const what = rest[isEntry ? 1 : 0] ?? '';
    if (dialect === undefined) return sendJson(res, 404, { error: 'not_found' });
    const entry = dialect.entry ?? null;
    if (req.method === 'DELETE' && what === 'revoke') return serveDelete(world, dialect, req, res);
    if (entry !== null && isMachineType(entry.auth_type) && req.method === 'POST' && MACHINE_PATHS.has(what))
      return await serveMachine(world, dialect, req, res, rest.slice(2).join('/'));
    if (entry?.auth_type === 'oauth1') {
      const accountOf = (name: string | null) => consenting(world, dialect, name);
      return await serveOauth1(world, dialect, what, req, res, url, accountOf);
    }
    switch (`${req.method ?? ''} ${what}`) {
      case 'GET token':
        if (entry?.refresh_request !== 'get') return sendJson(res, 404, { error: 'not_found' });
        return await serveToken(world, dialect, req, res, url, finished);
      case 'GET exchange':
        return serveLongLived(world, dialect, url, res);
      case 'POST token':
        return await serveToken(world, dialect, req, res, url, finished);
      case 'GET authorize':
      case 'POST authorize': {
        const accountOf = (name: string | null) => consenting(world, dialect, name);
        return await serveAuthorize(world, dialect, req, res, url, accountOf);
      }
      case 'POST revoke':
        return await serveRevoke(world, dialect, req, res, url);
      case 'GET userinfo':
      case 'GET lookup':
        return serveWithToken(world, dialect, entry, what, req, res);
      default:
        if (what === 'api') return serveWithToken(world, dialect, entry, what, req, res);
        return sendJson(res, 404, { error: 'not_found' });
    }
  }

  http.listen({ host: '127.0.0.1', port: options.port ?? 0, backlog: 4096 });
  await once(http, 'listening');
  const apis = new Map<string, Promise<ApiHost>>();
  const simulator: Simulator = {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    client: world.client,
    user: world.user,
    signing: world.signing,
    uses: world.uses,
    consents: world.consents,
    revocations: world.revocations,
    accounts: world.accounts,
    account: (wanted) => newAccount(world, wanted),
    api: async (provider) => {
      const dialect = findDialect(entryDialectId(provider));
      if (dialect === undefined) throw new Error(`there is no entry ${provider}`);
      const known = apis.get(provider) ?? startApiHost(world, dialect);
      apis.set(provider, known);
      return known;
    },
    async close() {
      closing.abort();
      for (const api of apis.values()) await (await api).close();
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
      isOneToken: wanted.isOneToken ?? dialect.isOneToken === true,
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
    proof: wanted.proof ?? null,
    first: family.issue(Date.now()),
  };
  world.accounts.set(id, made);
  return made;
}

/** The account of that name, made where this dialect has none; without a name always a new one. */
function consenting(world: World, dialect: Dialect, name: string | null): SimulatedAccount {
  if (name === null) return newAccount(world, { dialect: dialect.id });
  const known = [...world.accounts.values()].find(
    (one) => one.dialect === dialect && (one.id === name || one.id === `${dialect.id}:${name}`),
  );
  const id = world.accounts.has(name) ? `${dialect.id}:${name}` : name;
  return known ?? newAccount(world, { dialect: dialect.id, id });
}

function lineOf(use: RefreshUse): string {
  const what = use.step === null ? '' : ` [${use.step}]`;
  const told = use.answered ? String(use.status) : 'no whole answer';
  return `${use.dialect} ${use.account ?? 'nobody'} token ${use.token ?? '?'} ${use.verdict}${what}: ${told}`;
}
