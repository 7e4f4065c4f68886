/**
 * Everything that a call can end in but a result: one class for each thing that a program may want to do about it, each
 * with the stable `code` of the broker's problem document. No error is ever a value.
 */

import type { Problem } from '../wire.ts';

/** A refusal by the broker or, with `sdk_…` codes, an end that the client itself came to. */
export class ValetkeyError extends Error {
  override readonly name: string = 'ValetkeyError';
  /** Stable: see the broker's document. */
  readonly code: string;
  /** The answer's status; 0 where there was no answer. */
  readonly status: number;
  /** Of the request, in the broker's records and logs; null where there was no answer. */
  readonly correlationId: string | null;
  /** All that the broker said. */
  readonly problem: Readonly<Problem> | null;

  constructor(message: string, { code, status, problem = null, cause }: ErrorParts) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.correlationId = problem?.correlation_id ?? null;
    this.problem = problem;
  }

  get connectedAccountId(): string | null {
    return this.problem?.connected_account_id ?? null;
  }
}

export interface ErrorParts {
  readonly code: string;
  readonly status: number;
  readonly problem?: Problem | null;
  readonly cause?: unknown;
}

/** The credential of the agent is wrong, at an end, or was taken back. */
export class UnauthenticatedError extends ValetkeyError {
  override readonly name = 'UnauthenticatedError';
}

/** Waits of an error that a person ends; the client that threw it knows how. */
export interface Waiting {
  /** Whether the account is active now. Waits as long as `signal` lets it. */
  active(accountId: string, signal?: AbortSignal): Promise<void>;
  approved(approvalId: string, signal?: AbortSignal): Promise<void>;
}

/** A person has to connect the account: the first time, or again. */
export abstract class AccountNotActiveError extends ValetkeyError {
  readonly #waiting: Waiting;

  constructor(message: string, parts: ErrorParts, waiting: Waiting) {
    super(message, parts);
    this.#waiting = waiting;
  }

  /** Comes back when the account works again. @throws ValetkeyError where waiting is refused; the signal's reason */
  async waitUntilActive(options: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.connectedAccountId === null) throw this;
    await this.#waiting.active(this.connectedAccountId, options.signal);
  }
}

/** The grant is dead: a person has to connect the account again. */
export class ReauthRequiredError extends AccountNotActiveError {
  override readonly name = 'ReauthRequiredError';

  /** Where the user repairs the account; null where no browser flow can. */
  get reauthUrl(): string | null {
    return this.problem?.reauth_url ?? null;
  }

  get reason(): string | null {
    return this.problem?.reason ?? null;
  }

  /** When the grant died; null: not known. */
  get since(): Date | null {
    return this.problem?.since ? new Date(this.problem.since) : null;
  }
}

/** Nobody has connected this account yet. */
export class AccountPendingError extends AccountNotActiveError {
  override readonly name = 'AccountPendingError';

  /** Where the user connects it; null where the rule of the agent makes no link. */
  get connectUrl(): string | null {
    return this.problem?.connect_url ?? null;
  }
}

/** A person has to say yes to this request first. */
export class ApprovalRequiredError extends ValetkeyError {
  override readonly name = 'ApprovalRequiredError';
  readonly #waiting: Waiting;

  constructor(message: string, parts: ErrorParts, waiting: Waiting) {
    super(message, parts);
    this.#waiting = waiting;
  }

  get approvalId(): string | null {
    return this.problem?.approval_id ?? null;
  }

  /** Comes back when somebody has said yes: then the same request goes through. @throws PolicyDeniedError after a no */
  async wait(options: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.approvalId === null) throw this;
    await this.#waiting.approved(this.approvalId, options.signal);
  }
}

/** The agent's policy does not allow this; `reason` says which part of it. */
export class PolicyDeniedError extends ValetkeyError {
  override readonly name = 'PolicyDeniedError';

  get reason(): string | null {
    return this.problem?.reason ?? null;
  }
}

export class NotFoundError extends ValetkeyError {
  override readonly name = 'NotFoundError';
}

/** The account is disabled, revoked or sealed, or something else stands in the way that no repeat removes. */
export class ConflictError extends ValetkeyError {
  override readonly name = 'ConflictError';
}

/** The request itself is wrong: `problem.errors` names the fields. */
export class InvalidRequestError extends ValetkeyError {
  override readonly name = 'InvalidRequestError';
}

/** Refused for now: ask again after `retryAfterS`. */
export class RateLimitedError extends ValetkeyError {
  override readonly name = 'RateLimitedError';
  /** Null: not said. */
  readonly retryAfterS: number | null;

  constructor(message: string, parts: ErrorParts, retryAfterS: number | null) {
    super(message, parts);
    this.retryAfterS = retryAfterS;
  }
}

/** The provider or the broker is away, and was for the whole budget of repeats. */
export class ProviderUnavailableError extends ValetkeyError {
  override readonly name = 'ProviderUnavailableError';
  readonly retryAfterS: number | null;

  constructor(message: string, parts: ErrorParts, retryAfterS: number | null) {
    super(message, parts);
    this.retryAfterS = retryAfterS;
  }
}

/** The provider refused, or answered with something unusable. `upstream` is what it said. */
export class ProviderError extends ValetkeyError {
  override readonly name = 'ProviderError';

  get upstream(): Problem['upstream'] | null {
    return this.problem?.upstream ?? null;
  }
}

/** No answer came: the broker is not to be reached, or the connection was cut. */
export class ConnectionError extends ValetkeyError {
  override readonly name = 'ConnectionError';
}

export function isValetkeyError(error: unknown): error is ValetkeyError {
  return error instanceof ValetkeyError;
}
