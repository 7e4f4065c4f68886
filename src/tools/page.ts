/** One page of a tool: let out, sent, read to its end within bounds, and judged. @throws ProblemError for all but its success */

import { ProblemError } from '#contract/problem.ts';
import { joined } from '#crypto/encoding.ts';
import { within } from '#lib/clock.ts';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import type { CallFacts } from '#providers/injection/injection.ts';
import { forward } from '#proxy/forward.ts';
import { throughProxy } from '#proxy/target.ts';
import { addressFor } from './address.ts';
import { judgeAnswer, type Failure } from './answers/judge.ts';
import { nextPlace, requestAt, type Next, type PagePlace } from './answers/pages.ts';
import type { ToolAccount, ToolContext } from './context.ts';
import { baseUrlOf } from './registry/registry.ts';
import type { BuiltRequest } from './request/build.ts';
import { ToolGate } from './tool-gate.ts';
import type { Tool } from './tool.ts';

/** As far as an answer is searched for the credential: what is longer is refused, and not passed on unsearched. */
export const MAX_RESULT_BYTES = 8 * 1024 * 1024;

export interface PageCall {
  readonly tool: Tool;
  readonly account: ToolAccount;
  readonly toolCallId: string;
  readonly request: BuiltRequest;
  readonly place: PagePlace | null;
  /** For people that approve it. */
  readonly content: string;
  /** Headers of the call's own beside the tool's. */
  readonly headers: Readonly<Record<string, string>>;
  /** Media type of a text that was asked for; null: none was. */
  readonly expectedType: string | null;
  /** When the whole call has to be over (epoch ms). */
  readonly untilMs: number;
}

export interface Page {
  readonly data: unknown;
  readonly next: Next;
  readonly accountId: string;
  readonly bytes: number;
  readonly isRecorded: boolean;
}

/** A failure that says whether something may have been done all the same. */
export class ToolProblem extends ProblemError {
  /** Something left, and no answer came. */
  readonly isUnknown: boolean;

  constructor({ code, details }: ProblemError, isUnknown: boolean) {
    super(code, details);
    this.isUnknown = isUnknown;
  }
}

export async function callPage(context: ToolContext, call: PageCall): Promise<Page> {
  const { tool, request, toolCallId, content } = call;
  const placed = requestAt(request, call.place);
  if (placed === null) throw elsewhere();
  const { method, path } = request;
  const gate = new ToolGate(context.gate(call.account, { tool, toolCallId, method, path, content }));
  try {
    return await sent(context, call, placed, gate);
  } catch (error) {
    if (error instanceof ProblemError && gate.isUnknown) throw new ToolProblem(error, true);
    throw error;
  } finally {
    await gate.settle('unknown', 'aborted');
  }
}

async function sent(
  context: ToolContext,
  { tool, headers, expectedType, untilMs }: PageCall,
  request: BuiltRequest,
  gate: ToolGate,
): Promise<Page> {
  const { method, path, query } = request;
  const addressed = (facts: CallFacts) => {
    const ofEntry = findDescriptor(facts.provider)?.api_base_urls ?? [];
    const address = addressFor(baseUrlOf(tool), ofEntry, facts.apiBaseUrls);
    const whole =
      address === null || address.prefix === '' ? path : `${address.prefix}${path === '/' ? '' : path}`;
    return { asked: { path: whole, query }, baseUrl: address?.baseUrl ?? null };
  };
  const body = request.body;
  const response = await forward(
    {
      method,
      asked: { path, query },
      placed: addressed,
      headers: new Headers(),
      ownHeaders: { ...request.headers, ...headers },
      body: { open: () => body, isKept: true, bytes: body ?? new Uint8Array(0), problem: () => null },
      baseUrl: null,
      timeoutMs: Math.max(1, untilMs - context.nowMs()),
      signal: context.signal,
      proxyUrl: '',
    },
    gate,
  );
  const read = await within(
    Math.max(1, untilMs - context.nowMs()),
    readWhole(response.body).catch(() => 'broken' as const),
    'late' as const,
  );
  const { facts } = gate;
  if (facts === null) throw new Error('internal: an answer came of a call that was not let out');
  const upstream = { status: response.status, code: null, message: null };
  if (typeof read === 'string') throw await unread(read, gate, upstream);
  const answer = { status: response.status, headers: Object.fromEntries(response.headers), body: read };
  const judged = judgeAnswer({ ...tool, errors: tool.errors ?? {} }, answer, context.nowMs(), expectedType);
  if (!judged.isFine) {
    await gate.settle('failed', judged.failure.code);
    throw problemOf(judged.failure, facts.accountId);
  }
  const { asked, baseUrl } = addressed(facts);
  const below = (url: string): string | null => behind(url, baseUrl, asked.path, path);
  const items = Array.isArray(judged.data) ? judged.data : [];
  const next = nextPlace(tool, judged.root, items, answer.headers['link'] ?? null, below);
  const isSettled = await gate.settle('ok', null);
  const isRecorded = isSettled && response.headers.get('x-valetkey-audit') === null;
  return { data: judged.data, next, accountId: facts.accountId, bytes: read.byteLength, isRecorded };
}

/** A URL of an answer as path and query behind what the tool's own path stands behind; null: it leads elsewhere. */
function behind(url: string, baseUrl: string | null, whole: string, own: string): string | null {
  if (baseUrl === null) return null;
  const told = throughProxy(
    url,
    { url: baseUrl, baseUrl: baseUrl.replace(/\/+$/, ''), isDoubled: false },
    '',
  );
  const prefix = own === '/' ? whole : whole.slice(0, whole.length - own.length);
  return told?.startsWith(prefix) === true ? told.slice(prefix.length) : null;
}

type Unread = 'broken' | 'late' | 'too_large';

async function unread(why: Unread, gate: ToolGate, upstream: Failure['upstream']): Promise<ProblemError> {
  const reason = gate.reason;
  await gate.settle('failed', why);
  if (reason === 'token_echo_blocked')
    return new ProblemError('token_echo_blocked', {
      detail: 'the API repeated the credential in its answer, so the answer was not passed on',
    });
  if (why === 'late')
    return new ProblemError('provider_timeout', { detail: 'the API did not end its answer in time' });
  const detail =
    why === 'too_large'
      ? `the result is larger than ${MAX_RESULT_BYTES / 1024 / 1024} MiB: ask for less of it, with page_size or fewer fields`
      : 'the answer of the API broke off';
  return new ProblemError('provider_error', { detail, members: { upstream } });
}

/** @throws where the body breaks off */
async function readWhole(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array | 'too_large'> {
  if (body === null) return new Uint8Array(0);
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  for (let size = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return joined(...pieces);
    size += value.byteLength;
    if (size > MAX_RESULT_BYTES) {
      reader.cancel().catch(() => undefined);
      return 'too_large';
    }
    pieces.push(value);
  }
}

function problemOf({ code, detail, retryAfterMs, upstream }: Failure, accountId: string): ProblemError {
  return new ProblemError(code, {
    detail,
    ...(retryAfterMs === undefined ? {} : { retryAfterS: retryAfterMs / 1000 }),
    members: { upstream, connected_account_id: accountId },
  });
}

export function elsewhere(): ProblemError {
  return new ProblemError('provider_error', {
    detail: 'the next page of the provider leads to another place than the tool',
  });
}
