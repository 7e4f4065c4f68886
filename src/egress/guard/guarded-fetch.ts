/**
 * The one call that leaves: guarded by name and, where there is a resolver, by address; never redirected, bounded in
 * time and size. Everything that a hostile or broken
 * server can do comes back as a value; no text of the platform's errors leaves, because it may name hosts and
 * addresses. It refuses to judge an answer (providers/answers/classify.ts) and to try again.
 */

import type { HostProblem } from './dns-answer.ts';
import { isLoopbackHost, targetProblem, type GuardOptions } from './guard.ts';
import { judgeHost, RESOLVE_WITHIN_MS, RESOLVER_ANSWER_BYTES } from './resolver.ts';

export interface OutgoingRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  /** Null for none. */
  readonly body: string | null;
}

export interface FetchLimits {
  /** For connecting, headers and body together. */
  readonly timeoutMs: number;
  /** Of the body after decompression; bytes beyond it are not read. */
  readonly maxBytes: number;
}

/**
 * `truncated`: the body is longer than `maxBytes`, broke off, was shorter than announced or did not end in time; `body`
 * is what was read. `blocked`: the guard refused; a `HostProblem`: what the name points to did; either way nothing was
 * sent. After `timeout` and `network` nobody knows whether
 * the server has acted.
 */
export type FetchOutcome =
  | {
      readonly kind: 'response';
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Record<string, string>;
      readonly body: string;
      readonly truncated: boolean;
      /** Longer than `maxBytes`: the one way to be truncated that is not the server's failure. */
      readonly overlong: boolean;
    }
  | { readonly kind: 'failure'; readonly failure: 'timeout' | 'network' | 'blocked' | HostProblem };

const BODILESS = new Set([204, 205, 304]);

/**
 * Sends one request and reads its answer. Never throws, and returns within `timeoutMs`, also when the server hangs or
 * drips.
 */
export async function guardedFetch(
  request: OutgoingRequest,
  limits: FetchLimits,
  options: GuardOptions,
): Promise<FetchOutcome> {
  if (targetProblem(request.url, options) !== null) return { kind: 'failure', failure: 'blocked' };
  const deadline = startDeadline(limits.timeoutMs);
  try {
    const problem = await hostProblem(request.url, options, limits.timeoutMs);
    if (problem !== null) return { kind: 'failure', failure: problem };
    const response = await orLate(send(request, deadline.signal), deadline.passed);
    if (response === 'late') return { kind: 'failure', failure: 'timeout' };
    if (response === null)
      return { kind: 'failure', failure: deadline.signal.aborted ? 'timeout' : 'network' };
    const { bytes, end } = await readBody(response, limits.maxBytes, deadline.passed);
    return {
      kind: 'response',
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: new TextDecoder().decode(bytes),
      truncated: end !== 'whole' || isShort(response, bytes.byteLength),
      overlong: end === 'overlong',
    };
  } finally {
    deadline.end();
  }
}

/**
 * Why the resolver's word about the host of `url` keeps it from being called, or null: nothing does, or names are not
 * resolved. Within 2 s, or `timeoutMs` if that is less. Never throws. The resolver itself is called by its name.
 */
export async function hostProblem(
  url: string,
  options: GuardOptions,
  timeoutMs: number,
): Promise<HostProblem | null> {
  const { resolver = null } = options;
  const { hostname } = new URL(url);
  if (resolver === null || (options.allowLoopback && isLoopbackHost(hostname))) return null;
  const limits = { timeoutMs: Math.min(timeoutMs, RESOLVE_WITHIN_MS), maxBytes: RESOLVER_ANSWER_BYTES };
  const headers = { accept: 'application/dns-json', 'user-agent': 'valetkey' };
  const verdict = await judgeHost(hostname, resolver, async (question) => {
    const asked = { url: question, method: 'GET', headers, body: null } as const;
    const answer = await guardedFetch(asked, limits, { ...options, resolver: null });
    return answer.kind === 'response' && answer.status === 200 && !answer.truncated ? answer.body : null;
  });
  return verdict === 'allowed' ? null : verdict;
}

interface Deadline {
  readonly signal: AbortSignal;
  /** Resolves when time is up. The signal alone is not relied on: a body may not heed it. */
  readonly passed: Promise<'late'>;
  /** Stops the clock and the transfer that is still on the wire. */
  end(): void;
}

function startDeadline(timeoutMs: number): Deadline {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => {
      resolve('late');
      controller.abort();
    }, timeoutMs);
  });
  return {
    signal: controller.signal,
    passed,
    end: () => {
      clearTimeout(timer);
      controller.abort();
    },
  };
}

async function orLate<T>(work: Promise<T>, passed: Promise<'late'>): Promise<T | 'late'> {
  return Promise.race([work, passed]);
}

/** The answer's head, or null where none came. `redirect: "manual"`: a followed 307 would carry the body elsewhere. */
async function send(request: OutgoingRequest, signal: AbortSignal): Promise<Response | null> {
  try {
    const { url, method, headers, body } = request;
    return await fetch(url, { method, headers: { ...headers }, body, redirect: 'manual', signal });
  } catch {
    return null;
  }
}

/** `broken`: it broke off, or did not end in time. */
type BodyEnd = 'whole' | 'overlong' | 'broken';

async function readBody(
  response: Response,
  maxBytes: number,
  passed: Promise<'late'>,
): Promise<{ bytes: Uint8Array; end: BodyEnd }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const done = (end: BodyEnd) => ({ bytes: joined(chunks, size), end });
  if (response.body === null) return done('whole');
  const reader = response.body.getReader();
  try {
    for (;;) {
      const step = await orLate(reader.read(), passed);
      if (step === 'late') return done('broken');
      if (step.done) return done('whole');
      const chunk: Uint8Array = step.value;
      const room = maxBytes - size;
      chunks.push(chunk.subarray(0, room));
      size += Math.min(chunk.byteLength, room);
      if (chunk.byteLength > room) return done('overlong');
    }
  } catch {
    return done('broken');
  } finally {
    // Not awaited: a server that keeps sending must not hold the caller, and a broken stream cannot be cancelled.
    reader.cancel().catch(() => undefined);
  }
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

/** Fewer bytes than announced. A compressed body is announced by its compressed length, which says nothing here. */
function isShort(response: Response, size: number): boolean {
  const announced = response.headers.get('content-length');
  if (announced === null || response.headers.has('content-encoding') || BODILESS.has(response.status))
    return false;
  return Number(announced) > size;
}
