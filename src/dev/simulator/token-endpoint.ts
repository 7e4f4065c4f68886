/**
 * A dialect's token endpoint: record, script, latency, the provider's own work, the answer. What the provider does, it
 * does in one go; only the answer can be lost.
 */

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { disguise, drop, pause, send } from '../oauth/answer.ts';
import { isProcessed, type Fault } from '../oauth/faults.ts';
import type { AnswerBook } from './answers.ts';
import type { Dialect } from './dialects/dialect.ts';
import { entryTokenAnswer, type Given } from './entries/entry-answer.ts';
import type { Pair } from './dialects/family.ts';
import { latencyMs } from './latency.ts';
import { problemOf, readTokenRequest, TOKEN_EXCHANGE, type TokenRequest } from './request.ts';
import { faultOf, type Step } from './steps.ts';
import { knownRefusal, requestRefusal, tokenAnswer, type Answered } from './token-answer.ts';
import { bookOf, type Code, type RefreshUse, type SimulatedAccount, type World } from './world.ts';

/** @param finished called with each use when its answer has left, or will not */
export async function serveToken(
  world: World,
  dialect: Dialect,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  finished: (use: RefreshUse) => void,
): Promise<void> {
  const request = await readTokenRequest(req, url, dialect);
  if (request === null) return drop(res);
  const presented = request.fields[dialect.names?.refresh ?? 'refresh_token'];
  const refreshes = dialect.grantTypes?.refresh ?? 'refresh_token';
  const isRefresh = request.fields['grant_type'] === refreshes && presented !== undefined;
  const owner = isRefresh
    ? ownerOf(world, dialect, presented)
    : (exchangedBy(world, dialect, request) ?? codeIn(world, dialect, request)?.account);
  const step = owner?.script.take() ?? null;
  const use = isRefresh ? useOf(dialect, owner, presented, step) : null;
  if (use !== null) world.uses.push(use);
  try {
    await answer(world, dialect, request, res, { owner, step, use });
  } finally {
    if (use !== null) finished(use);
  }
}

interface Turn {
  readonly owner: SimulatedAccount | undefined;
  readonly step: Step | null;
  readonly use: RefreshUse | null;
}

async function answer(
  world: World,
  dialect: Dialect,
  request: TokenRequest,
  res: ServerResponse,
  { owner, step, use }: Turn,
): Promise<void> {
  const { closing } = world;
  const fault: Fault = step === null ? {} : faultOf(step, bookOf(world, dialect), Date.now());
  await pause(fault.delayBeforeMs, closing);
  if (owner?.latency != null) await pause(latencyMs(owner.latency, Math.random(), Math.random()), closing);
  if (fault.dropBefore === true || closing.aborted) return drop(res);
  const given = isProcessed(fault) ? carryOut(world, dialect, request, owner, use) : null;
  await pause(fault.delayAfterMs, closing);
  if (fault.dropAfter === true || closing.aborted) return drop(res);
  const wire = disguise(given, spoken(dialect, request, fault));
  if (use !== null) use.status = wire.status;
  const whole = await send(res, wire, fault, closing);
  if (use !== null) use.answered = whole;
}

/** The provider's own work: it has happened, also where a fault changes the answer afterwards. */
function carryOut(
  world: World,
  dialect: Dialect,
  request: TokenRequest,
  owner: SimulatedAccount | undefined,
  use: RefreshUse | null,
): Answered {
  const book = bookOf(world, dialect);
  const problem = problemOf(dialect, request, world.client, owner?.scope ?? dialect.scope);
  if (problem === 'client') return knownRefusal(book('client'));
  if (problem !== null) return requestRefusal(dialect, problem);
  if (owner === undefined) return knownRefusal(book('death'));
  const { settings } = owner.family;
  if (use === null) {
    if (exchangedBy(world, dialect, request) === owner) return exchanged(dialect, book, request, owner);
    const code = redeemed(world, dialect, request);
    if (code === null) return knownRefusal(book('death'));
    owner.scope = code.scope;
    const given = { scope: code.scope, accessTtlS: settings.accessTtlS, first: true, rotates: true };
    const who = { account: owner.id, clientId: request.clientId ?? '', nonce: code.nonce };
    return pairAnswer(dialect, book, owner.family.consent(Date.now()), given, who);
  }
  const result = owner.family.present(use.token ?? -1, Date.now());
  use.verdict = result.verdict;
  use.processed = true;
  if (result.pair === null) return knownRefusal(book('death'));
  use.issued = result.pair.number;
  const given = {
    scope: narrowedScope(dialect, request) ?? owner.scope,
    accessTtlS: settings.accessTtlS,
    first: false,
    rotates: settings.rotation === 'rotating',
  };
  const who = { account: owner.id, clientId: request.clientId ?? '', nonce: null };
  return pairAnswer(dialect, book, result.pair, given, who);
}

/** Of whom a token is that is exchanged (RFC 8693): `subject-of-` and the account's name, good as long as it lives. */
function exchangedBy(world: World, dialect: Dialect, { fields }: TokenRequest): SimulatedAccount | undefined {
  if (fields['grant_type'] !== TOKEN_EXCHANGE) return undefined;
  const name = /^subject-of-(.+)$/.exec(fields['subject_token'] ?? '')?.[1];
  const owner = [...world.accounts.values()].find((one) => one.dialect === dialect && one.id === name);
  return owner?.family.dead === true ? undefined : owner;
}

function exchanged(
  dialect: Dialect,
  book: AnswerBook,
  request: TokenRequest,
  { id, scope, family }: SimulatedAccount,
): Answered {
  const given = { scope, accessTtlS: family.settings.accessTtlS, first: true, rotates: true };
  const who = { account: id, clientId: request.clientId ?? '', nonce: null };
  return pairAnswer(dialect, book, family.issue(Date.now()), given, who);
}

/** A `scope` that every refresh of this provider carries asks for nothing less. */
function narrowedScope(dialect: Dialect, request: TokenRequest): string | undefined {
  const name = dialect.names?.scope ?? 'scope';
  return dialect.alsoAsked?.refresh[name] === undefined ? request.fields[name] : undefined;
}

function pairAnswer(
  dialect: Dialect,
  book: AnswerBook,
  pair: Pair,
  given: Parameters<typeof tokenAnswer>[3],
  who: Pick<Given, 'account' | 'clientId' | 'nonce'>,
): Answered {
  if (dialect.entry === undefined) return tokenAnswer(dialect, book, pair, given);
  return entryTokenAnswer(dialect, dialect.entry, book('success'), pair, {
    ...given,
    ...who,
    nowMs: Date.now(),
  });
}

function codeIn(world: World, dialect: Dialect, request: TokenRequest): Code | undefined {
  const code = world.codes.get(request.fields[dialect.names?.code ?? 'code'] ?? '');
  return code?.account.dialect === dialect ? code : undefined;
}

/**
 * A code is good once, for the address that it was sent to and the client that began the flow (RFC 7636). Where it
 * comes again a provider that ends grants for a reuse ends what came of it too (RFC 6749, 4.1.2).
 */
function redeemed(world: World, dialect: Dialect, request: TokenRequest): Code | null {
  const code = codeIn(world, dialect, request);
  if (code === undefined) return null;
  if (code.isSpent && code.account.family.settings.reuse === 'revoke') code.account.family.dead = true;
  if (code.isSpent) return null;
  code.isSpent = true;
  if (request.fields['redirect_uri'] !== code.redirectUri) return null;
  if (code.challenge === null) return code;
  const verifier = request.fields['code_verifier'] ?? '';
  return createHash('sha256').update(verifier).digest('base64url') === code.challenge ? code : null;
}

const ownerOf = (world: World, dialect: Dialect, token: string): SimulatedAccount | undefined =>
  [...world.accounts.values()].find((one) => one.dialect === dialect && one.family.numberOf(token) >= 0);

function useOf(
  dialect: Dialect,
  owner: SimulatedAccount | undefined,
  presented: string,
  step: Step | null,
): RefreshUse {
  const number = owner?.family.numberOf(presented) ?? null;
  return {
    at: Date.now(),
    dialect: dialect.id,
    account: owner?.id ?? null,
    token: number,
    verdict: owner === undefined || number === null ? 'unknown' : owner.family.judge(number, Date.now()),
    step: step?.kind ?? null,
    processed: false,
    issued: null,
    status: null,
    answered: false,
  };
}

/** GitHub answers a form unless JSON is asked for. */
function spoken(dialect: Dialect, request: TokenRequest, fault: Fault): Fault {
  if (dialect.formUnlessAsked !== true || request.wantsJson) return fault;
  const form = (json: Record<string, unknown>) =>
    new URLSearchParams(Object.entries(json).map(([name, value]) => [name, String(value)])).toString();
  return { contentType: 'application/x-www-form-urlencoded', transform: form, ...fault };
}
