/**
 * `Idempotency-Key` on the routes that create: a request that is repeated is answered as before and creates nothing
 * again. Answers that created something are kept; refusals and failures are not, because repeating them is harmless.
 */

import type { Context, Next } from 'hono';
import { canonicalBody, IDEMPOTENCY_KEY_PATTERN, SHOWN_ONCE, withoutSecrets } from '#contract/idempotency.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { forgetRun, keepAnswer, reserve, type Reservation } from '#directory/idempotency.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import type { AppEnv } from './context.ts';
import { bodyText } from './http/limits.ts';

const HEADER = 'Idempotency-Key';
/** The first one runs: ask again soon. */
const RETRY_AFTER_S = 1;

/**
 * Runs the route, or answers for it. Without the header, and on routes that do not create, it only runs it.
 * @throws ProblemError 400 for a header of another form, 409 while the first request runs, 422 for another payload
 */
export async function idempotently(c: Context<AppEnv>, next: Next): Promise<Response | undefined> {
  const key = c.req.header(HEADER);
  const route = c.get('route');
  if (key === undefined || !(route in SHOWN_ONCE)) {
    await next();
    return undefined;
  }
  if (!IDEMPOTENCY_KEY_PATTERN.test(key)) {
    throw invalid(HEADER, 'must be 1 to 255 printable characters without space');
  }
  const operator = c.get('operator');
  const { organization } = operator;
  const url = new URL(c.req.url);
  const payload = JSON.stringify([url.pathname + url.search, canonicalBody(await bodyText(c))]);
  const scope = { caller: operator.keyId ?? operator.id, organization, route, key };
  const reserved = await reserve(c.get('config'), scope, payload, systemNow());
  switch (reserved.kind) {
    case 'running':
      throw new ProblemError('conflict', {
        detail: 'the first request under this Idempotency-Key is still running',
        retryAfterS: RETRY_AFTER_S,
      });
    case 'mismatch':
      throw new ProblemError('idempotency_mismatch');
    case 'replay':
      return new Response(`${reserved.answer}\n`, {
        status: reserved.status,
        headers: { 'content-type': 'application/json', 'idempotent-replayed': 'true' },
      });
    case 'run': {
      const work = run(c, next, reserved);
      // A caller that hangs up has created all the same: the answer is kept for when it asks again.
      c.executionCtx.waitUntil(work.catch(() => undefined));
      await work;
      return undefined;
    }
  }
}

async function run(
  c: Context<AppEnv>,
  next: Next,
  reserved: Extract<Reservation, { kind: 'run' }>,
): Promise<void> {
  await next();
  const { directory } = c.get('config');
  try {
    if (!c.res.ok) await forgetRun(directory, reserved);
    else {
      const kept = withoutSecrets(c.get('route'), await c.res.clone().json());
      await keepAnswer(directory, reserved, c.res.status, JSON.stringify(kept));
    }
  } catch (error) {
    // The new thing is there: its answer leaves, though it cannot be repeated.
    log('warn', 'the answer is not kept under its Idempotency-Key', {
      correlation_id: c.get('correlationId'),
      error,
    });
  }
}
