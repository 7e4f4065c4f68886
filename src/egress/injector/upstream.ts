/**
 * A call of a caller's that leaves with a credential in it, streaming both ways: guarded by name and, where there is a
 * resolver, by address; never redirected, and bounded in the time that its head takes. It refuses to read a body, to
 * judge an answer and to try again.
 */

import type { HostProblem } from '../guard/dns-answer.ts';
import { targetProblem, type GuardOptions } from '../guard/guard.ts';
import { hostProblem } from '../guard/guarded-fetch.ts';
import type { Injector } from './injector.ts';

export interface UpstreamRequest {
  /** Without the credential. */
  readonly url: string;
  readonly method: string;
  /** Without the credential, by name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null;
}

export interface UpstreamLimits {
  /** Until the answer's head is there; the body has no end of its own. */
  readonly timeoutMs: number;
  /** Breaks the call off, before and after its head. */
  readonly signal: AbortSignal;
}

/**
 * `blocked`, `unsignable` (the signature covers a body that is not kept) and every `HostProblem`: nothing was sent. After `timeout` and `network` nobody knows whether the provider
 * has acted. `aborted`: the signal of the limits was.
 */
export type UpstreamOutcome =
  | { readonly kind: 'response'; readonly response: Response }
  | {
      readonly kind: 'failure';
      readonly failure: 'timeout' | 'network' | 'aborted' | 'blocked' | 'unsignable' | HostProblem;
    };

/** Sends one request. Never throws, and returns within `timeoutMs`. */
export async function callUpstream(
  request: UpstreamRequest,
  injector: Pick<Injector, 'apply' | 'sign'>,
  limits: UpstreamLimits,
  options: GuardOptions,
): Promise<UpstreamOutcome> {
  const failure = (why: Extract<UpstreamOutcome, { kind: 'failure' }>['failure']): UpstreamOutcome => ({
    kind: 'failure',
    failure: why,
  });
  if (targetProblem(request.url, options) !== null) return failure('blocked');
  const problem = await hostProblem(request.url, options, limits.timeoutMs);
  if (problem !== null) return failure(problem);
  // The last act before it leaves: a signature covers the request as it is then.
  const signed = await injector.sign(injector.apply(request));
  if (signed === null) return failure('unsignable');
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), limits.timeoutMs);
  const { method, body, url, headers } = signed;
  try {
    const signal = AbortSignal.any([limits.signal, late.signal]);
    // `manual`: a followed redirect would carry the credential, and on 307 the body, to another host.
    const response = await fetch(url, { method, headers: { ...headers }, body, redirect: 'manual', signal });
    return { kind: 'response', response };
  } catch {
    // The platform's text may name hosts and addresses, so it goes nowhere.
    if (limits.signal.aborted) return failure('aborted');
    return failure(late.signal.aborted ? 'timeout' : 'network');
  } finally {
    clearTimeout(timer);
  }
}
