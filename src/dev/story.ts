/**
 * What `npm start` shows: the story of one account, step by step, each told with the numbers of this run and checked
 * before it is told. It talks to the broker over HTTP as everybody does, and to the OAuth server as its user would.
 * It starts and stops nothing but what the stage lets it.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Reply } from './http-call.ts';
import type { OAuthServer, TokenCall } from './oauth-server.ts';
import type { Terminal } from './terminal.ts';

export interface Stage {
  /** Where the broker answers; the same before and after a restart. */
  readonly url: string;
  readonly adminKey: string;
  readonly provider: OAuthServer;
  readonly terminal: Terminal;
  /** kill -9 of the broker, engine and all. */
  killBroker(): Promise<void>;
  /** Starts it again on the same data. */
  restartBroker(): Promise<void>;
}

/** Who plays. Names are new in every run, so that stories on the same data never meet. */
export interface Cast {
  readonly connection: string;
  readonly identifier: string;
  readonly agentId: string;
  agentKey: string;
  accountId: string;
  /** At the provider. */
  grantId: string;
}

/** A step that did not come out as told. Holds no credential. */
export class StoryFailure extends Error {
  override readonly name = 'StoryFailure';
}

interface Scene extends Stage {
  readonly cast: Cast;
  tell(text: string): void;
}

/** The grace after a rotation, in which the provider answers the old refresh token once more. */
const GRACE_S = 600;
const HERD = 500;
/** The exchange budget of the story is 3 s; a broker that has nothing after this has lost the account. */
const RECOVERY_LIMIT_MS = 20_000;

const STEPS: readonly (readonly [word: string, play: (scene: Scene) => Promise<void>])[] = [
  ['connect', connect],
  ['fetch', fetchToken],
  ['herd', herd],
  ['kill -9', killInMidRefresh],
  ['revoke', revokeAtProvider],
  ['repair', repair],
];

/** How the provider behaves in the story: each refresh replaces the refresh token, with ten minutes of grace. */
export const PROVIDER_SETTINGS = { rotation: 'rotating', graceS: GRACE_S, accessTokenTtlS: 3600 } as const;

/** The names of one run; `suffix` makes them new. */
export function castOf(suffix: string): Cast {
  const names = { connection: `story-${suffix}`, identifier: 'user_1', agentId: `story-${suffix}` };
  return { ...names, agentKey: '', accountId: '', grantId: '' };
}

/** Plays every step; `cast` is filled in on the way. @throws StoryFailure with the step that was not as told */
export async function playStory(stage: Stage, cast: Cast): Promise<void> {
  for (const [n, [word, play]] of STEPS.entries()) {
    let told = 0;
    const tell = (text: string): void => {
      if (told === 0) stage.terminal.step(n + 1, word, text);
      else stage.terminal.more(text);
      told += 1;
    };
    try {
      await play({ ...stage, cast, tell });
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw new StoryFailure(`step ${n + 1} (${word}): ${what}`);
    }
  }
}

function must(holds: boolean, told: string, got: unknown): asserts holds {
  if (!holds) throw new StoryFailure(`${told}; got ${typeof got === 'string' ? got : JSON.stringify(got)}`);
}

/** Of an answer only what is never a credential. */
function gist({ status, body }: Reply): string {
  const errors = body['errors'] === undefined ? undefined : JSON.stringify(body['errors']);
  const parts = [status, body['code'], body['reason'], body['detail'], errors];
  return parts.filter((part) => part !== undefined).join(' ');
}

const ms = (value: number): string => `${Math.round(value).toLocaleString('en')} ms`;
const seconds = (value: number): string => `${(value / 1000).toFixed(1)} s`;

const operator = ({ url, adminKey }: Scene, method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) =>
  call(method, url + path, adminKey, body);

function askForToken({ url, cast }: Scene, query: Record<string, string> = {}): Promise<Reply> {
  const search = new URLSearchParams({ identifier: cast.identifier, ...query }).toString();
  return call(
    'GET',
    `${url}/v1/agents/${cast.agentId}/credentials/${cast.connection}?${search}`,
    cast.agentKey,
  );
}

/** What reached the provider's token endpoint for the account since the count stood at `from`. */
const refreshes = ({ provider, cast }: Scene, from = 0): TokenCall[] =>
  provider.calls.filter((made) => made.grantId === cast.grantId).slice(from);

async function expire(scene: Scene): Promise<void> {
  const expired = await operator(scene, 'POST', `/v1/connected-accounts/${scene.cast.accountId}/expire`);
  must(expired.status === 200, 'the access token can be declared expired', gist(expired));
}

/** A new grant at the provider, imported into the story's account. */
async function importGrant(scene: Scene): Promise<Reply> {
  const { provider, cast } = scene;
  const grant = await provider.grant({ subject: cast.identifier });
  cast.grantId = grant.grantId;
  return operator(scene, 'PUT', `/v1/credentials/${cast.connection}?identifier=${cast.identifier}`, {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: Math.floor(grant.expiresInS),
  });
}

async function connect(scene: Scene): Promise<void> {
  const { provider, cast, tell } = scene;
  const made = await operator(scene, 'POST', '/v1/connections', {
    id: cast.connection,
    provider: 'custom',
    client_id: provider.client.clientId,
    client_secret: provider.client.clientSecret,
    provider_config: { issuer: provider.issuer, refresh_token: 'rotating', refresh_reuse_grace_s: GRACE_S },
  });
  must(made.status === 201, 'the connection is made', gist(made));
  const imported = await importGrant(scene);
  must(imported.status === 201, "the user's grant is imported", gist(imported));
  must(imported.body['status'] === 'active', 'the account is active', imported.body['status']);
  cast.accountId = String(imported.body['id']);
  const agent = await operator(scene, 'POST', '/v1/agents', {
    id: cast.agentId,
    key: true,
    policy: { rules: [{ connection: cast.connection, identifiers: [cast.identifier] }] },
  });
  must(agent.status === 201, 'the agent is made', gist(agent));
  cast.agentKey = String(agent.body['key']);
  tell(`connection ${cast.connection}, account of ${cast.identifier} imported: active`);
}

async function fetchToken(scene: Scene): Promise<void> {
  const { provider, tell } = scene;
  const got = await askForToken(scene);
  must(got.status === 200, 'the agent gets a token', gist(got));
  const api = await call('GET', provider.contactsUrl, String(got.body['access_token']));
  must(api.status === 200, "the provider's API takes it", api.status);
  tell(
    `the agent has a token for ${String(got.body['expires_in'])} s in ${ms(got.tookMs)}; the API takes it: ${api.status}`,
  );
}

async function herd(scene: Scene): Promise<void> {
  const before = refreshes(scene).length;
  await expire(scene);
  const startedMs = performance.now();
  const answers = await Promise.all(Array.from({ length: HERD }, () => askForToken(scene)));
  const tookMs = performance.now() - startedMs;
  const refused = answers.filter((answer) => answer.status !== 200);
  must(refused.length === 0, `all ${HERD} get a token`, refused.slice(0, 3).map(gist));
  const tokens = new Set(answers.map((answer) => answer.body['access_token'])).size;
  must(tokens === 1, 'all get the same token', `${tokens} different ones`);
  const sent = refreshes(scene, before).length;
  must(sent === 1, 'the provider sees one refresh', `${sent} refreshes`);
  scene.tell(
    `token expired, ${HERD} fetches at once: ${HERD} answers in ${ms(tookMs)}, ${tokens} token, ${sent} refresh`,
  );
}

async function killInMidRefresh(scene: Scene): Promise<void> {
  const { provider, cast, tell } = scene;
  const before = refreshes(scene).length;
  await expire(scene);
  const killed = new Promise<TokenCall>((resolve, reject) => {
    const forget = provider.onProcessed(async (made) => {
      if (made.grantId !== cast.grantId) return;
      forget();
      await scene.killBroker().catch(reject);
      resolve(made);
    });
  });
  const cut = await askForToken(scene).catch(() => null);
  must(cut === null, 'the kill cuts the agent off', cut === null ? '' : gist(cut));
  const lost = await killed;
  must(lost.newRefreshToken !== undefined, 'the provider has rotated before the kill', lost.verdict);
  tell('broker killed when the provider had rotated and its answer was on the wire');

  const startedMs = performance.now();
  await scene.restartBroker();
  const restartedMs = performance.now() - startedMs;
  const { answer, tries } = await askUntilServed(scene);
  const tookMs = performance.now() - startedMs;
  const again = refreshes(scene, before).at(-1);
  must(again?.verdict === 'in_grace', 'the old refresh token is answered once more', again?.verdict);
  must(answer.body['access_token'] === lost.accessToken, 'the token is the one that was lost', 'another one');
  const api = await call('GET', provider.contactsUrl, String(answer.body['access_token']));
  must(api.status === 200, "the provider's API takes it", api.status);
  tell(
    `started again in ${seconds(restartedMs)}; same account, token after ${seconds(tookMs)} (${tries} ${tries === 1 ? 'try' : 'tries'}): nothing lost`,
  );
  await checkAfterwards(scene);
}

/** Asks as an agent should: a 503 names the time after which to come again. */
async function askUntilServed(scene: Scene): Promise<{ answer: Reply; tries: number }> {
  const untilMs = performance.now() + RECOVERY_LIMIT_MS;
  for (let tries = 1; ; tries += 1) {
    const answer = await askForToken(scene);
    if (answer.status === 200) return { answer, tries };
    must(answer.status === 503, 'until there is a token the answer is 503', gist(answer));
    must(performance.now() < untilMs, `there is a token within ${seconds(RECOVERY_LIMIT_MS)}`, gist(answer));
    await sleep(answer.retryAfterMs ?? 1000);
  }
}

/** The next rotation shows that the broker holds the living refresh token, the chain that no record was torn. */
async function checkAfterwards(scene: Scene): Promise<void> {
  const { cast, tell } = scene;
  const before = refreshes(scene).length;
  await expire(scene);
  const next = await askForToken(scene);
  const rotation = refreshes(scene, before).at(-1);
  must(
    next.status === 200 && rotation?.verdict === 'fresh',
    'the next rotation goes on',
    rotation?.verdict ?? gist(next),
  );
  const account = await operator(scene, 'GET', `/v1/connected-accounts/${cast.accountId}`);
  const { status, in_doubt_since: inDoubtSince } = account.body;
  must(status === 'active' && inDoubtSince === null, 'the account is active and sure', {
    status,
    inDoubtSince,
  });
  const chain = await operator(scene, 'GET', `/v1/connected-accounts/${cast.accountId}/audit/verify`);
  must(chain.body['intact'] === true, 'the audit chain is intact', gist(chain));
  tell(
    `next rotation ${next.status}; audit chain intact, ${Number(chain.body['events']).toLocaleString('en')} records`,
  );
}

async function revokeAtProvider(scene: Scene): Promise<void> {
  const { provider, cast, tell } = scene;
  const held = await askForToken(scene);
  must(held.status === 200, 'the agent has a token', gist(held));
  await provider.revokeGrant(cast.grantId);
  const api = await call('GET', provider.contactsUrl, String(held.body['access_token']));
  must(api.status === 401, 'the API refuses the token of a dead grant', api.status);
  const refused = await askForToken(scene, { rejected: String(held.body['fingerprint']) });
  const { code, reason, since } = refused.body;
  must(
    refused.status === 409 && code === 'reauth_required',
    'the agent is told reauth_required',
    gist(refused),
  );
  must(reason === 'grant_revoked', 'the reason is grant_revoked', reason);
  must(typeof since === 'string' && !Number.isNaN(Date.parse(since)), 'it says since when', since);
  tell(`the user takes the grant back: the API says ${api.status}, and the agent`);
  tell(`gets ${refused.status} ${code}, reason ${reason}, since ${since}`);
}

async function repair(scene: Scene): Promise<void> {
  const { cast, tell } = scene;
  const imported = await importGrant(scene);
  must(
    imported.body['id'] === cast.accountId,
    'it is the same account',
    imported.body['id'] ?? gist(imported),
  );
  must(imported.body['status'] === 'active', 'the account is active again', imported.body['status']);
  const got = await askForToken(scene);
  must(got.status === 200, 'the agent gets a token again', gist(got));
  tell(`a new grant for the same account: active, the agent has a token in ${ms(got.tookMs)}`);
}
