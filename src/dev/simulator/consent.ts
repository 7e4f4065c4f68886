/**
 * The authorization endpoint: the request is compared with what the dialect allows, then its user says yes or no on a
 * page, or at once where the simulator's `user` is told to. A code is good once, for what was asked.
 */

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dialect } from './dialects/dialect.ts';
import { entryCallback } from './entries/entry-answer.ts';
import { isLiteral } from './entries/entries.ts';
import { isClient, readText } from './request.ts';
import { sendJson, type SimulatedAccount, type World } from './world.ts';

/** What may always stand in a request (RFC 6749, 4.1.1; RFC 7636, 4.3; OpenID Connect Core, 3.1.2.1). */
const KNOWN = ['response_type', 'redirect_uri', 'state', 'nonce', 'login_hint', 'account'];
const PKCE = ['code_challenge', 'code_challenge_method'];

/** @param accountOf the account of that name at this dialect; made where there is none */
export async function serveAuthorize(
  world: World,
  dialect: Dialect,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  accountOf: (name: string | null) => SimulatedAccount,
): Promise<void> {
  const { searchParams: asked } = url;
  const redirectUri = asked.get('redirect_uri') ?? '';
  const problem = isLoopback(redirectUri) ? authorizeProblem(world, dialect, asked) : 'redirect_uri';
  // A wrong request is answered on the spot: a redirect would carry the mistake to another site (RFC 6749, 4.1.2.1).
  if (problem !== null)
    return sendJson(res, 400, {
      error: 'invalid_request',
      error_description: `wrong or missing: ${problem}`,
    });
  const form = req.method === 'POST' ? new URLSearchParams((await readText(req)) ?? '') : null;
  const answer = form?.get('answer') ?? world.user.answer;
  const named = form?.get('account') ?? asked.get('account') ?? asked.get('login_hint');
  if (answer === 'ask') return sendPage(res, dialect, asked, named ?? 'user-1');
  const back = new URL(redirectUri);
  const state = asked.get('state');
  if (state !== null) back.searchParams.set('state', state);
  const posts = asked.get('response_mode') === 'form_post';
  if (answer === 'deny') {
    back.searchParams.set('error', 'access_denied');
    return goBack(res, back, posts);
  }
  const account = accountOf(named);
  const code = randomBytes(18).toString('base64url');
  const scope = asked.get(dialect.names?.scope ?? 'scope') ?? dialect.scope;
  world.codes.set(code, {
    account,
    scope,
    redirectUri,
    challenge: asked.get('code_challenge'),
    nonce: asked.get('nonce'),
    isSpent: false,
  });
  world.consents.push({ dialect: dialect.id, account: account.id, asked: Object.fromEntries(asked) });
  const beside = dialect.entry === undefined ? {} : entryCallback(dialect.entry, account.id);
  for (const [name, value] of Object.entries(beside)) back.searchParams.set(name, value);
  back.searchParams.set(dialect.entry?.callback_code_param ?? 'code', code);
  return goBack(res, back, posts);
}

/** By a redirect, or by a form that the browser posts (OAuth 2.0 Form Post Response Mode). */
function goBack(res: ServerResponse, back: URL, posts: boolean): void {
  if (!posts) {
    res.writeHead(302, { location: back.href, 'cache-control': 'no-store' }).end();
    return;
  }
  const fields = [...back.searchParams].map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  );
  const text = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Going back</title>
<body onload="document.forms[0].submit()"><form method="post" action="${escaped(`${back.origin}${back.pathname}`)}">
${fields.join('')}<button>Continue</button></form></body></html>`;
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(text);
}

/** The parameter that is not as the documents want it; null: all are. */
function authorizeProblem(world: World, dialect: Dialect, asked: URLSearchParams): string | null {
  const { entry } = dialect;
  const clientId = dialect.names?.clientId ?? 'client_id';
  const names = [...asked.keys()];
  const twice = names.find((name, n) => names.indexOf(name) !== n);
  if (twice !== undefined) return twice;
  if (!isClient(world.client, asked.get(clientId))) return clientId;
  if (asked.get('response_type') !== 'code') return 'response_type';
  if (entry === undefined) return null;
  if (!asked.has('state')) return 'state';
  for (const [name, template] of Object.entries(entry.extra_authorization_params)) {
    const value = asked.get(name);
    if (value === null || value.includes('{') || (isLiteral(template) && value !== template)) return name;
  }
  const scope = asked.get(entry.scope_param);
  if (scope !== null && entry.scope_separator !== ' ' && scope.includes(' ')) return entry.scope_param;
  const proves =
    asked.get('code_challenge_method') === 'S256' && /^[\w-]{43}$/.test(asked.get('code_challenge') ?? '');
  if (entry.pkce === 'unsupported' ? PKCE.some((name) => asked.has(name)) : !proves) return 'code_challenge';
  const allowed = [
    clientId,
    entry.scope_param,
    ...KNOWN,
    ...PKCE,
    ...Object.keys(entry.extra_authorization_params),
  ];
  return names.find((name) => !allowed.includes(name)) ?? null;
}

function sendPage(res: ServerResponse, dialect: Dialect, asked: URLSearchParams, account: string): void {
  const scope = asked.get(dialect.names?.scope ?? 'scope') ?? '';
  const scopes = scope.split(/[\s,]+/).filter((name) => name !== '');
  const list =
    scopes.length === 0
      ? '<p>No scope is named.</p>'
      : `<ul>${scopes.map((name) => `<li>${escaped(name)}</li>`).join('')}</ul>`;
  const text = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated consent</title>
<body><h1>${escaped(dialect.entry?.display_name ?? dialect.id)} (simulated)</h1>
<p>The client <b>${escaped(asked.get(dialect.names?.clientId ?? 'client_id') ?? '')}</b> asks for:</p>${list}
<form method="post"><label>Sign in as <input name="account" value="${escaped(account)}"></label>
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></form></body></html>`;
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  res.writeHead(200, { ...headers, 'content-security-policy': "default-src 'none'" }).end(text);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (char) => ESCAPES[char] ?? '');

const isLoopback = (uri: string): boolean =>
  URL.canParse(uri) && ['127.0.0.1', 'localhost'].includes(new URL(uri).hostname);
