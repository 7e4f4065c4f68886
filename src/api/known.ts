/**
 * Calls of objects by a name that the request has chosen, for operators: an object that was never made is not found
 * without its object being called (`directory/indexes/known-objects.ts`).
 */

import type { Context } from 'hono';
import { ProblemError } from '#contract/problem.ts';
import { admitProved, type Admission, type ObjectKind } from '#directory/indexes/known-objects.ts';
import type { AppEnv } from './context.ts';

const RETRY_AFTER_S = 5;

/**
 * What the object of that name answers.
 *
 * @param isThere whether an answer shows that something is under the name
 * @param absent what the object of a name that was never made would answer; left out: `not_found`
 * @throws ProblemError `not_found`; `unavailable` where the directory does not answer
 */
export async function askKnown<T>(
  c: Context<AppEnv>,
  kind: ObjectKind,
  id: string,
  ask: () => Promise<T>,
  isThere: (answer: T) => boolean,
  absent?: T,
): Promise<T> {
  const admission = await admitProved(c.get('config'), kind, id);
  if (absent !== undefined && !admission.ok && admission.why === 'unknown') return absent;
  return reported(admission, ask, isThere);
}

/** The same with an admission that was asked for elsewhere. @throws ProblemError as `askKnown` */
export async function reported<T>(
  admission: Admission,
  ask: () => Promise<T>,
  isThere: (answer: T) => boolean,
): Promise<T> {
  if (!admission.ok) {
    if (admission.why === 'unknown') throw new ProblemError('not_found');
    throw new ProblemError('unavailable', {
      detail: 'the directory does not answer, so what was not seen here before cannot be looked up',
      retryAfterS: RETRY_AFTER_S,
    });
  }
  let exists = false;
  try {
    const answer = await ask();
    exists = isThere(answer);
    return answer;
  } finally {
    admission.report(exists);
  }
}

/** An account that answers anything but `not_found` is there. */
export function isAccountThere(answer: {
  readonly ok: boolean;
  readonly error?: { readonly code: string };
}): boolean {
  return answer.ok || answer.error?.code !== 'not_found';
}
