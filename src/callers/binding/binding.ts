/**
 * Tokens that are bound to a key (RFC 9449, `cnf.jkt`) or to a client certificate (RFC 8705, `cnf.x5t#S256`): what a new
 * one is bound to, and whether a request brings what its token is bound to. A token that is bound to nothing costs
 * nothing here. A proof counts once: its agent's object remembers it, so that neither a restart nor another isolate
 * takes it again.
 */

import { agentStub } from '#agents/stub.ts';
import { MAX_PROOFS, type UsedProof } from '#agents/tokens/tokens.ts';
import { purposeDigest } from '#crypto/digest.ts';
import { toBase64Url } from '#crypto/encoding.ts';
import type { Now } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import type { CertificateProblem } from '../certificates/presented.ts';
import { certificateOf } from '../methods/client-certificate.ts';
import { lookupFailure, type AuthFailure, type RequestPieces } from '../proof.ts';
import { isConfirmation, type Confirmation } from './confirmation.ts';
import { checkProof, DPOP_ALGORITHMS, DPOP_HELP, type DpopProblem, type GoodProof } from './dpop.ts';

/** Why a bound token proves nobody here. The record of it says so. */
export type BindingProblem =
  | DpopProblem
  | CertificateProblem
  | 'binding_scheme'
  | 'binding_key'
  | 'binding_certificate'
  | 'proof_replayed';

const ALGS = DPOP_ALGORITHMS.join(' ');

/** RFC 9449, 7.1 and RFC 8705, 3. */
const challenge = (error: 'invalid_token' | 'invalid_dpop_proof') => `DPoP error="${error}", algs="${ALGS}"`;

const unproved = (detail: string, error: 'invalid_token' | 'invalid_dpop_proof'): AuthFailure => ({
  code: 'unauthenticated',
  detail,
  challenge: challenge(error),
});

/** For every credential under `Authorization: DPoP` that is no token of ours which is bound to a key. */
export const NOT_BOUND = unproved(
  'under the scheme DPoP stands a token that is bound to a key',
  'invalid_token',
);

const FAILURES: Readonly<Partial<Record<BindingProblem, AuthFailure>>> = {
  binding_scheme: unproved(
    'this token is bound to a key: send it as `Authorization: DPoP`, with a proof in the header DPoP',
    'invalid_token',
  ),
  binding_key: unproved('the proof in the header DPoP is of another key than the token’s', 'invalid_token'),
  proof_replayed: unproved('the proof in the header DPoP has been used', 'invalid_dpop_proof'),
};

const NO_CERTIFICATE: AuthFailure = {
  code: 'unauthenticated',
  detail: 'this token is bound to a client certificate, and it is not that of this connection',
  challenge: 'Bearer error="invalid_token"',
};

export const PROOFS_BUSY: AuthFailure = {
  code: 'rate_limited',
  detail: 'too many proofs of this agent live at once',
  retryAfterS: 30,
  policy: { name: 'proofs', quota: MAX_PROOFS, windowS: 90 },
};

function failureOf(problem: BindingProblem): AuthFailure {
  const known = FAILURES[problem];
  if (known !== undefined) return known;
  const help = DPOP_HELP[problem as DpopProblem] as string | undefined;
  if (help === undefined) return NO_CERTIFICATE;
  return unproved(`the proof in the header DPoP is not valid: ${help}`, 'invalid_dpop_proof');
}

/** Whether a request presents its token as one that is bound to a key. */
export function isUnderDpop(headers: Headers): boolean {
  return /^dpop /i.test(headers.get('authorization') ?? '');
}

const usedProof = ({ jkt, jti, rememberedUntilMs }: GoodProof): UsedProof => ({
  digest: purposeDigest('dpop proof v1', `${jkt} ${jti}`),
  expiresAtMs: rememberedUntilMs,
});

/** @param origin of the broker as its callers see it; a proxy of one's own may have changed what stands in the request */
function proofOf(request: RequestPieces, origin: string, token: string | null, now: Now) {
  const { headers, method, url } = request;
  const { pathname } = new URL(url);
  return checkProof(headers.get('dpop'), { method, url: `${origin}${pathname}`, token }, now());
}

const base64UrlOfHex = (hex: string): string => toBase64Url(Buffer.from(hex, 'hex'));

/** What a new token is to be bound to. */
export interface AskedBinding {
  /** Null: to nothing. */
  readonly cnf: Confirmation | null;
  /** That the request brings; null: none. */
  readonly keyProof: UsedProof | null;
}

/** `proof`: what is in the header `DPoP` does not do. `certificate`: nor does the certificate. */
export interface BindingRefusal {
  readonly of: 'proof' | 'certificate';
  readonly detail: string;
}

/**
 * What a request for a token binds it to: to the key of its proof, where it brings one, and to its client certificate,
 * where it comes over one. What cannot be bound to is a refusal: nobody gets an unbound token who meant a bound one.
 */
export async function bindingAsked(
  request: RequestPieces,
  origin: string,
  now: Now,
): Promise<Result<AskedBinding, BindingRefusal>> {
  const certificate = certificateOf(request, now());
  if (certificate.kind === 'refused')
    return err({ of: 'certificate', detail: 'the client certificate of this connection is not valid' });
  const x5t = certificate.kind === 'none' ? {} : { 'x5t#S256': base64UrlOfHex(certificate.thumbprint) };
  const isProved = request.headers.has('dpop');
  const proof = isProved ? await proofOf(request, origin, null, now) : null;
  if (typeof proof === 'string') return err({ of: 'proof', detail: DPOP_HELP[proof] });
  const cnf: Confirmation = { ...(proof === null ? {} : { jkt: proof.jkt }), ...x5t };
  return ok({
    cnf: isConfirmation(cnf) ? cnf : null,
    keyProof: proof === null ? null : usedProof(proof),
  });
}

/** Requests whose proof has counted: a request that waits is proved again, and its proof is the same. */
const counted = new WeakSet<RequestPieces>();

/** A token, what it is bound to, and the agent whose it is. */
export interface BoundToken {
  readonly text: string;
  readonly cnf: Confirmation | undefined;
  readonly agentId: string;
  readonly origin: string;
}

/**
 * Whether the request brings what its token is bound to; the problem, for the record, where it does not.
 *
 * @returns null: it does
 */
export function unboundUse(
  token: BoundToken,
  request: RequestPieces,
  now: Now,
): Promise<{ failure: AuthFailure; problem: BindingProblem | null } | null> | null {
  const underDpop = isUnderDpop(request.headers);
  if (token.cnf === undefined && !underDpop) return null;
  return checkedUse(token, underDpop, request, now);
}

async function checkedUse(
  { text, cnf = {}, agentId, origin }: BoundToken,
  underDpop: boolean,
  request: RequestPieces,
  now: Now,
): Promise<{ failure: AuthFailure; problem: BindingProblem | null } | null> {
  const refused = (problem: BindingProblem) => ({ failure: failureOf(problem), problem });
  const { jkt, 'x5t#S256': x5t } = cnf;
  if (x5t !== undefined) {
    const certificate = certificateOf(request, now());
    if (certificate.kind === 'refused') return { failure: NO_CERTIFICATE, problem: certificate.problem };
    if (certificate.kind === 'none' || base64UrlOfHex(certificate.thumbprint) !== x5t)
      return refused('binding_certificate');
  }
  if (jkt === undefined) return underDpop ? { failure: NOT_BOUND, problem: 'binding_scheme' } : null;
  if (!underDpop) return refused('binding_scheme');
  if (counted.has(request)) return null;
  const proof = await proofOf(request, origin, text, now);
  if (typeof proof === 'string') return refused(proof);
  if (proof.jkt !== jkt) return refused('binding_key');
  const used = await agentStub(request.config, agentId).useProof(usedProof(proof));
  if (!used.ok) return { failure: lookupFailure(used.code, used.detail, 60), problem: null };
  if (used.used === 'replayed') return refused('proof_replayed');
  if (used.used === 'busy') return { failure: PROOFS_BUSY, problem: null };
  counted.add(request);
  return null;
}
