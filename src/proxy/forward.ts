/**
 * One proxied call: let out by the account's door, sent, and once more where the API says that the token has died and
 * the request can be sent again. The pure files beside this one decide which parts of request and answer cross. It refuses
 * to know who asks: `Gate` does.
 */

import type { GuardOptions } from '#egress/guard/guard.ts';
import type { Injector } from '#egress/injector/injector.ts';
import { callUpstream, type UpstreamOutcome } from '#egress/injector/upstream.ts';
import { ProblemError } from '#contract/problem.ts';
import { systemNow, within } from '#lib/clock.ts';
import { judgeApiAnswer, mayTell, type ApiVerdict } from '#providers/answers/api-answer.ts';
import type { CallFacts } from '#providers/injection/injection.ts';
import { answerStream, type BrokenOff } from './answer-stream.ts';
import type { OutgoingBody } from './body.ts';
import { FRONT_BYTES, frontOf, unread, type Front } from './front.ts';
import { answerHeaders, outgoingHeaders, type Texts } from './headers.ts';
import { targetOf, throughProxy, type Asked, type Target } from './target.ts';
import { Watch } from './watch.ts';

/** What a caller asks for. */
export interface ProxiedCall {
  readonly method: string;
  readonly asked: Asked;
  /** The caller's, of which those on the list leave. */
  readonly headers: Headers;
  /** Of a tool, all of which leave. */
  readonly ownHeaders?: Texts;
  readonly body: OutgoingBody;
  /** The base URL that is meant; null: the account's first. */
  readonly baseUrl: string | null;
  /** In the place of both, where the account's facts decide. */
  readonly placed?: (facts: CallFacts) => { readonly asked: Asked; readonly baseUrl: string | null };
  /** Until the head of the answer, of all attempts together. */
  readonly timeoutMs: number;
  /** Aborted when the caller hangs up. */
  readonly signal: AbortSignal;
  /** What stands at the caller's side for the base URL. */
  readonly proxyUrl: string;
}

/** A call that may go out, with its durable record. */
export interface LetOut {
  readonly injector: Injector;
  readonly facts: CallFacts;
  readonly guard: GuardOptions;
  /** Records how it ended. False: that could not be written. */
  readonly ended: (end: CallEnd) => Promise<boolean>;
  /** The API refuses a credential that is new, too: what is known of it may be old. Left out: nothing follows from it. */
  readonly refusedAnew?: () => void;
  /** It has done nothing: a person's yes that let it out is good for the same call again. Never throws. */
  readonly giveBack: () => Promise<void>;
}

export interface CallEnd {
  readonly outcome: 'ok' | 'refused' | 'failed' | 'unknown';
  readonly reason: string | null;
  readonly upstreamStatus: number | null;
  readonly durationMs: number;
}

/** The caller's way through the account's door. */
export interface Gate {
  /** @param rejected fingerprint of the credential that the API has just refused @throws ProblemError */
  readonly letOut: (rejected: string | null) => Promise<LetOut>;
  /** Whether the caller still may. @throws where nobody can tell */
  readonly mayGoOn: () => Promise<boolean>;
  /** Work that goes on behind the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

interface Sent {
  readonly out: LetOut;
  readonly target: Target;
  readonly response: Response;
  readonly watch: Watch;
  readonly startedAtMs: number;
  /** Until then what has to be known of the answer may come. */
  readonly untilMs: number;
}

/** An answer of the API, before any of its body has gone on. */
interface Answered extends Sent {
  readonly front: Front;
  readonly verdict: ApiVerdict['verdict'];
}

/** Encodings that the platform undoes as it reads. */
const READABLE = new Set(['', 'identity', 'gzip', 'br']);
const BODILESS = new Set([204, 205, 304]);

/** @throws ProblemError for whatever is no answer of the API */
export async function forward(call: ProxiedCall, gate: Gate): Promise<Response> {
  const untilMs = systemNow() + call.timeoutMs;
  const first = await attempt(call, gate, await gate.letOut(null), untilMs);
  if (first.verdict !== 'token_refused') return answered(call, gate, first, 1, null);
  const isRecorded = await recordAnswer(first, 'token_refused');
  await first.out.giveBack();
  const again = await renewed(gate, first).catch((error: unknown) => {
    drop(first);
    throw error;
  });
  if (again === null) return answered(call, gate, first, 1, isRecorded);
  if (!call.body.isKept) {
    await again.ended({ ...NOT_SENT, reason: 'body_too_large_to_repeat' });
    await again.giveBack();
    return answered(call, gate, first, 1, isRecorded);
  }
  drop(first);
  const second = await attempt(call, gate, again, untilMs);
  if (second.verdict === 'token_refused') second.out.refusedAnew?.();
  return answered(call, gate, second, 2, null);
}

/** The answer goes nowhere. */
function drop({ watch, front }: Answered): void {
  watch.cut();
  front.reader?.cancel().catch(() => undefined);
}

const UNRENEWED: ReadonlySet<string> = new Set(['provider_unavailable', 'approval_required']);

const NOT_SENT: CallEnd = { outcome: 'failed', reason: 'not_sent', upstreamStatus: null, durationMs: 0 };

/** The next credential, where the refused one has a successor; null: it has none now, and the API's answer goes on. */
async function renewed(gate: Gate, { out }: Answered): Promise<LetOut | null> {
  let again: LetOut;
  try {
    again = await gate.letOut(out.injector.fingerprint);
  } catch (error) {
    // The provider, its hold on refused tokens, or a yes that another call took: the API's own refusal says more.
    if (error instanceof ProblemError && UNRENEWED.has(error.code)) return null;
    throw error;
  }
  if (again.injector.fingerprint !== out.injector.fingerprint) return again;
  await again.ended(NOT_SENT);
  await again.giveBack();
  return null;
}

async function attempt(call: ProxiedCall, gate: Gate, out: LetOut, untilMs: number): Promise<Answered> {
  const { asked, baseUrl } = call.placed?.(out.facts) ?? call;
  const target = targetOf(asked, out.facts.apiBaseUrls, baseUrl);
  if (!target.ok) {
    await out.ended({ ...NOT_SENT, outcome: 'refused', reason: 'invalid_request' });
    await out.giveBack();
    throw new ProblemError('invalid_request', { errors: [target.error] });
  }
  const watch = new Watch(gate.mayGoOn, call.signal);
  const startedAtMs = systemNow();
  const sent = await callUpstream(
    {
      url: target.value.url,
      method: call.method,
      headers: { ...outgoingHeaders(call.headers, out.facts.requestHeaders), ...call.ownHeaders },
      body: call.body.open(),
    },
    out.injector,
    { timeoutMs: Math.max(0, untilMs - startedAtMs), signal: watch.signal },
    out.guard,
  );
  if (sent.kind === 'failure') {
    watch.end();
    throw await failed(call, gate, out, sent.failure, systemNow() - startedAtMs);
  }
  return judged(call, gate, {
    out,
    target: target.value,
    response: sent.response,
    watch,
    startedAtMs,
    untilMs,
  });
}

type Failure = Extract<UpstreamOutcome, { kind: 'failure' }>['failure'];

/** No answer came: what the record and the caller are told. */
async function failed(
  call: ProxiedCall,
  gate: Gate,
  out: LetOut,
  failure: Failure,
  durationMs: number,
): Promise<ProblemError> {
  const problem = call.body.problem();
  const isOpen = failure === 'timeout' || failure === 'network' || failure === 'aborted';
  const reason = problem === null ? failure : `body_${problem}`;
  await out.ended({ outcome: isOpen ? 'unknown' : 'failed', reason, upstreamStatus: null, durationMs });
  if (!isOpen) await out.giveBack();
  if (problem === 'too_large') return new ProblemError('too_large', { detail: 'a body may hold 100 MiB' });
  if (problem === 'broken')
    return new ProblemError('invalid_request', { detail: 'the body broke off before its end' });
  if (failure === 'timeout') return new ProblemError('provider_timeout');
  if (failure === 'aborted') return stoppedProblem(call, gate);
  if (failure === 'unsignable')
    return new ProblemError('too_large', {
      detail: "the body is part of this API's signature, so it may hold 1 MiB",
    });
  if (failure === 'network')
    return new ProblemError('provider_unavailable', {
      detail: 'the API did not answer, or its answer broke off: nobody knows whether it has acted',
      retryAfterS: 1,
    });
  return new ProblemError('conflict', {
    detail: 'the address of this API may not be called: an operator has to correct the connection',
  });
}

/** The call was broken off because its caller may not make it any more: the door says why. */
async function stoppedProblem(call: ProxiedCall, gate: Gate): Promise<ProblemError> {
  try {
    if (!call.signal.aborted) {
      const out = await gate.letOut(null);
      await out.ended(NOT_SENT);
      await out.giveBack();
    }
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  return new ProblemError('unavailable', { detail: 'the call was broken off', retryAfterS: 1 });
}

/** Reads as much of the answer as has to be known before any of it goes on. @throws ProblemError */
async function judged(call: ProxiedCall, gate: Gate, sent: Sent): Promise<Answered> {
  const { out, response, watch, startedAtMs } = sent;
  const ended = async (outcome: CallEnd['outcome'], reason: string): Promise<void> => {
    watch.cut();
    const durationMs = systemNow() - startedAtMs;
    await out.ended({ outcome, reason, upstreamStatus: response.status, durationMs });
  };
  const refuse = async (reason: string, detail: string): Promise<never> => {
    await ended('failed', reason);
    throw new ProblemError('provider_error', { detail });
  };
  const encoding = response.headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  if (!READABLE.has(encoding))
    return refuse('unreadable_encoding', 'the API encoded its answer in a way that was not asked for');
  if (response.status < 200 || response.status > 599)
    return refuse('unusable_status', 'the API answered with a status that HTTP does not have');
  const front = isReadFirst(response, out.facts) ? await readFirst(sent) : unread(response.body);
  if (front === 'stopped') {
    await ended('unknown', 'aborted');
    throw await stoppedProblem(call, gate);
  }
  if (front === 'late') {
    await ended('failed', 'timeout');
    throw new ProblemError('provider_timeout', { detail: 'the API did not end its answer in time' });
  }
  if (front === 'broken') return refuse('broken_off', 'the answer of the API broke off');
  const told = {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: front.isWhole ? new TextDecoder().decode(front.bytes) : '',
  };
  const { verdict } = judgeApiAnswer(out.facts.signs, told, systemNow());
  return { ...sent, front, verdict };
}

/** The front of the body, as long as the call has time and may go on. */
function readFirst({ response, watch, untilMs }: Sent): Promise<Front | 'late' | 'broken' | 'stopped'> {
  const reading = frontOf(response.body).catch(() => 'broken' as const);
  const ended = Promise.race([reading, watch.stopped]);
  return within(Math.max(0, untilMs - systemNow()), ended, 'late');
}

/** Short answers, and those whose body may say that the token is dead. */
function isReadFirst({ status, headers }: Response, { signs }: CallFacts): boolean {
  const length = headers.get('content-length');
  if (length !== null && Number(length) <= FRONT_BYTES) return true;
  return mayTell(signs, status, (headers.get('content-type') ?? '').includes('json'));
}

function recordAnswer(
  { out, response, startedAtMs }: Answered,
  reason: string | null = null,
): Promise<boolean> {
  const { status } = response;
  const isFine = status < 400 && reason === null;
  const outcome = isFine ? 'ok' : 'failed';
  return out.ended({ outcome, reason, upstreamStatus: status, durationMs: systemNow() - startedAtMs });
}

/**
 * The API's answer as the caller gets it.
 *
 * @param recorded whether its record was written; null: it is to be @throws ProblemError where it holds the credential
 */
async function answered(
  call: ProxiedCall,
  gate: Gate,
  answer: Answered,
  attempts: number,
  recorded: boolean | null,
): Promise<Response> {
  const { out, target, response, front, watch } = answer;
  const followed = (url: string): string | null => {
    const told = throughProxy(url, target, call.proxyUrl);
    return told === null ? null : out.injector.without(told);
  };
  const headers = answerHeaders(response.headers, followed, out.facts.responseHeaders);
  const isEcho = holds(out.injector, headers) || (front.isWhole && out.injector.echo(front.bytes));
  const isRecorded =
    isEcho || recorded === null ? await recordAnswer(answer, isEcho ? 'token_echo_blocked' : null) : recorded;
  if (isEcho) {
    watch.cut();
    throw new ProblemError('token_echo_blocked', {
      detail: 'the API repeated the credential in its answer, so the answer was not passed on',
    });
  }
  const isEmpty = response.body === null || BODILESS.has(response.status) || call.method === 'HEAD';
  if (isEmpty) watch.end();
  const broken = (why: BrokenOff | null): void => {
    if (why !== null && why !== 'caller') gate.waitUntil(recordAnswer(answer, why));
  };
  const body = isEmpty ? null : answerStream(front, out.injector.scan(), watch, broken);
  return new Response(body, {
    status: response.status,
    headers: {
      ...headers,
      'cache-control': 'no-store',
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
      'x-valetkey-upstream': 'true',
      'x-valetkey-account': out.facts.accountId,
      'x-valetkey-attempts': String(attempts),
      ...(isRecorded ? {} : { 'x-valetkey-audit': 'incomplete' }),
    },
  });
}

function holds(injector: Injector, headers: Texts): boolean {
  return injector.echo(new TextEncoder().encode(Object.values(headers).join('\n')));
}
