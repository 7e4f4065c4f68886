/** `POST /oauth/token`: an access token of the broker, for an agent that proves itself. */

import type { Context } from 'hono';
import { proveSubject } from '#callers/methods/broker-token.ts';
import { workloadJwt } from '#callers/methods/workload-jwt.ts';
import { bindingAsked, type AskedBinding } from '#callers/binding/binding.ts';
import type { Confirmation } from '#callers/binding/confirmation.ts';
import { tooOften } from '#callers/knock.ts';
import { asAgent } from '#callers/planes.ts';
import { WRONG_KEY, type AgentProof, type AuthFailure } from '#callers/proof.ts';
import { presentedClient, proveClient, type Form, type ProvedClient } from '#callers/tokens/client.ts';
import { makeToken, type Wanted } from '#callers/tokens/issue.ts';
import {
  detailsIn,
  handedOn,
  keepsBinding,
  narrowedTo,
  type LineageClaims,
} from '#callers/tokens/lineage.ts';
import type { AuthorizationDetail } from '#contract/callers/authorization-details.ts';
import { TOKEN_EXCHANGE, TOKEN_TYPES, type TokenAnswer } from '#contract/callers/token-service.ts';
import { ProblemError } from '#contract/problem.ts';
import { systemNow } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { arrivalOf } from '../arrival.ts';
import type { AppEnv } from '../context.ts';
import { contextOf, ensureSchema, recordRefusal, refusal } from '../guards.ts';
import { originOf } from '../http/origin.ts';
import { formOf, refusedAs } from './form.ts';

/** Parameters that mean something to other servers and would widen or narrow: what is not done is not passed over. */
function refuseUnused(form: Form, origin: string, isExchange: boolean): void {
  if (form.has('scope'))
    throw refusedAs('invalid_scope', 'scopes are not used here: the policy of the agent says what it may');
  if (!isExchange && form.has('actor_label'))
    throw refusedAs('invalid_request', 'actor_label is for a subject_token of the broker');
  for (const name of ['actor_token', 'actor_token_type'])
    if (form.has(name)) throw refusedAs('invalid_request', `${name} is not used here`);
  // An origin with and without a slash behind is the same (RFC 3986, 6.2.3).
  const isOurs = (value: string) => value === origin || value === `${origin}/`;
  for (const name of ['resource', 'audience'])
    if (form.get(name)?.split(' ').every(isOurs) === false)
      throw refusedAs('invalid_target', `a token is for ${origin} alone`);
}

function lifeAsked(form: Form): number | null {
  const text = form.get('expires_in');
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw refusedAs('invalid_request', 'expires_in must be seconds');
  return Number(text);
}

/** @throws ProblemError where no client proves itself */
export async function clientOfForm(c: Context<AppEnv>, form: Form): Promise<ProvedClient> {
  const presented = presentedClient(c.req.raw.headers, form);
  if (presented.kind === 'malformed') throw refusedAs('invalid_request', presented.detail);
  if (presented.kind === 'none' || presented.kind === 'unsupported') {
    const over = await tooOften(null, arrivalOf(c), systemNow);
    throw await refused(c, over ?? { code: 'unauthenticated', detail: presented.detail });
  }
  const proved = await proveClient(presented, arrivalOf(c), systemNow);
  if (!proved.ok) throw await refused(c, proved.error);
  return proved.value;
}

function refused(c: Context<AppEnv>, failure: AuthFailure): Promise<ProblemError> {
  return refusal(failure, c.get('config'));
}

/** A caller that gets a token, and where that comes from. */
type Asking = ProvedClient & Pick<Wanted, 'source'>;

const NO_SUBJECT = 'subject_token proves no agent';

/** What the exchange is to give: an access token is a JWT, and is called as it was asked for (RFC 8693, 2.2.1). @throws ProblemError */
function typeWanted(form: Form): (typeof TOKEN_TYPES)[keyof typeof TOKEN_TYPES] {
  const text = form.get('requested_token_type') ?? TOKEN_TYPES.access_token;
  const wanted = Object.values(TOKEN_TYPES).find((type) => type === text);
  if (wanted !== undefined) return wanted;
  throw refusedAs('invalid_request', 'requested_token_type is not one that is made here');
}

/** The agent that a token proves, of its workload or of the broker (RFC 8693). @throws ProblemError 400 where it proves none */
async function subjectOf(c: Context<AppEnv>, form: Form): Promise<Asking> {
  const token = form.get('subject_token');
  const type = form.get('subject_token_type');
  if (token === undefined) throw refusedAs('invalid_request', 'subject_token is required');
  if (type !== TOKEN_TYPES.jwt && type !== TOKEN_TYPES.access_token)
    throw refusedAs(
      'invalid_request',
      `subject_token_type must be ${TOKEN_TYPES.jwt} or ${TOKEN_TYPES.access_token}`,
    );
  if (type === TOKEN_TYPES.jwt && form.has('actor_label'))
    throw refusedAs('invalid_request', 'actor_label is for a subject_token of the broker');
  const isBare = presentedClient(c.req.raw.headers, form).kind === 'none';
  const client = isBare ? null : await clientOfForm(c, form);
  const over = await tooOften('jwt', arrivalOf(c), systemNow);
  if (over !== null) throw await refused(c, over);
  const found = await (type === TOKEN_TYPES.jwt ? ofWorkload(c, token) : ofBroker(c, token));
  if (found.ok && (client === null || client.proof.id === found.value.proof.id))
    return { ...found.value, assertion: client?.assertion ?? null };
  // Its bearer needs no client; a client beside it is the agent itself, or has no right to it.
  if (found.ok) throw refusedAs('unauthorized_client', 'subject_token is of another agent than the client');
  // RFC 8693, 2.2.2: a subject_token that is not taken is a request that is not valid.
  if (found.error.code === 'unauthenticated') throw refusedAs('invalid_request', NO_SUBJECT);
  throw await refused(c, found.error);
}

type Subject = Result<Pick<Asking, 'proof' | 'source'>, AuthFailure>;

async function ofWorkload(c: Context<AppEnv>, token: string): Promise<Subject> {
  const outcome = (await workloadJwt(arrivalOf(c), token, systemNow)) ?? null;
  const agent = outcome === null ? err(WRONG_KEY) : asAgent(outcome);
  return agent.ok ? ok({ proof: agent.value, source: null }) : agent;
}

async function ofBroker(c: Context<AppEnv>, token: string): Promise<Subject> {
  const found = await proveSubject(token, arrivalOf(c), systemNow);
  if (!found.ok) return found;
  const { proof, claims } = found.value;
  return ok({ proof, source: claims });
}

/** What the form narrows a token to; null: it does not. @throws ProblemError */
function detailsOf(form: Form): readonly AuthorizationDetail[] | null {
  const text = form.get('authorization_details');
  if (text === undefined) return null;
  const read = detailsIn(text);
  if (read.ok) return read.value;
  throw refusedAs('invalid_authorization_details', read.error);
}

/** What the token to be carries of those before it, with what the form says of it. @throws ProblemError */
function lineageOf(
  form: Form,
  { proof, source }: Asking,
  details: readonly AuthorizationDetail[] | null,
): LineageClaims {
  const handed = source === null ? ok({}) : handedOn(source, form.get('actor_label') ?? proof.id);
  if (!handed.ok) throw refusedAs('invalid_request', handed.error);
  const narrowed = narrowedTo(handed.value, details);
  if (!narrowed.ok) throw refusedAs('invalid_authorization_details', narrowed.error);
  return narrowed.value;
}

/** @throws ProblemError 400 or 401 where the request brings what no token can be bound to */
async function bindingOf(c: Context<AppEnv>, origin: string): Promise<AskedBinding> {
  const asked = await bindingAsked(arrivalOf(c), origin, systemNow);
  if (asked.ok) return asked.value;
  const { of, detail } = asked.error;
  if (of === 'proof') throw refusedAs('invalid_dpop_proof', detail);
  throw await refused(c, { code: 'unauthenticated', detail });
}

export function tokenTypeOf(cnf: Confirmation | null | undefined): TokenAnswer['token_type'] {
  return cnf?.jkt === undefined ? 'Bearer' : 'DPoP';
}

export async function answerToken(c: Context<AppEnv>): Promise<Response> {
  const form = await formOf(c);
  const origin = originOf(c);
  const grant = form.get('grant_type');
  if (grant === undefined) throw refusedAs('invalid_request', 'grant_type is required');
  const isExchange = grant === TOKEN_EXCHANGE;
  if (!isExchange && grant !== 'client_credentials')
    throw refusedAs('unsupported_grant_type', `grant_type is client_credentials or ${TOKEN_EXCHANGE}`);
  refuseUnused(form, origin, isExchange);
  const lifeS = lifeAsked(form);
  const details = detailsOf(form);
  const issued = isExchange ? { issued_token_type: typeWanted(form) } : {};
  const asking: Asking = isExchange
    ? await subjectOf(c, form)
    : { ...(await clientOfForm(c, form)), source: null };
  const binding = await bindingOf(c, origin);
  if (!keepsBinding(asking.source?.cnf, binding.cnf))
    throw refusedAs('invalid_request', 'subject_token is bound: prove here what it is bound to');
  const lineage = lineageOf(form, asking, details);
  await ensureSchema(c);
  const made = await makeToken({ ...asking, lineage, binding, lifeS, origin }, arrivalOf(c), systemNow);
  if (!made.ok) {
    if (made.error === 'suspended') return refuseSuspended(c, asking.proof);
    if (made.error === 'proof_replayed')
      throw refusedAs('invalid_dpop_proof', 'the proof in the header DPoP has been used');
    // It has ended between its proof and now.
    if (isExchange && asking.assertion === null && made.error.code === 'unauthenticated')
      throw refusedAs('invalid_request', NO_SUBJECT);
    throw await refused(c, made.error);
  }
  const answer: TokenAnswer = {
    access_token: made.value.token,
    token_type: tokenTypeOf(binding.cnf),
    expires_in: made.value.expiresIn,
    ...issued,
    ...(lineage.authorization_details === undefined
      ? {}
      : { authorization_details: [...lineage.authorization_details] }),
  };
  return c.json(answer, 200);
}

async function refuseSuspended(c: Context<AppEnv>, proof: AgentProof): Promise<never> {
  const reason = 'agent_suspended';
  await recordRefusal(c.get('config'), proof, contextOf(c, proof), {
    reason,
    connection: null,
    identifier: null,
    known: false,
  });
  throw refusedAs('unauthorized_client', 'the agent is suspended', 'policy_denied');
}
