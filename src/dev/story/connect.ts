/**
 * The steps in which a user sits at a browser: the first connect, the grant taken back at the provider, and the repair
 * through the link that agent and webhook were given.
 */

import { call } from './http-call.ts';
import type { AppEvent } from './app.ts';
import { askForToken, gist, GRACE_S, ms, must, noteGrant, operator, type Scene } from './scene.ts';

const SCOPES = ['openid', 'contacts.read'];
/** Webhooks leave within a second; a machine that does much else may take its time. */
const WEBHOOK_LIMIT_MS = 20_000;

/** Makes the things that the story needs once: a connection with its redirect URI, a webhook endpoint, an agent. */
async function prepare(scene: Scene): Promise<void> {
  const { provider, app, cast } = scene;
  const made = await operator(scene, 'POST', '/v1/connections', {
    id: cast.connection,
    provider: 'custom',
    client_id: provider.client.clientId,
    client_secret: provider.client.clientSecret,
    scopes: SCOPES,
    return_urls: [app.returnUrl],
    provider_config: { issuer: provider.issuer, refresh_token: 'rotating', refresh_reuse_grace_s: GRACE_S },
  });
  must(made.status === 201, 'the connection is made', gist(made));
  cast.redirectUri = String(made.body['redirect_uri']);
  await provider.allowRedirect(cast.redirectUri);
  const endpoint = await operator(scene, 'POST', '/v1/webhook-endpoints', { url: app.hookUrl });
  must(endpoint.status === 201, 'the webhook endpoint is made', gist(endpoint));
  app.secret = String(endpoint.body['secret']);
  cast.endpointId = String(endpoint.body['id']);
  const agent = await operator(scene, 'POST', '/v1/agents', {
    id: cast.agentId,
    key: true,
    policy: { rules: [{ connection: cast.connection, identifiers: [cast.identifier, cast.reader] }] },
  });
  must(agent.status === 201, 'the agent is made', gist(agent));
  cast.agentKey = String(agent.body['key']);
}

/** From a link to the page where it ends: the broker's page, its button, consent at the provider, and back. */
async function walk({ browser, provider }: Scene, link: string) {
  const start = await browser.open(link);
  must(start.status === 200, 'the link opens a page', start.status);
  // The one button of the page; its words name the provider.
  const consent = await browser.press(start, '');
  must(consent.url.startsWith(`${provider.issuer}/`), 'the page leads to the provider', consent.status);
  return browser.press(consent, 'Allow');
}

export async function connect(scene: Scene): Promise<void> {
  const { app, cast, tell } = scene;
  await prepare(scene);
  const { connection, identifier } = cast;
  const account = await operator(scene, 'POST', '/v1/connected-accounts', { connection, identifier });
  must(account.status === 201, 'the account is made', gist(account));
  cast.accountId = String(account.body['id']);
  const path = `/v1/connected-accounts/${cast.accountId}`;
  const link = await operator(scene, 'POST', `${path}/connect-link`, { return_url: app.returnUrl });
  must(link.status === 201, 'a connect link is made', gist(link));

  const startedMs = performance.now();
  const back = await walk(scene, String(link.body['url']));
  const tookMs = performance.now() - startedMs;
  must(back.url.startsWith(app.returnUrl), 'the user comes back to the app', back.status);
  const { session_id: sessionId, confirm_code: code } = Object.fromEntries(new URL(back.url).searchParams);
  must(sessionId === link.body['session_id'] && code !== undefined, 'with session and code', 'others');
  const early = await askForToken(scene);
  must(
    early.body['code'] === 'account_pending',
    'nothing is handed out before the app confirms',
    gist(early),
  );
  tell(`link for ${identifier}: page, consent at the OAuth server, back at the app in ${ms(tookMs)}`);

  const confirmed = await operator(scene, 'POST', `/v1/connect-sessions/${sessionId}/confirm`, {
    identifier,
    confirm_code: code,
  });
  must(confirmed.body['status'] === 'succeeded', 'the app confirms who came back', gist(confirmed));
  const shown = await operator(scene, 'GET', path);
  must(shown.body['status'] === 'active', 'the account is active', shown.body['status'] ?? gist(shown));
  noteGrant(scene);
  tell(
    `the app confirms with session and code: active, as ${String(shown.body['subject'])} of the OAuth server`,
  );
}

/** The webhook about the story's account; none that came was forged. */
async function webhook({ app, cast }: Scene, type: string, more: (data: AppEvent['data']) => boolean) {
  const event = await app.event(
    (one) => one.type === type && one.data['connected_account_id'] === cast.accountId && more(one.data),
    WEBHOOK_LIMIT_MS,
  );
  must(app.forged === 0, 'every webhook has a valid signature', `${app.forged} without`);
  return event;
}

export async function revokeAtProvider(scene: Scene): Promise<void> {
  const { provider, browser, cast, tell } = scene;
  const held = await askForToken(scene);
  must(held.status === 200, 'the agent has a token', gist(held));
  const page = await browser.open(provider.grantsUrl);
  const pressedMs = performance.now();
  // Its own: grants of earlier runs stand on the page too.
  await browser.press(page, 'Revoke', `/${cast.grantId}/`);
  const { alive } = await provider.state(cast.grantId);
  must(!alive, "the button ends the account's grant", 'a living one');
  const api = await call('GET', provider.contactsUrl, String(held.body['access_token']));
  must(api.status === 401, 'the API refuses the token of a dead grant', api.status);
  const refused = await askForToken(scene, { rejected: String(held.body['fingerprint']) });
  const refusedMs = performance.now() - pressedMs;
  const { code, reason, since, reauth_url: repairUrl } = refused.body;
  must(
    refused.status === 409 && code === 'reauth_required',
    'the agent is told reauth_required',
    gist(refused),
  );
  must(reason === 'grant_revoked', 'the reason is grant_revoked', reason);
  must(typeof since === 'string' && !Number.isNaN(Date.parse(since)), 'it says since when', since);
  must(typeof repairUrl === 'string' && URL.canParse(repairUrl), 'it says where to repair', typeof repairUrl);
  tell(`Revoke pressed at the OAuth server: its API says ${api.status}`);
  tell(`agent: ${refused.status} ${code} after ${ms(refusedMs)}, reason ${reason}, since ${since}`);

  const { data, atMs } = await webhook(scene, 'agent.auth.reauth_required', () => true);
  must(data['reason'] === reason && data['since'] === since, 'the webhook says the same', data['reason']);
  must(data['reauth_url'] === repairUrl, 'with the same reauth_url', 'another');
  cast.repairUrl = repairUrl;
  tell(`webhook: agent.auth.reauth_required after ${ms(atMs - pressedMs)}, signature valid, same reauth_url`);
}

export async function repair(scene: Scene): Promise<void> {
  const { cast, tell } = scene;
  const startedMs = performance.now();
  const done = await walk(scene, cast.repairUrl);
  const tookMs = performance.now() - startedMs;
  must(done.status === 200, 'the same user repairs by opening the link', done.status);
  noteGrant(scene);
  const account = await operator(scene, 'GET', `/v1/connected-accounts/${cast.accountId}`);
  must(account.body['status'] === 'active', 'the account is active again', account.body['status']);
  tell(`reauth_url opened by the same user: active again after ${ms(tookMs)}`);
  const event = await webhook(scene, 'agent.auth.succeeded', (data) => data['reconnected'] === true);
  const got = await askForToken(scene);
  must(got.status === 200, 'the agent gets a token again', gist(got));
  tell(
    `webhook: agent.auth.succeeded after ${ms(event.atMs - startedMs)}, reconnected; the agent goes on, token in ${ms(got.tookMs)}`,
  );
}
