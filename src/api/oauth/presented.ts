/**
 * `POST /oauth/introspect` (RFC 7662) and `POST /oauth/revoke` (RFC 7009): what a token of the broker is worth, and its
 * end. For the token's own agent, authenticated as at the token endpoint, and for operators that may know of that agent.
 */

import type { Context } from 'hono';
import { agentStub } from '#agents/stub.ts';
import { standing, type Holding } from '#callers/methods/broker-token.ts';
import { reachesOrganization } from '#callers/operator-reach.ts';
import type { Proof } from '#callers/proof.ts';
import { presentedClient, takeAssertion, type Form } from '#callers/tokens/client.ts';
import { issuerOf } from '#callers/tokens/claims.ts';
import { chainIn } from '#callers/tokens/lineage.ts';
import { isJwt, readToken } from '#callers/workload/token.ts';
import type { Introspection } from '#contract/callers/token-service.ts';
import { ProblemError } from '#contract/problem.ts';
import { systemNow } from '#lib/clock.ts';
import { arrivalOf } from '../arrival.ts';
import type { AppEnv } from '../context.ts';
import { contextOf, ensureSchema, refusal, requireEither } from '../guards.ts';
import { originOf } from '../http/origin.ts';
import { formOf, refusedAs } from './form.ts';
import { clientOfForm, tokenTypeOf } from './token.ts';

/** @throws ProblemError where nobody proves itself that may ask here */
async function operatorOf(c: Context<AppEnv>): Promise<Proof | null> {
  if (!/^bearer /i.test(c.req.raw.headers.get('authorization') ?? '')) return null;
  const proof = await requireEither(c);
  if (proof.plane === 'operator') return proof;
  const detail = 'an agent authenticates itself as a client here, and not by Bearer';
  throw new ProblemError('forbidden', { detail });
}

/** @throws ProblemError where no client proves itself */
async function clientOf(c: Context<AppEnv>, form: Form): Promise<Proof> {
  const client = await clientOfForm(c, form);
  const failure = await takeAssertion(client, arrivalOf(c));
  if (failure !== null) throw await refusal(failure, c.get('config'));
  return client.proof;
}

/** What the token of the form is worth; null: it is none of ours, or has ended. @throws ProblemError `unavailable` … */
async function holdingOf(c: Context<AppEnv>, text: string): Promise<Holding | null> {
  const token = isJwt(text) ? readToken(text) : null;
  if (token === null || token.issuer !== issuerOf(originOf(c))) return null;
  const found = await standing(text, token, arrivalOf(c), systemNow, true);
  if (!found.ok) throw await refusal(found.error, c.get('config'));
  return 'problem' in found.value ? null : found.value;
}

/** Whether the asker may know of the token: its own agent, or an operator of that agent's organization. */
function mayKnow(asker: Proof, { record }: Holding): boolean {
  return asker.plane === 'agent' ? asker.id === record.id : reachesOrganization(asker, record.organization);
}

async function presented(c: Context<AppEnv>): Promise<{ asker: Proof; holding: Holding | null }> {
  // What proves an operator stands in the head: no body is read for a caller that may not ask.
  const operator = await operatorOf(c);
  const form = await formOf(c);
  // RFC 6749, 2.3: one way of authentication in a request.
  if (operator !== null && presentedClient(new Headers(), form).kind !== 'none')
    throw refusedAs('invalid_request', 'authenticate yourself in one way alone');
  const asker = operator ?? (await clientOf(c, form));
  const text = form.get('token');
  if (text === undefined) throw refusedAs('invalid_request', 'token is required');
  await ensureSchema(c);
  return { asker, holding: await holdingOf(c, text) };
}

export async function answerIntrospection(c: Context<AppEnv>): Promise<Response> {
  const { asker, holding } = await presented(c);
  const isShown = holding !== null && holding.record.status === 'active' && mayKnow(asker, holding);
  if (!isShown) return c.json({ active: false } satisfies Introspection, 200);
  const {
    iss,
    sub,
    client_id,
    aud,
    jti,
    iat,
    exp,
    key_id,
    authorization_details,
    inherited_details,
    act,
    cnf,
  } = holding.claims;
  const answer: Introspection = {
    active: true,
    iss,
    sub,
    client_id,
    aud,
    jti,
    iat,
    exp,
    token_type: tokenTypeOf(cnf),
    ...(key_id === undefined ? {} : { key_id }),
    ...(authorization_details === undefined ? {} : { authorization_details: [...authorization_details] }),
    ...(inherited_details === undefined
      ? {}
      : { inherited_details: inherited_details.map((one) => [...one]) }),
    ...(act === undefined ? {} : { act: { ...act } }),
    ...(cnf === undefined ? {} : { cnf }),
  };
  return c.json(answer, 200);
}

/** A token that is none, or has ended, is ended: 200 (RFC 7009, 2.2). */
export async function answerRevocation(c: Context<AppEnv>): Promise<Response> {
  const { asker, holding } = await presented(c);
  if (holding === null) return c.body(null, 200);
  if (!mayKnow(asker, holding)) {
    if (asker.plane === 'operator') return c.body(null, 200);
    throw refusedAs('unauthorized_client', 'the token was issued to another client');
  }
  const { jti: tokenId, exp, ancestors } = holding.claims;
  const ended = await agentStub(c.get('config'), holding.record.id).endToken({
    tokenId,
    expiresAtMs: exp * 1000 + 60_000,
    ...(ancestors === undefined ? {} : { ancestors }),
    chain: chainIn(holding.claims),
    context: contextOf(c, asker),
  });
  if (ended.ok || ended.code === 'not_found') return c.body(null, 200);
  const { code, detail } = ended;
  if (code === 'conflict') throw new ProblemError('rate_limited', { detail, retryAfterS: 60 });
  const isKnown = code === 'vault_locked' || code === 'record_corrupt';
  throw new ProblemError(isKnown ? code : 'unavailable', { detail, retryAfterS: 30 });
}
