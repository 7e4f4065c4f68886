/**
 * One visit of a server: its tools, or a call of one. The account's door lets the visit out, with its record before and
 * behind it; a token that the server calls dead is renewed once, and the visit made again. It refuses to know who asks
 * (`Gate` does) and to show what comes back (`described.ts`).
 */

import { Client, ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { StreamableHTTPClientTransport, type PriorDiscovery } from '@modelcontextprotocol/client';
import { ProblemError } from '#contract/problem.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { systemNow } from '#lib/clock.ts';
import type { CallEnd, Gate, LetOut } from '#proxy/forward.ts';
import { Watch } from '#proxy/watch.ts';
import { seen as visible, type ForeignTool } from './described.ts';
import {
  fetchThrough,
  newSeen,
  NO_SESSION,
  type ExchangeFailure,
  type Seen,
  type Way,
} from './upstream-fetch.ts';

/** How long a visit may take, and who hangs up. */
export interface Order {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** W3C trace context of the caller's request, by header. */
  readonly trace: Readonly<Record<string, string>>;
}

export interface ForeignList {
  readonly tools: readonly ForeignTool[];
  /** How long the server says that this holds; null: it does not say. */
  readonly ttlMs: number | null;
}

/** A tool's answer as the server gave it. */
export interface ForeignResult {
  readonly content: readonly Readonly<Record<string, unknown>>[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

const IDENTITY = { name: 'valetkey', version: '1' };
const MOST_TOOLS = 500;
const MOST_PAGES = 20;
const MOST_MESSAGE = 1_024;

/** All of a server's tools, as far as they are not more than a client could use. @throws ProblemError */
export function listOf(gate: Gate, order: Order): Promise<ForeignList> {
  return visit(gate, order, async (client, options) => {
    const capabilities = client.getServerCapabilities();
    if (capabilities !== undefined && capabilities.tools === undefined)
      return done({ tools: [], ttlMs: null });
    return done(await allTools(client, options));
  });
}

/** Page by page: a client in a session of before does not know what its server can do. */
async function allTools(client: Client, options: Options): Promise<ForeignList> {
  const tools: ForeignTool[] = [];
  let ttlMs: number | null = null;
  let cursor: string | undefined;
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const listed = await client.request({ method: 'tools/list', params }, options);
    tools.push(...(listed.tools as readonly ForeignTool[]));
    const told = (listed as { ttlMs?: unknown }).ttlMs;
    if (page === 1 && typeof told === 'number' && told >= 0) ttlMs = told;
    cursor = listed.nextCursor;
    if (cursor === undefined || tools.length >= MOST_TOOLS) break;
  }
  return { tools: tools.slice(0, MOST_TOOLS), ttlMs };
}

/** @throws ProblemError for whatever is no answer of the tool */
export function resultOf(
  gate: Gate,
  order: Order,
  tool: ForeignTool,
  args: Readonly<Record<string, unknown>>,
): Promise<ForeignResult> {
  return visit(gate, order, async (client, options) => {
    // Without the schema of its answers: what the server answers is passed on, also where it breaks its own word.
    const toolDefinition = { name: tool.name, inputSchema: { ...tool.inputSchema, type: 'object' as const } };
    const trace = Object.keys(order.trace).length === 0 ? {} : { _meta: { ...order.trace } };
    const answer = await client.callTool(
      { name: tool.name, arguments: { ...args }, ...trace },
      { ...options, toolDefinition },
    );
    const { content, structuredContent, isError } = answer as ForeignResult;
    const result = {
      content,
      ...(structuredContent === undefined ? {} : { structuredContent }),
      ...(isError === true ? { isError } : {}),
    };
    return { value: result, reason: isError === true ? 'tool_error' : null };
  });
}

interface Done<T> {
  readonly value: T;
  /** Why it counts as failed in the record; null: it does not. */
  readonly reason: string | null;
}

const done = <T>(value: T): Done<T> => ({ value, reason: null });

interface Options {
  readonly timeout: number;
  readonly signal: AbortSignal;
}

type Work<T> = (client: Client, options: Options) => Promise<Done<T>>;

/** A refused token: the visit may be made once more with another. */
class TokenRefused extends Error {}

async function visit<T>(gate: Gate, order: Order, work: Work<T>): Promise<T> {
  const untilMs = systemNow() + order.timeoutMs;
  const first = await gate.letOut(null);
  try {
    return await attempt(gate, order, first, untilMs, work);
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error;
  }
  const again = await gate.letOut(first.injector.fingerprint);
  if (again.injector.fingerprint === first.injector.fingerprint) {
    await again.ended({ outcome: 'failed', reason: 'not_sent', upstreamStatus: null, durationMs: 0 });
    await again.giveBack();
    throw refusedByServer();
  }
  try {
    return await attempt(gate, order, again, untilMs, work);
  } catch (error) {
    throw error instanceof TokenRefused ? refusedByServer() : error;
  }
}

function refusedByServer(): ProblemError {
  return new ProblemError('provider_error', {
    detail: 'the MCP server refuses the token of this account, also a new one',
    members: { upstream: { status: 401, code: null, message: null } },
  });
}

/** Learnt of a server by an earlier visit with the same token. */
interface Kept {
  readonly prior: PriorDiscovery;
  /** Of a server of 2025: its session, or `NO_SESSION`, and the revision that it speaks; null: it has none. */
  readonly session: { readonly id: string; readonly revision: string } | null;
  readonly untilMs: number;
}

/** By account, token and URL: a session is of whom it was begun for. */
const kept = new BoundedMap<string, Kept>(2_000);
const KEPT_MS = 300_000;

async function attempt<T>(gate: Gate, order: Order, out: LetOut, untilMs: number, work: Work<T>): Promise<T> {
  const startedAtMs = systemNow();
  const watch = new Watch(gate.mayGoOn, order.signal);
  const [url = ''] = out.facts.apiBaseUrls;
  const key = `${out.facts.accountId} ${out.injector.fingerprint} ${url}`;
  const visiting = { out, url, untilMs, signal: watch.signal, headers: order.trace };
  let seen = newSeen();
  const ended = (end: Omit<CallEnd, 'durationMs' | 'upstreamStatus'>): Promise<boolean> =>
    out.ended({ ...end, upstreamStatus: seen.status, durationMs: systemNow() - startedAtMs });
  try {
    let answer = await exchanged(visiting, key, seen, watch, gate, work).catch((error: unknown) => {
      // Refused before anything was done with it, so that it may be sent again in a session of its own.
      if (seen.failure === 'session_over') return null;
      throw error;
    });
    if (answer === null) {
      kept.delete(key);
      seen = newSeen();
      answer = await exchanged(visiting, key, seen, watch, gate, work);
    }
    const { value, reason } = answer;
    await ended({ outcome: reason === null ? 'ok' : 'failed', reason });
    return value;
  } catch (error) {
    kept.delete(key);
    const failure = seen.failure ?? timeoutOf(error);
    const isOpen = failure === 'timeout' || failure === 'network' || failure === 'aborted';
    await ended({
      outcome: isOpen && seen.isSent ? 'unknown' : 'failed',
      reason: failure ?? (error instanceof ProtocolError ? 'rpc_error' : 'unusable_answer'),
    });
    if (!seen.isSent || failure === 'token_refused') await out.giveBack();
    if (failure === 'token_refused') throw new TokenRefused(failure);
    if (failure === 'aborted') throw await stoppedProblem(gate, order);
    throw failure === null ? problemOf(error, seen) : FAILED[failure]();
  } finally {
    watch.end();
  }
}

/** One client's work, in the session of an earlier visit where there is one. */
async function exchanged<T>(
  visiting: Omit<Way, 'isResumed'>,
  key: string,
  seen: Seen,
  watch: Watch,
  gate: Gate,
  work: Work<T>,
): Promise<Done<T>> {
  const nowMs = systemNow();
  const known = kept.get(key);
  const before = known !== undefined && known.untilMs > nowMs ? known : null;
  const session = before?.session ?? null;
  const client = new Client(IDENTITY, {
    versionNegotiation: { mode: 'auto' },
    inputRequired: { autoFulfill: false },
  });
  const transport = new StreamableHTTPClientTransport(new URL(visiting.url), {
    fetch: fetchThrough({ ...visiting, isResumed: session !== null }, seen),
    ...(session === null ? {} : { sessionId: session.id, protocolVersion: session.revision }),
    reconnectionOptions: {
      initialReconnectionDelay: 1_000,
      maxReconnectionDelay: 1_000,
      reconnectionDelayGrowFactor: 1,
      maxRetries: 0,
    },
  });
  const stopped = watch.stopped.then(() => Promise.reject(seen.fail('aborted')));
  stopped.catch(() => undefined);
  const options = { timeout: Math.max(1, visiting.untilMs - nowMs), signal: watch.signal };
  const worked = client
    .connect(transport, before === null ? options : { ...options, prior: before.prior })
    .then(() => {
      if (before === null) keep(key, client, transport, nowMs);
      return work(client, options);
    });
  worked.catch(() => undefined);
  try {
    return await Promise.race([worked, seen.broken, stopped]);
  } finally {
    gate.waitUntil(client.close().catch(() => undefined));
  }
}

/** Keeps the revision and, of a server of 2025, the session, which it ends in its own time: the next visit need not ask. */
function keep(
  key: string,
  client: Client,
  { sessionId }: StreamableHTTPClientTransport,
  nowMs: number,
): void {
  const untilMs = nowMs + KEPT_MS;
  const discover = client.getDiscoverResult();
  if (client.getProtocolEra() === 'modern' && discover !== undefined) {
    kept.set(key, { prior: { kind: 'modern', discover }, session: null, untilMs });
    return;
  }
  const revision = client.getNegotiatedProtocolVersion();
  const session = revision === undefined ? null : { id: sessionId ?? NO_SESSION, revision };
  kept.set(key, { prior: { kind: 'legacy' }, session, untilMs });
}

function timeoutOf(error: unknown): ExchangeFailure | null {
  return error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout ? 'timeout' : null;
}

const unusable = (detail: string) => () => new ProblemError('provider_error', { detail });

const FAILED: Readonly<Record<ExchangeFailure, () => ProblemError>> = {
  token_refused: refusedByServer,
  token_echo_blocked: () =>
    new ProblemError('token_echo_blocked', {
      detail: 'the MCP server repeated the credential in its answer, so the answer was not passed on',
    }),
  too_large: unusable('the MCP server answered with more than 8 MiB: ask it for less'),
  redirected: unusable('the MCP server answered with a redirect'),
  session_over: unusable('the MCP server does not keep the session that it has just begun'),
  unanswered: unusable('the MCP server ended its answer without a result'),
  unreadable_encoding: unusable('the MCP server encoded its answer in a way that was not asked for'),
  timeout: () => new ProblemError('provider_timeout', { detail: 'the MCP server did not answer in time' }),
  network: () =>
    new ProblemError('provider_unavailable', {
      detail: 'the MCP server did not answer, or its answer broke off: nobody knows whether it has acted',
      retryAfterS: 1,
    }),
  aborted: () => new ProblemError('unavailable', { detail: 'the call was broken off', retryAfterS: 1 }),
  blocked: () =>
    new ProblemError('conflict', {
      detail: 'the address of this MCP server may not be called: an operator has to correct the connection',
    }),
};

/** What the server answered in the place of a result. Its own words are data of the account's owner: cut, and marked. */
function problemOf(error: unknown, seen: Seen): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof ProtocolError) {
    const message = visible(error.message, MOST_MESSAGE);
    return new ProblemError('provider_error', {
      detail: `the MCP server refused the request: ${message}`,
      members: { upstream: { status: seen.status, code: String(error.code), message } },
    });
  }
  const status = error instanceof SdkHttpError ? (error.status ?? seen.status) : seen.status;
  const members = { upstream: { status, code: null, message: null } };
  if (status === 429)
    return new ProblemError('rate_limited', {
      detail: 'the MCP server is asked too often',
      retryAfterS: 5,
      members,
    });
  if (status !== null && status >= 500)
    return new ProblemError('provider_unavailable', {
      detail: `the MCP server answered with status ${status}`,
      retryAfterS: 5,
      members,
    });
  return new ProblemError('provider_error', {
    detail: 'the MCP server answered with something that is not the protocol',
    members,
  });
}

/** Broken off because its caller may not make it any more: the door says why. */
async function stoppedProblem(gate: Gate, { signal }: Order): Promise<ProblemError> {
  try {
    if (!signal.aborted) {
      const out = await gate.letOut(null);
      await out.ended({ outcome: 'failed', reason: 'not_sent', upstreamStatus: null, durationMs: 0 });
      await out.giveBack();
    }
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  return FAILED.aborted();
}
