/**
 * A provider of OAuth 1.0 (RFC 5849): request token, the user's consent, access token, and an API that checks each
 * signature. It refuses an old timestamp, a nonce that came before, a token of another state, and every wrong signature.
 */

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dialect } from '../dialects/dialect.ts';
import { entryFacts } from '../entries/entry-answer.ts';
import { isLiteral } from '../entries/entries.ts';
import { isClient, namesIn, readText } from '../request.ts';
import { sendJson, type SimulatedAccount, type World } from '../world.ts';
import { isSignedByOauth1, oauthParamsOf } from './verify-oauth1.ts';

/** What becomes of one request token. */
interface Begun {
  readonly secret: string;
  readonly callback: string;
  readonly clientId: string;
  verifier: string | null;
  account: SimulatedAccount | null;
  isSpent: boolean;
}

interface State {
  readonly begun: Map<string, Begun>;
  readonly nonces: Set<string>;
}

const states = new WeakMap<World, State>();
const SKEW_S = 300;

function stateOf(world: World): State {
  const state = states.get(world) ?? { begun: new Map(), nonces: new Set() };
  states.set(world, state);
  return state;
}

/** The secret of an access token: a provider that keeps no table of them. */
export const tokenSecretOf = (token: string): string => `secret-of-${token}`;

export async function serveOauth1(
  world: World,
  dialect: Dialect,
  what: string,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  accountOf: (name: string | null) => SimulatedAccount,
): Promise<void> {
  if (what === 'authorize') return serveConsent(world, dialect, req, res, url, accountOf);
  if (what === 'token') world.signing.exchanges += 1;
  const body = (await readText(req)) ?? '';
  const read = readSigned(world, req, body);
  if (typeof read === 'string') return problem(res, read);
  const { params, begun, clientId } = read;
  const { begun: all } = stateOf(world);
  switch (`${req.method ?? ''} ${what}`) {
    case 'POST request_token': {
      const callback = params.get('oauth_callback');
      if (callback === undefined || params.has('oauth_token')) return problem(res, 'parameter_absent');
      const [token, secret] = [random(), random()];
      all.set(token, { secret, callback, clientId, verifier: null, account: null, isSpent: false });
      const confirmed = world.signing.confirms ? { oauth_callback_confirmed: 'true' } : {};
      return form(res, { oauth_token: token, oauth_token_secret: secret, ...confirmed });
    }
    case 'POST token': {
      if (begun === null || begun.account === null || begun.isSpent) return problem(res, 'token_rejected');
      begun.isSpent = true;
      if (begun.verifier !== params.get('oauth_verifier')) return problem(res, 'verifier_invalid');
      const { accessToken } = begun.account.family.consent(Date.now());
      world.consents.push({ dialect: dialect.id, account: begun.account.id, asked: {} });
      return form(res, { oauth_token: accessToken, oauth_token_secret: tokenSecretOf(accessToken) });
    }
    default: {
      const owner = ownerOf(world, dialect, params.get('oauth_token') ?? '');
      if (owner === null) return problem(res, 'token_rejected');
      if (what === 'userinfo' && dialect.entry !== undefined)
        return sendJson(res, 200, entryFacts(dialect.entry, owner.id, 'userinfo'));
      const names = namesIn(owner.scope);
      return sendJson(res, 200, { ok: true, account: owner.id, scope: names, path: req.url, body });
    }
  }
}

function ownerOf(world: World, dialect: Dialect, token: string): SimulatedAccount | null {
  const own = [...world.accounts.values()].filter((one) => one.dialect === dialect);
  return own.find((one) => one.family.accepts(token, Date.now())) ?? null;
}

interface Signed {
  readonly params: ReadonlyMap<string, string>;
  /** Of a request token; null: another token, or none. */
  readonly begun: Begun | null;
  readonly clientId: string;
}

/** The request's parameters, or what is wrong with it (OAuth Problem Reporting). */
function readSigned(world: World, req: IncomingMessage, body: string): Signed | string {
  const authorization = req.headers.authorization ?? '';
  const params = oauthParamsOf(authorization);
  if (params === null) return 'parameter_absent';
  const clientId = params.get('oauth_consumer_key') ?? '';
  if (!isClient(world.client, clientId)) return 'consumer_key_unknown';
  const token = params.get('oauth_token');
  const begun = token === undefined ? null : (stateOf(world).begun.get(token) ?? null);
  const nowS = (Date.now() + world.signing.clockOffsetMs) / 1000;
  if (Math.abs(Number(params.get('oauth_timestamp')) - nowS) > SKEW_S) return 'timestamp_refused';
  const nonce = `${clientId} ${params.get('oauth_timestamp')} ${params.get('oauth_nonce')}`;
  if (stateOf(world).nonces.has(nonce)) return 'nonce_used';
  stateOf(world).nonces.add(nonce);
  const isGood = isSignedByOauth1(
    {
      method: req.method ?? '',
      origin: `http://${req.headers.host ?? ''}`,
      target: req.url ?? '',
      authorization,
      contentType: req.headers['content-type'] ?? '',
      body,
    },
    {
      consumer: world.client.clientSecret,
      token: token === undefined ? '' : (begun?.secret ?? tokenSecretOf(token)),
    },
  );
  return isGood ? { params, begun, clientId } : 'signature_invalid';
}

async function serveConsent(
  world: World,
  dialect: Dialect,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  accountOf: (name: string | null) => SimulatedAccount,
): Promise<void> {
  const { searchParams: asked } = url;
  const token = asked.get('oauth_token') ?? '';
  const begun = stateOf(world).begun.get(token);
  const extra = Object.entries(dialect.entry?.extra_authorization_params ?? {});
  const wrong = extra.find(([name, template]) => {
    const value = asked.get(name);
    return value === null || value.includes('{') || (isLiteral(template) && value !== template);
  })?.[0];
  if (begun === undefined || begun.account !== null || wrong !== undefined)
    return sendJson(res, 400, { error: `wrong or missing: ${wrong ?? 'oauth_token'}` });
  const filled = req.method === 'POST' ? new URLSearchParams((await readText(req)) ?? '') : null;
  const answer = filled?.get('answer') ?? world.user.answer;
  const named = filled?.get('account') ?? asked.get('account');
  if (answer === 'ask') return sendPage(res, dialect, named ?? 'user-1');
  const back = new URL(begun.callback);
  if (answer === 'deny') back.searchParams.set('denied', token);
  else {
    begun.account = accountOf(named);
    begun.verifier = random();
    back.searchParams.set('oauth_token', token);
    back.searchParams.set('oauth_verifier', begun.verifier);
  }
  res.writeHead(302, { location: back.href, 'cache-control': 'no-store' }).end();
}

function sendPage(res: ServerResponse, dialect: Dialect, account: string): void {
  const text = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated consent</title>
<body><h1>${dialect.entry?.display_name ?? dialect.id} (simulated)</h1>
<form method="post"><label>Sign in as <input name="account" value="${account.replaceAll(/[^\w.@-]/g, '')}"></label>
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></form></body></html>`;
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  res.writeHead(200, { ...headers, 'content-security-policy': "default-src 'none'" }).end(text);
}

const random = (): string => randomBytes(18).toString('base64url');

function form(res: ServerResponse, fields: Record<string, string>): void {
  // As most of them say it: a form that calls itself a page.
  res
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    .end(new URLSearchParams(fields).toString());
}

function problem(res: ServerResponse, what: string): void {
  res
    .writeHead(401, {
      'content-type': 'text/plain',
      'www-authenticate': `OAuth realm="simulator", oauth_problem="${what}"`,
    })
    .end(`oauth_problem=${what}`);
}
