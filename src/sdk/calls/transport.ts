/**
 * One request to the broker, repeated where that is safe: after 429, 503 and a connection that was lost, with
 * `Retry-After`, jitter and one budget of time for all of it. Every answer but a success is an error that is thrown.
 */

import { ConnectionError, isValetkeyError, ValetkeyError, type Waiting } from '../errors/errors.ts';
import { errorOf, retryAfterOf } from '../errors/of-answer.ts';
import type { Settings } from '../settings.ts';

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root, encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Whether it may be sent again although it may have arrived. Left out: a GET may. */
  readonly isSafeToRepeat?: boolean;
  /** Whether the JSON is what this route answers: `{}` and `null` of something between are no credential and no result. */
  readonly fits: (body: Readonly<Record<string, unknown>>) => boolean;
}

/** Refusals of these codes are answered the same until an operator acts. */
const LASTING = new Set(['misconfigured_connection', 'vault_locked', 'provider_timeout']);
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

export class Transport {
  readonly #settings: Settings;
  readonly #waiting: Waiting;

  constructor(settings: Settings, waiting: Waiting) {
    this.#settings = settings;
    this.#waiting = waiting;
  }

  /** The body of a success. @throws ValetkeyError, and the signal's reason */
  async json<T>(ask: Ask): Promise<T> {
    const response = await this.repeated(ask, (signal) => this.#send(ask, signal));
    const text = await response.text().catch((cause: unknown) => {
      throw lost(cause);
    });
    const body = objectIn(text);
    if (body !== null && ask.fits(body)) return body as T;
    throw new ValetkeyError('valetkey: the answer is cut short, or not what a broker answers there', {
      code: 'sdk_unexpected_answer',
      status: response.status,
    });
  }

  /** Runs `send` until it succeeds, is refused for good, or the budget is used up. */
  async repeated(
    {
      method = 'GET',
      isSafeToRepeat = method === 'GET',
      signal,
    }: Pick<Ask, 'method' | 'isSafeToRepeat' | 'signal'>,
    send: (signal: AbortSignal | undefined) => Promise<Response>,
  ): Promise<Response> {
    const endsAtMs = performance.now() + this.#settings.retryBudgetMs;
    for (let round = 0; ; round += 1) {
      const end = await this.#once(send, signal);
      if (end instanceof Response) return end;
      const { error, retryAfterS, wasRefused } = end;
      const waitMs = waitBefore(round, retryAfterS);
      // A refusal before anything was done may be repeated for every method; a lost connection may have done it.
      const mayRepeat = wasRefused || isSafeToRepeat;
      if (!mayRepeat || isLasting(error) || performance.now() + waitMs > endsAtMs) throw error;
      await pause(waitMs, signal);
    }
  }

  async #once(
    send: (signal: AbortSignal | undefined) => Promise<Response>,
    signal: AbortSignal | undefined,
  ): Promise<Response | { error: ValetkeyError; retryAfterS: number | null; wasRefused: boolean }> {
    signal?.throwIfAborted();
    try {
      const response = await send(signal);
      if (response.ok) return response;
      const body = await response.text();
      const error = errorOf(response, body, this.#waiting);
      if (response.status !== 429 && response.status !== 503) throw error;
      return { error, retryAfterS: retryAfterOf(response), wasRefused: error.problem !== null };
    } catch (cause) {
      signal?.throwIfAborted();
      if (isValetkeyError(cause) || cause instanceof RequestError) throw unwrapped(cause);
      return { error: lost(cause), retryAfterS: null, wasRefused: false };
    }
  }

  async #send(
    { method = 'GET', path, query = {}, headers, body }: Ask,
    signal?: AbortSignal,
  ): Promise<Response> {
    const url = new URL(`${this.#settings.url}${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    return this.#settings.fetch(url, {
      method,
      headers: {
        ...(await this.proof()),
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A broker does not redirect; whatever does is not to get the key.
      redirect: 'error',
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** The headers that prove the agent and say why it asks. */
  async proof(): Promise<Record<string, string>> {
    const { purpose } = this.#settings;
    const key = await this.#settings.key().catch((cause: unknown) => {
      throw new RequestError(cause);
    });
    return {
      authorization: `Bearer ${key}`,
      ...(purpose === undefined ? {} : { 'x-valetkey-purpose': purpose }),
    };
  }
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** The agent's own key function has failed: that is the caller's error, told as it is and never repeated. */
class RequestError extends Error {
  readonly inner: unknown;

  constructor(inner: unknown) {
    super('the key could not be had');
    this.inner = inner;
  }
}

function unwrapped(error: unknown): unknown {
  return error instanceof RequestError ? error.inner : error;
}

function isLasting(error: ValetkeyError): boolean {
  return LASTING.has(error.code);
}

/** `fetch` says little and may say headers: the cause's own words are not repeated. */
function lost(cause: unknown): ValetkeyError {
  const code = (cause as { cause?: { code?: unknown } } | null)?.cause?.code;
  const why = typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? ` (${code})` : '';
  return new ConnectionError(`valetkey: the broker gave no answer${why}`, {
    code: 'sdk_no_answer',
    status: 0,
  });
}

/** At least what the broker says, else twice as long each time; spread, so that a herd does not come back as one. */
function waitBefore(round: number, retryAfterS: number | null): number {
  const ownMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** round);
  if (retryAfterS === null) return ownMs * (0.5 + Math.random() / 2);
  return retryAfterS * 1000 + ownMs * Math.random() * 0.5;
}

/** @throws the signal's reason */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
