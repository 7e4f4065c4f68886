/**
 * The way of one MCP client to its server: every request leaves by egress with the credential in it, and every answer is
 * bounded and searched for the credential before the client reads it. What went wrong is kept as a value, because the
 * client wraps errors in its own.
 */

import { callUpstream } from '#egress/injector/upstream.ts';
import { sleep, systemNow } from '#lib/clock.ts';
import { judgeApiAnswer } from '#providers/answers/api-answer.ts';
import type { LetOut } from '#proxy/forward.ts';

/** As far as answers are searched for the credential: no more than that is read. */
const MOST_BYTES = 8 * 1024 * 1024;

/** Why an exchange with the server came to nothing. */
export type ExchangeFailure =
  | 'token_refused'
  | 'token_echo_blocked'
  | 'too_large'
  | 'timeout'
  | 'aborted'
  | 'network'
  | 'blocked'
  | 'redirected'
  | 'unanswered'
  | 'session_over'
  | 'unreadable_encoding';

/** Of all requests of one client. */
export interface Seen {
  failure: ExchangeFailure | null;
  /** Of the last answer; null: none came. */
  status: number | null;
  /** Anything has left. */
  isSent: boolean;
  /** How many requests have left. */
  requests: number;
  /** Rejects at the first failure, also of an answer that the client is still reading. */
  readonly broken: Promise<never>;
  readonly fail: (failure: ExchangeFailure) => Error;
}

export function newSeen(): Seen {
  let reject: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  // It may be that nobody waits for it any more.
  broken.catch(() => undefined);
  const seen: Seen = {
    failure: null,
    status: null,
    isSent: false,
    requests: 0,
    broken,
    fail: (failure) => {
      seen.failure ??= failure;
      const error = new Error(seen.failure);
      reject(error);
      return error;
    },
  };
  return seen;
}

export interface Way {
  readonly out: LetOut;
  /** The server's URL, and no other. */
  readonly url: string;
  /** Until when all of it may take (epoch ms). */
  readonly untilMs: number;
  readonly signal: AbortSignal;
  /** The session is one of an earlier visit: the server may have ended it. */
  readonly isResumed: boolean;
  /** Sent with each request beside the client's own. */
  readonly headers: Readonly<Record<string, string>>;
}

/** After the end of an answer a client has so long to make something of it: the next request, or its result. */
const SETTLE_MS = 2_000;
/** Stands for the session of a server that keeps none, so that a client goes on without a handshake. */
export const NO_SESSION = 'none-kept';
/** Of a server that does not know a session, or says so in its own way. */
const SESSION_OVER: ReadonlySet<number> = new Set([400, 404]);
const READABLE = new Set(['', 'identity', 'gzip', 'br']);
/** Of the client's own headers: the protocol's, and what a body needs. */
const OURS = /^(?:accept|content-type|mcp-[a-z0-9-]+)$/;

/** The `fetch` of a client's transport. */
export function fetchThrough(
  way: Way,
  seen: Seen,
): (input: string | URL, init?: RequestInit) => Promise<Response> {
  const { out, url, untilMs, signal } = way;
  return async (input, init) => {
    const method = init?.method ?? 'GET';
    // No stream beside the answers: nobody would read it.
    if (method === 'GET') return new Response(null, { status: 405 });
    if (new URL(String(input)).href !== new URL(url).href) throw seen.fail('redirected');
    const headers = Object.fromEntries(
      [...new Headers(init?.headers)].filter(
        ([name, value]) => OURS.test(name) && !(name === 'mcp-session-id' && value === NO_SESSION),
      ),
    );
    const body = typeof init?.body === 'string' ? new TextEncoder().encode(init.body) : null;
    const request = { url, method, headers: { ...way.headers, ...headers }, body };
    const own = init?.signal ?? null;
    const signals = own === null ? signal : AbortSignal.any([signal, own]);
    const timeoutMs = Math.max(0, untilMs - systemNow());
    const sent = await callUpstream(request, out.injector, { timeoutMs, signal: signals }, out.guard);
    if (sent.kind === 'failure') {
      if (own?.aborted === true && !signal.aborted) throw new Error('given up');
      seen.isSent ||= sent.failure === 'timeout' || sent.failure === 'network' || sent.failure === 'aborted';
      throw seen.fail(isKnown(sent.failure) ? sent.failure : 'blocked');
    }
    seen.isSent = true;
    seen.requests += 1;
    return taken(sent.response, way, seen);
  };
}

function isKnown(failure: string): failure is 'timeout' | 'network' | 'aborted' {
  return failure === 'timeout' || failure === 'network' || failure === 'aborted';
}

/** The answer as the client may read it. @throws Error of `seen.fail` */
function taken(response: Response, { out, isResumed }: Way, seen: Seen): Response {
  const { status, headers, body } = response;
  seen.status = status;
  const drop = (failure: ExchangeFailure): Error => {
    body?.cancel().catch(() => undefined);
    return seen.fail(failure);
  };
  const told = { status, headers: Object.fromEntries(headers), body: '' };
  if (judgeApiAnswer(out.facts.signs, told, systemNow()).verdict === 'token_refused')
    throw drop('token_refused');
  if (isResumed && SESSION_OVER.has(status)) throw drop('session_over');
  if (status >= 300 && status < 400) throw drop('redirected');
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (!READABLE.has(encoding)) throw drop('unreadable_encoding');
  if (Number(headers.get('content-length') ?? '0') > MOST_BYTES) throw drop('too_large');
  const kept = new Headers();
  for (const name of ['content-type', 'mcp-session-id', 'mcp-protocol-version']) {
    const value = headers.get(name);
    if (value !== null) kept.set(name, value);
  }
  if (out.injector.echo(new TextEncoder().encode([...kept.values()].join('\n'))))
    throw drop('token_echo_blocked');
  const isEmpty = body === null || status === 204 || status === 205;
  return new Response(isEmpty ? null : bounded(body, out, seen), { status, headers: kept });
}

/** An answer that holds no answer to what was asked would be waited for until the time is up. */
async function unlessSettled(seen: Seen): Promise<void> {
  const { requests } = seen;
  await sleep(SETTLE_MS);
  if (seen.requests === requests) seen.fail('unanswered');
}

/** No more than may be read, and none of it before the credential has been looked for in it. */
function bounded(body: ReadableStream<Uint8Array>, out: LetOut, seen: Seen): ReadableStream<Uint8Array> {
  const scan = out.injector.scan();
  const reader = body.getReader();
  let size = 0;
  const stop = (controller: ReadableStreamDefaultController<Uint8Array>, failure: ExchangeFailure): void => {
    controller.error(seen.fail(failure));
    reader.cancel().catch(() => undefined);
  };
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      for (;;) {
        const part = await reader.read().catch(() => null);
        if (part === null) return stop(controller, 'network');
        if (part.done) {
          const rest = scan.end();
          if (rest.byteLength > 0) controller.enqueue(rest);
          void unlessSettled(seen);
          return controller.close();
        }
        size += part.value.byteLength;
        if (size > MOST_BYTES) return stop(controller, 'too_large');
        const gone = scan.push(part.value);
        if (gone === null) return stop(controller, 'token_echo_blocked');
        if (gone.byteLength > 0) return controller.enqueue(gone);
      }
    },
    cancel: () => reader.cancel().catch(() => undefined),
  });
}
