/**
 * What a client is answered where a call of a tool did not come to its end: an error that cannot be read as an empty
 * result, with the link first where a person has to act. Pure.
 */

import { CODES, type Code } from '#contract/codes.ts';
import { detailOf, type ProblemError } from '#contract/problem.ts';

/** A result as the protocol has it. */
export interface ToolResult {
  readonly content: readonly Readonly<Record<string, unknown>>[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

/** Where a person goes to make the call possible, and for which account. */
export interface PersonNeeded {
  readonly url: string;
  /** Null: none exists yet. */
  readonly accountId: string | null;
  readonly message: string;
}

/** What the person has to do there, by the code of the refusal. */
const TASKS: Partial<Readonly<Record<Code, string>>> = {
  reauth_required: 'The user has to connect this account again',
  account_pending: 'The user has to connect this account first',
  not_found: 'The user has to connect an account first',
};

/** @returns null where no person can help by a link that the caller may have */
export function personNeeded({ code, details: { members = {} } }: ProblemError): PersonNeeded | null {
  const url = members['reauth_url'] ?? members['connect_url'];
  const accountId = members['connected_account_id'];
  if (typeof url !== 'string') return null;
  const message = TASKS[code] ?? 'The user of this account has to act';
  return { url, accountId: typeof accountId === 'string' ? accountId : null, message };
}

/** @param correlationId by which the refusal is found in records and logs */
export function errorResult(problem: ProblemError, correlationId: string): ToolResult {
  const { code, details } = problem;
  const { members = {}, retryAfterS } = details;
  const detail = detailOf(code, details);
  const person = personNeeded(problem);
  const reason = typeof members['reason'] === 'string' ? ` (${members['reason']})` : '';
  const said =
    person === null
      ? `Error ${code}${reason}: ${detail}`
      : `${person.url}\n${person.message} (${code}). Show the user the link above; call this tool again when they are done.`;
  const structuredContent = {
    ...members,
    code,
    url: person?.url ?? null,
    connected_account_id: members['connected_account_id'] ?? null,
    status: CODES[code].status,
    detail,
    ...(details.errors === undefined ? {} : { errors: details.errors }),
    ...(retryAfterS === undefined ? {} : { retry_after_s: Math.max(1, Math.ceil(retryAfterS)) }),
    correlation_id: correlationId,
  };
  return { content: [{ type: 'text', text: said }], structuredContent, isError: true };
}
