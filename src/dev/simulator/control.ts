/**
 * The simulator's own routes: make accounts, script them, read what was recorded. JSON in `snake_case`; no credential,
 * because the server is on loopback and everything in it is made up.
 *
 * Under `/simulator`: `POST accounts` `{dialect, id?, rotation?, grace_s?, reuse?, access_ttl_s?, refresh_ttl_s?,
 * script?, latency?}`, `PATCH accounts/{id}` with the same or `dead`, `GET providers/{id}` (what a connection to that
 * entry needs to be played), `GET uses?account=`, `PATCH user` `{answer: ask|allow|deny}`, `PATCH client`.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { DIALECTS, findDialect, providerConfigOf } from './dialects/dialects.ts';
import { playsApi } from './api/host.ts';
import {
  connectionVariablesOf,
  entryDialectId,
  playableIds,
  playedApiUrls,
  playedUrlsOf,
} from './entries/entries.ts';
import type { FamilySettings } from './dialects/family.ts';
import type { Latency } from './latency.ts';
import { readText } from './request.ts';
import {
  sendJson,
  type AccountOptions,
  type RefreshUse,
  type SimulatedAccount,
  type Simulator,
} from './world.ts';
import { stepProblem, type Step } from './steps.ts';

/** A mistake of the caller's; the text is the answer. */
class BadInput extends Error {}

type Body = Readonly<Record<string, unknown>>;

export async function serveControl(
  simulator: Simulator,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
): Promise<void> {
  try {
    const [, , what = '', id = ''] = url.pathname.split('/').map(decodeURIComponent);
    sendJson(
      res,
      ...(await answer(simulator, `${req.method ?? ''} ${what}${id === '' ? '' : '/id'}`, id, req, url)),
    );
  } catch (error) {
    if (!(error instanceof BadInput || error instanceof URIError)) throw error;
    sendJson(res, 400, { error: error.message });
  }
}

async function answer(
  simulator: Simulator,
  route: string,
  id: string,
  req: IncomingMessage,
  url: URL,
): Promise<[status: number, body: unknown]> {
  switch (route) {
    case 'GET ':
      return [200, described(simulator)];
    case 'GET providers/id':
      return [200, await playedProvider(simulator, id)];
    case 'PATCH user':
      return [200, changedUser(simulator, await bodyOf(req))];
    case 'GET accounts':
      return [200, { accounts: [...simulator.accounts.values()].map((one) => summaryOf(simulator, one)) }];
    case 'POST accounts':
      return [201, made(simulator, await bodyOf(req))];
    case 'GET accounts/id':
      return [200, summaryOf(simulator, accountOf(simulator, id))];
    case 'PATCH accounts/id':
      return [200, changed(simulator, accountOf(simulator, id), await bodyOf(req))];
    case 'GET uses':
      return [200, { uses: usesOf(simulator, url.searchParams.get('account')) }];
    case 'PATCH client':
      return [200, { client: newSecret(simulator, await bodyOf(req)) }];
    default:
      return [404, { error: 'there is no such route' }];
  }
}

async function bodyOf(req: IncomingMessage): Promise<Body> {
  try {
    const value: unknown = JSON.parse((await readText(req)) ?? '');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Body;
  } catch {
    // Falls through to the one answer for a body that is no object.
  }
  throw new BadInput('the body must be a JSON object');
}

function described(simulator: Simulator): unknown {
  return {
    client: { client_id: simulator.client.clientId, client_secret: simulator.client.clientSecret },
    dialects: DIALECTS.map((one) => ({
      id: one.id,
      provider_config: providerConfigOf(one, simulator.origin),
    })),
    providers: playableIds(),
  };
}

/** What makes a connection to a catalogue entry one to the simulator, its API among it where that is played. */
async function playedProvider(simulator: Simulator, id: string): Promise<unknown> {
  const entry = findDialect(entryDialectId(id))?.entry;
  if (entry === undefined) throw new BadInput(`${id} is no OAuth entry that can be played`);
  const api = playsApi(id) ? { api_base_urls: playedApiUrls(entry, (await simulator.api(id)).origin) } : {};
  return {
    provider: id,
    client_id: simulator.client.clientId,
    client_secret: simulator.client.clientSecret,
    scopes: entry.default_scopes_example,
    variables: connectionVariablesOf(entry),
    provider_config: { ...playedUrlsOf(entry, simulator.origin), ...api },
  };
}

function changedUser(simulator: Simulator, body: Body): unknown {
  const answer = (['ask', 'allow', 'deny'] as const).find((one) => one === body['answer']);
  if (answer === undefined) throw new BadInput('answer must be one of ask, allow, deny');
  simulator.user.answer = answer;
  return simulator.user;
}

function made(simulator: Simulator, body: Body): unknown {
  const dialect = findDialect(String(body['dialect']));
  if (dialect === undefined)
    throw new BadInput(
      `dialect must be one of ${DIALECTS.map((one) => one.id).join(', ')}, or providers/ and the id of an OAuth entry of the catalogue`,
    );
  const { id } = body;
  if (
    id !== undefined &&
    (typeof id !== 'string' || !/^[\w.-]{1,64}$/.test(id) || simulator.accounts.has(id))
  )
    throw new BadInput('id must be a free one of 1 to 64 characters of A-Z, a-z, 0-9, "_", "." and "-"');
  const options: AccountOptions = {
    ...settingsIn(body),
    dialect: dialect.id,
    ...(id === undefined ? {} : { id }),
    ...(body['script'] === undefined ? {} : { script: stepsIn(body['script']) }),
    ...(body['latency'] === undefined ? {} : { latency: latencyIn(body['latency']) }),
    ...(typeof body['scope'] === 'string' ? { scope: body['scope'] } : {}),
  };
  const account = simulator.account(options);
  return {
    ...summaryOf(simulator, account),
    refresh_token: account.first.refreshToken,
    access_token: account.first.accessToken,
    expires_in: account.family.settings.accessTtlS,
    scope: account.scope,
    provider_config:
      dialect.entry === undefined
        ? providerConfigOf(dialect, simulator.origin)
        : playedUrlsOf(dialect.entry, simulator.origin),
  };
}

function changed(simulator: Simulator, account: SimulatedAccount, body: Body): unknown {
  Object.assign(account.family.settings, settingsIn(body));
  if (body['script'] !== undefined) account.script.set(stepsIn(body['script']));
  if (body['latency'] !== undefined) account.latency = latencyIn(body['latency']);
  if (body['dead'] !== undefined) account.family.dead = body['dead'] === true;
  return summaryOf(simulator, account);
}

function newSecret(simulator: Simulator, body: Body): unknown {
  const { client_secret: secret } = body;
  if (typeof secret !== 'string' || secret === '') throw new BadInput('client_secret must be a text');
  simulator.client.clientSecret = secret;
  return { client_id: simulator.client.clientId, client_secret: secret };
}

function settingsIn(body: Body): Partial<FamilySettings> {
  const seconds = (name: string, nullable: boolean) => {
    const value = body[name];
    if (nullable && value === null) return null;
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw new BadInput(`${name} must be a number of seconds${nullable ? ' or null' : ''}`);
  };
  const oneOf = <T extends string>(name: string, ...allowed: T[]): T => {
    const found = allowed.find((one) => one === body[name]);
    if (found === undefined) throw new BadInput(`${name} must be one of ${allowed.join(', ')}`);
    return found;
  };
  return {
    ...('rotation' in body ? { rotation: oneOf('rotation', 'rotating', 'static') } : {}),
    ...('reuse' in body ? { reuse: oneOf('reuse', 'refuse', 'revoke') } : {}),
    ...('grace_s' in body ? { graceS: seconds('grace_s', true) } : {}),
    ...('access_ttl_s' in body ? { accessTtlS: seconds('access_ttl_s', false) ?? 0 } : {}),
    ...('refresh_ttl_s' in body ? { refreshTtlS: seconds('refresh_ttl_s', true) } : {}),
  };
}

function stepsIn(value: unknown): Step[] {
  if (!Array.isArray(value)) throw new BadInput('script must be an array of steps');
  for (const step of value) {
    const problem = stepProblem(step);
    if (problem !== null) throw new BadInput(`script: ${problem}`);
  }
  return value as Step[];
}

const LATENCIES: Readonly<Record<string, readonly string[]>> = {
  constant: ['ms'],
  uniform: ['minMs', 'maxMs'],
  exponential: ['meanMs'],
  lognormal: ['medianMs', 'p99Ms'],
};

function latencyIn(value: unknown): Latency | null {
  if (value === null) return null;
  const given = typeof value === 'object' ? (value as Record<string, unknown>) : {};
  const names = LATENCIES[String(given['kind'])];
  if (names === undefined || !names.every((name) => typeof given[name] === 'number'))
    throw new BadInput(
      'latency must be null or one of constant, uniform, exponential, lognormal with its numbers',
    );
  return given as unknown as Latency;
}

function accountOf(simulator: Simulator, id: string): SimulatedAccount {
  const found = simulator.accounts.get(id);
  if (found === undefined) throw new BadInput(`there is no account ${id}`);
  return found;
}

function usesOf(simulator: Simulator, account: string | null): readonly RefreshUse[] {
  return account === null ? simulator.uses : simulator.uses.filter((use) => use.account === account);
}

function summaryOf(simulator: Simulator, account: SimulatedAccount): Record<string, unknown> {
  const verdicts: Record<string, number> = {};
  for (const use of usesOf(simulator, account.id)) verdicts[use.verdict] = (verdicts[use.verdict] ?? 0) + 1;
  return {
    account: account.id,
    dialect: account.dialect.id,
    dead: account.family.dead,
    ...account.family.summary(Date.now()),
    uses: verdicts,
  };
}
