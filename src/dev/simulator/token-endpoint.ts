/**
 * A dialect's token endpoint: record, script, latency, the provider's own work, the answer. What the provider does, it
 * does in one go; only the answer can be lost.
 */

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { disguise, drop, pause, send } from '../oauth-answer.ts';
import { isProcessed, type Fault } from '../oauth-faults.ts';
import type { Dialect } from './dialects.ts';
import { latencyMs } from './latency.ts';
import { problemOf, readTokenRequest, type TokenRequest } from './request.ts';
import { faultOf, type Step } from './steps.ts';
import { knownRefusal, requestRefusal, tokenAnswer, type Answered } from './token-answer.ts';
import { bookOf, type RefreshUse, type SimulatedAccount, type World } from './world.ts';

/** @param finished called with each use when its answer has left, or will not */
export async function serveToken(
  world: World,
  dialect: Dialect,
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  finished: (use: RefreshUse) => void,
): Promise<void> {
  const request = await readTokenRequest(req, url);
  if (request === null) return drop(res);
  const { refresh_token: presented, code } = request.fields;
  const isRefresh = request.fields['grant_type'] === 'refresh_token' && presented !== undefined;
  const owner = isRefresh ? ownerOf(world, dialect, presented) : world.codes.get(code ?? '')?.account;
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

/** The provider's own work: whatever is answered afterwards, this has happened. */
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
    if (!redeemCode(world, request)) return knownRefusal(book('death'));
    const given = { scope: owner.scope, accessTtlS: settings.accessTtlS, first: true, rotates: true };
    return tokenAnswer(dialect, book, owner.first, given);
  }
  const result = owner.family.present(use.token ?? -1, Date.now());
  use.verdict = result.verdict;
  use.processed = true;
  if (result.pair === null) return knownRefusal(book('death'));
  use.issued = result.pair.number;
  return tokenAnswer(dialect, book, result.pair, {
    scope: request.fields['scope'] ?? owner.scope,
    accessTtlS: settings.accessTtlS,
    first: false,
    rotates: settings.rotation === 'rotating',
  });
}

/** A code is good once, for the address that it was sent to and whoever began the flow (RFC 7636). */
function redeemCode(world: World, request: TokenRequest): boolean {
  const text = request.fields['code'] ?? '';
  const code = world.codes.get(text);
  world.codes.delete(text);
  if (code === undefined || request.fields['redirect_uri'] !== code.redirectUri) return false;
  if (code.challenge === null) return true;
  const verifier = request.fields['code_verifier'] ?? '';
  return createHash('sha256').update(verifier).digest('base64url') === code.challenge;
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
