/** From what an object of ours answers to what the wire says: the value, or the obstacle as a problem. */

import { ProblemError, type ProblemDetails } from './problem.ts';
import type { Code } from './codes.ts';

/** Why there is no value. `newer_schema`: the rows are those of a newer version of the broker. */
export type ObjectObstacle = { readonly code: Code | 'newer_schema' } & ProblemDetails;

const LOCKED_RETRY_S = 30;
const NEWER_SCHEMA_RETRY_S = 60;

export function problemOf({ code, ...details }: ObjectObstacle): ProblemError {
  if (code === 'newer_schema')
    return new ProblemError('unavailable', { ...details, retryAfterS: NEWER_SCHEMA_RETRY_S });
  return new ProblemError(
    code,
    code === 'vault_locked' ? { ...details, retryAfterS: LOCKED_RETRY_S } : details,
  );
}

/** @throws ProblemError for the obstacle */
export function unwrap<T>(
  answer: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ObjectObstacle },
): T {
  if (answer.ok) return answer.value;
  throw problemOf(answer.error);
}
