/**
 * The steps in which the token is fetched: once, by five hundred at the same time, and across a kill -9 of the broker
 * at the worst moment, when the provider has rotated and its answer is on the wire.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Reply } from './http-call.ts';
import type { TokenCall } from '../oauth/server.ts';
import { askForToken, expire, gist, ms, must, operator, refreshes, seconds, type Scene } from './scene.ts';

const HERD = 500;
/** The exchange budget of the story is 3 s; a broker that has nothing after this has lost the account. */
const RECOVERY_LIMIT_MS = 20_000;

export async function fetchToken(scene: Scene): Promise<void> {
  const { provider, tell } = scene;
  const got = await askForToken(scene);
  must(got.status === 200, 'the agent gets a token', gist(got));
  const api = await call('GET', provider.contactsUrl, String(got.body['access_token']));
  must(api.status === 200, "the provider's API takes it", api.status);
  tell(
    `the agent has a token for ${String(got.body['expires_in'])} s in ${ms(got.tookMs)}; the API takes it: ${api.status}`,
  );
}

export async function herd(scene: Scene): Promise<void> {
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

export async function killInMidRefresh(scene: Scene): Promise<void> {
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
