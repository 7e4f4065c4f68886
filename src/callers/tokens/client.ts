/**
 * How a client of the token service authenticates itself: an agent, with one of its keys (`client_secret_basic`,
 * `client_secret_post`) or with an assertion that it has signed (`private_key_jwt`). What proves it is the same that
 * proves it anywhere; here stands only where a form and a header of OAuth carry it.
 *
 * Sources: RFC 6749 section 2.3, RFC 7523.
 */

import { agentStub } from '#agents/stub.ts';
import { MAX_ASSERTIONS, type UsedAssertion } from '#agents/tokens/tokens.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import { purposeDigest } from '#crypto/digest.ts';
import { fromBase64 } from '#crypto/encoding.ts';
import { admitUnproved } from '#directory/indexes/known-objects.ts';
import { guardOptions } from '#egress/guard/guard.ts';
import { IssuerKeys, keySetOf, type KeySet } from '#egress/keys/issuer-keys.ts';
import type { Config } from '#env.ts';
import type { Now } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { perObject } from '#lib/memory/per-object.ts';
import { ofRecord } from '../agent-records.ts';
import { namedKeyId, presentedCredential } from '../bearer.ts';
import { FailedProofs } from '../failed-proofs.ts';
import { tooOften } from '../knock.ts';
import { agentKey } from '../methods/agent-key.ts';
import { originAsked } from '../methods/broker-token.ts';
import { isRootKey } from '../methods/root-key.ts';
import {
  lookupFailure,
  UNDELEGATED,
  WRONG_KEY,
  type AgentProof,
  type AuthFailure,
  type RequestPieces,
} from '../proof.ts';
import { signatureProblem } from '../workload/signature.ts';
import { isJwt, readToken, type WorkloadToken } from '../workload/token.ts';
import { ASSERTION_TYPE, assertionProblem, takenUntilMs, type AssertionProblem } from './assertion.ts';
import { issuerOf } from './claims.ts';

/** Parameters of a form, each once. */
export type Form = ReadonlyMap<string, string>;

/** How a request means to authenticate its client. */
export type Presented =
  | { readonly kind: 'none'; readonly detail: string }
  | { readonly kind: 'secret'; readonly clientId: string; readonly secret: string }
  | { readonly kind: 'assertion'; readonly clientId: string | null; readonly assertion: string }
  /** By a scheme of the header that is none of ours, or not as that scheme is written. */
  | { readonly kind: 'unsupported'; readonly detail: string }
  /** Two ways at once, or none that is one. */
  | { readonly kind: 'malformed'; readonly detail: string };

function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/** User and password of `Authorization: Basic`, each form-encoded (RFC 6749, 2.3.1); null: it is none. */
function basicOf(authorization: string): { readonly id: string; readonly secret: string } | null {
  const [, encoded = ''] = /^basic +([\x21-\x7e]{1,1024})$/i.exec(authorization) ?? [];
  const bytes = encoded === '' ? null : fromBase64(encoded);
  if (bytes === null) return null;
  const text = new TextDecoder().decode(bytes);
  const colon = text.indexOf(':');
  if (colon < 1) return null;
  const id = formDecoded(text.slice(0, colon));
  const secret = formDecoded(text.slice(colon + 1));
  return id === null || secret === null ? null : { id, secret };
}

/** Pure. `Authorization: Bearer` authenticates no client. */
export function presentedClient(headers: Headers, form: Form): Presented {
  const authorization = headers.get('authorization');
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  const clientId = form.get('client_id') ?? null;
  const ways = [authorization, secret, assertion].filter((way) => way != null);
  if (ways.length > 1) return { kind: 'malformed', detail: 'authenticate the client in one way alone' };
  if (authorization !== null) {
    const basic = basicOf(authorization);
    if (basic === null) return { kind: 'unsupported', detail: 'the Authorization header is not Basic' };
    if (clientId !== null && clientId !== basic.id)
      return { kind: 'malformed', detail: 'client_id is not that of the Authorization header' };
    return { kind: 'secret', clientId: basic.id, secret: basic.secret };
  }
  if (secret !== undefined) {
    return clientId === null
      ? { kind: 'malformed', detail: 'client_secret needs client_id' }
      : { kind: 'secret', clientId, secret };
  }
  if (assertion === undefined)
    return { kind: 'none', detail: 'authenticate the client: with a key, or with an assertion' };
  return form.get('client_assertion_type') === ASSERTION_TYPE
    ? { kind: 'assertion', clientId, assertion }
    : { kind: 'malformed', detail: `client_assertion_type must be ${ASSERTION_TYPE}` };
}

/** A client that has proved itself. */
export interface ProvedClient {
  readonly proof: AgentProof;
  /** That it was proved by, not yet taken; null: by none. Who lets the client act takes it, once. */
  readonly assertion: UsedAssertion | null;
}

class Memory {
  readonly keys = new IssuerKeys();
  readonly failed = new FailedProofs('private_key_jwt');
}

const memoryOf = perObject((_config: Config) => new Memory());

/** A credential in another header than `Authorization` proves nobody, whatever stands beside it. */
function misplaced({ headers, url, config }: RequestPieces): AuthFailure | null {
  const presented = presentedCredential(headers, url, (text) => isRootKey(config, text));
  return presented.kind === 'misplaced' ? { code: 'unauthenticated', detail: presented.detail } : null;
}

/** The client that a request authenticates. `presented` is neither none nor malformed. */
export async function proveClient(
  presented: Extract<Presented, { kind: 'secret' | 'assertion' }>,
  request: RequestPieces,
  now: Now,
): Promise<Result<ProvedClient, AuthFailure>> {
  const name = presented.kind === 'secret' ? namedKeyId(presented.secret) : 'jwt';
  const failure = (await tooOften(name, request, now)) ?? misplaced(request);
  if (failure !== null) return err(failure);
  return presented.kind === 'secret'
    ? bySecret(presented, request, now)
    : byAssertion(presented, request, now);
}

async function bySecret(
  { clientId, secret }: Extract<Presented, { kind: 'secret' }>,
  request: RequestPieces,
  now: Now,
): Promise<Result<ProvedClient, AuthFailure>> {
  const outcome = await agentKey(request, secret, now);
  if (outcome === null) return err(WRONG_KEY);
  if (!outcome.ok) return outcome;
  const proof = outcome.value;
  if (proof.plane !== 'agent' || proof.id !== clientId) return err(WRONG_KEY);
  return ok({ proof, assertion: null });
}

async function byAssertion(
  { clientId, assertion }: Extract<Presented, { kind: 'assertion' }>,
  request: RequestPieces,
  now: Now,
): Promise<Result<ProvedClient, AuthFailure>> {
  const { config } = request;
  const token = isJwt(assertion) ? readToken(assertion) : null;
  const origin = originAsked(request);
  const named = clientId ?? token?.issuer ?? '';
  if (token === null || origin === null || !NAME_PATTERN.test(named)) return err(WRONG_KEY);
  const problem = assertionProblem(token, { clientId: named, issuer: issuerOf(origin) }, now());
  if (problem !== null) return refused(named, problem, request, now);
  const admission = await admitUnproved(config, 'agent', named);
  if (!admission.ok) {
    return admission.why === 'unknown'
      ? err(WRONG_KEY)
      : err({ code: 'unavailable', detail: 'the directory does not answer', retryAfterS: 5 });
  }
  const askedAtMs = now();
  const found = await agentStub(config, named).clientKeys({});
  admission.report(found.ok);
  if (!found.ok)
    return err(found.code === 'not_found' ? WRONG_KEY : lookupFailure(found.code, found.detail, 60));
  const keySet = await keysOf(found, token, request, now);
  if (keySet === 'none') return refused(named, 'token_not_trusted', request, now);
  if (keySet === null) {
    const detail = 'the keys that the agent publishes cannot be read';
    return err({ code: 'unavailable', detail, retryAfterS: 10 });
  }
  const wrong = await signatureProblem(assertion, keySet);
  if (wrong !== null) return refused(named, wrong, request, now);
  const proof: AgentProof = {
    ...ofRecord(found.agent),
    method: 'private_key_jwt',
    keyId: null,
    provedAtMs: askedAtMs,
    expiresAtMs: null,
    issuedAtMs: null,
    ...UNDELEGATED,
  };
  const digest = purposeDigest('client assertion v1', String(token.claims['jti']));
  return ok({ proof, assertion: { digest, expiresAtMs: takenUntilMs(token) } });
}

/** Null: those that the agent publishes cannot be read. */
async function keysOf(
  {
    agent,
    jwks,
    jwksUri,
  }: { agent: { id: string }; jwks: { keys: unknown[] } | null; jwksUri: string | null },
  token: WorkloadToken,
  request: RequestPieces,
  now: Now,
): Promise<KeySet | null | 'none'> {
  if (jwks !== null) return keySetOf(jwks.keys);
  if (jwksUri === null) return 'none';
  const { config, url, waitUntil } = request;
  const guard = () => guardOptions(config, new URL(url).host);
  // Two agents that name the same address each have their own copy of what it says.
  const source = { issuer: `${agent.id} ${jwksUri}`, jwksUri };
  return memoryOf(config).keys.get(source, token.kid, { now, guard, waitUntil });
}

function refused(
  agentId: string,
  problem: AssertionProblem,
  request: RequestPieces,
  now: Now,
): Result<never, AuthFailure> {
  memoryOf(request.config).failed.note(request, now, problem, async () =>
    (await admitUnproved(request.config, 'agent', agentId)).ok ? [agentId] : [],
  );
  return err(WRONG_KEY);
}

/** Takes a client's assertion, once, where nothing else takes it. */
export async function takeAssertion(
  { proof, assertion }: ProvedClient,
  { config }: RequestPieces,
): Promise<AuthFailure | null> {
  if (assertion === null) return null;
  const taken = await agentStub(config, proof.id).useAssertion(assertion);
  if (!taken.ok) return lookupFailure(taken.code, taken.detail, 60);
  return refusalOfAssertion(taken.used);
}

const BUSY: AuthFailure = {
  code: 'rate_limited',
  detail: 'too many assertions of this client live at once',
  retryAfterS: 60,
  policy: { name: 'assertions', quota: MAX_ASSERTIONS, windowS: 120 },
};

/** The refusal of an assertion that may not be taken; null: it may. */
export function refusalOfAssertion(used: 'first' | 'replayed' | 'busy'): AuthFailure | null {
  if (used === 'first') return null;
  return used === 'replayed' ? WRONG_KEY : BUSY;
}
