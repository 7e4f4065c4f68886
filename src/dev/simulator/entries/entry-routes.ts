/** An entry's other endpoints: who the token is of, which sites it reaches, the end of a token, the API. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Descriptor } from '#providers/descriptor.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { entryFacts } from './entry-answer.ts';
import { clientProblem, namesIn, readTokenRequest } from '../request.ts';
import { knownRefusal } from '../token-answer.ts';
import { bookOf, sendJson, type SimulatedAccount, type World } from '../world.ts';

const BEARER = 'Authorization: Bearer {access_token}';

/** Userinfo, lookup and API take the token in the header that the facts name, and in no other. */
export function serveWithToken(
  world: World,
  dialect: Dialect,
  entry: Descriptor | null,
  what: string,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  const owner = bearerOf(world, dialect, entry?.token_header ?? BEARER, req);
  if (owner === null) {
    const refused = bookOf(world, dialect)('refused_token');
    return sendJson(res, refused.status, refused.body);
  }
  if (entry !== null && what === 'userinfo')
    return sendJson(res, 200, entryFacts(entry, owner.id, 'userinfo'));
  if (entry !== null && what === 'lookup')
    return sendJson(res, 200, entryFacts(entry, owner.id, 'account_lookup'));
  sendJson(res, 200, { ok: true, account: owner.id, scope: namesIn(owner.scope) });
}

/** The account whose access token the request carries; null: none that lives. */
export function bearerOf(
  world: World,
  dialect: Dialect,
  template: string,
  req: IncomingMessage,
): SimulatedAccount | null {
  const [, name = '', pattern = ''] = /^([\w-]+): (.*)$/.exec(template.split('; ')[0] ?? '') ?? [];
  const [before = '', after = ''] = pattern.split('{access_token}');
  const sent = String(req.headers[name.toLowerCase()] ?? '');
  if (!sent.startsWith(before) || !sent.endsWith(after)) return null;
  const token = sent.slice(before.length, sent.length - after.length);
  const own = [...world.accounts.values()].filter((one) => one.dialect === dialect);
  return own.find((one) => one.family.accepts(token, Date.now())) ?? null;
}

/** The token ends itself: sent as the API takes it. */
export function serveDelete(world: World, dialect: Dialect, req: IncomingMessage, res: ServerResponse): void {
  const owner = bearerOf(world, dialect, dialect.entry?.token_header ?? BEARER, req);
  world.revocations.push({ dialect: dialect.id, account: owner?.id ?? null });
  if (owner === null) return sendJson(res, 401, { message: 'Bad credentials' });
  res.writeHead(204).end();
}

/** The token of a code is exchanged once for one that lives long, by a GET that proves the client by its secret. */
export function serveLongLived(world: World, dialect: Dialect, url: URL, res: ServerResponse): void {
  const { entry } = dialect;
  const asked = Object.fromEntries(url.searchParams);
  const { grant_type: grantType } = entry?.long_lived_params ?? {};
  const token = asked['access_token'] ?? '';
  const owner = [...world.accounts.values()].find(
    (one) => one.dialect === dialect && one.family.numberOf(token) >= 0,
  );
  const isGood =
    grantType !== undefined &&
    asked['grant_type'] === grantType &&
    asked['client_secret'] === world.client.clientSecret &&
    owner?.family.accepts(token, Date.now()) === true;
  const pair = isGood ? owner?.family.present(owner.family.numberOf(token), Date.now()).pair : null;
  if (pair == null) {
    const refused = bookOf(world, dialect)('death');
    return sendJson(res, refused.status, refused.body);
  }
  const expiresIn = owner?.family.settings.accessTtlS;
  sendJson(res, 200, { access_token: pair.accessToken, token_type: 'bearer', expires_in: expiresIn });
}

/** RFC 7009: an unknown token has ended already. */
export async function serveRevoke(
  world: World,
  dialect: Dialect,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
): Promise<void> {
  const request = await readTokenRequest(req, url, dialect);
  if (request === null) return void res.destroy();
  if (clientProblem(dialect, request, world.client)) {
    const { status, json } = knownRefusal(bookOf(world, dialect)('client'));
    return sendJson(res, status, json);
  }
  const token = request.fields['token'] ?? '';
  const owner = [...world.accounts.values()].find(
    (one) =>
      one.dialect === dialect && (one.family.numberOf(token) >= 0 || one.family.accepts(token, Date.now())),
  );
  world.revocations.push({ dialect: dialect.id, account: owner?.id ?? null });
  if (owner !== undefined) owner.family.dead = true;
  // A success is said as the token endpoint says it.
  const check = dialect.entry?.token_response_success_check;
  sendJson(res, 200, check != null && 'path' in check ? { [check.path]: check.equals } : {});
}
