/**
 * Every question to D1 goes through here, so that "the directory does not answer" is one outcome: 503 `unavailable`.
 * It refuses to hide our own mistakes: a statement that is wrong stays an error of ours.
 */

import { ProblemError } from '#contract/problem.ts';
import { within } from '#lib/clock.ts';

/** A row as D1 gives it. */
export type SqlRow = Record<string, string | number | null>;

/** What the control plane waits for one question. A Worker has 30 s for its whole answer. */
const PATIENCE_MS = 10_000;
const RETRY_AFTER_S = 5;

/** What an operator has to do when tables are missing; every answer that finds it out says so. */
export const MIGRATE_HINT =
  'the directory has no schema yet: run `npx wrangler d1 migrations apply DB --remote` (in development call the broker by a loopback host)';

/**
 * The answer of `question`. What D1 says of itself never leaves: it can name rows and statements.
 * @throws ProblemError `unavailable` when D1 fails, is slow or has no schema
 */
export async function ask<T>(question: () => Promise<T>): Promise<T> {
  const answer = await within(PATIENCE_MS, settled(question), 'late' as const);
  if (answer === 'late') throw unavailable('the directory did not answer in time');
  if (answer.ok) return answer.value;
  const { error } = answer;
  if (isSchemaMissing(error)) throw unavailable(MIGRATE_HINT);
  if (isOurMistake(error)) throw error;
  throw unavailable('the directory does not answer');
}

function unavailable(detail: string): ProblemError {
  return new ProblemError('unavailable', { detail, retryAfterS: RETRY_AFTER_S });
}

type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

async function settled<T>(question: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await question() };
  } catch (error) {
    return { ok: false, error };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

/** Whether D1 misses a table or a column: its migrations have not been applied. */
export function isSchemaMissing(error: unknown): boolean {
  return /no such (?:table|column)|has no column named/i.test(messageOf(error));
}

/** D1 appends SQLite's own code where the statement or its values were at fault and not the service. */
function isOurMistake(error: unknown): boolean {
  return (
    error instanceof ProblemError ||
    /SQLITE_(?:ERROR|CONSTRAINT|MISMATCH|RANGE|MISUSE|TOOBIG)|D1_TYPE_ERROR/.test(messageOf(error))
  );
}
