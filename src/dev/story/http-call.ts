/** One HTTP call as the story makes it. Knows nothing of the broker but that it answers JSON. */

export interface Reply {
  readonly status: number;
  /** Of `Retry-After`, in milliseconds; null where there was none. */
  readonly retryAfterMs: number | null;
  /** An empty object where there was no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly tookMs: number;
}

/** Longer than any answer of the broker may take. */
const LIMIT_MS = 30_000;

/** @throws what `fetch` throws when no server answers */
export async function call(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  url: string,
  key: string,
  body?: unknown,
): Promise<Reply> {
  const startedMs = performance.now();
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
    redirect: 'manual',
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const text = await answer.text();
  const retryAfter = answer.headers.get('retry-after');
  return {
    status: answer.status,
    retryAfterMs: retryAfter === null ? null : Number(retryAfter) * 1000,
    body: objectOf(text),
    tookMs: performance.now() - startedMs,
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
