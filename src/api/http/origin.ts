/** Under which address browsers reach the broker: `BASE_URL`, or as the request came where none is set. */

import type { Context } from 'hono';
import { ProblemError } from '#contract/problem.ts';
import type { AppEnv } from '../context.ts';

/**
 * The origin, without a trailing slash.
 * @throws ProblemError `unavailable` where `BASE_URL` is set to something else: no address is made by a guess
 */
export function originOf(c: Context<AppEnv>): string {
  const { baseUrl, baseUrlProblem } = c.get('config');
  if (baseUrlProblem !== null)
    throw new ProblemError('unavailable', { detail: `${baseUrlProblem}: see GET /readyz`, retryAfterS: 60 });
  return baseUrl ?? new URL(c.req.url).origin;
}
