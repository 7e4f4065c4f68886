/**
 * What a tool call needs of the broker around it, made by the routes of `api` for one proved agent. The room knows
 * neither requests nor objects: it lists, builds and judges, and calls go out through a `Gate`.
 */

import type { PolicyAgent } from '#policy/request.ts';
import type { Gate } from '#proxy/forward.ts';
import type { Tool } from './tool.ts';

/** Whose account is meant: by its id, or by the short form, in which all but the connection may be left out. */
export type ToolAccount =
  | { readonly accountId: string }
  | {
      readonly connection: string;
      /** Null: the agent's own, else `default`. */
      readonly identifier: string | null;
      /** Null: the agent's own. */
      readonly organization: string | null;
    };

/** An account that the agent's rules reach, as the directory's index shows it. */
export interface ReachedAccount {
  readonly id: string;
  readonly connection: string;
  readonly provider: string;
  readonly identifier: string;
  readonly organization: string;
  readonly status: string;
  /** Of its grants; empty also where the provider never named any. */
  readonly scopes: readonly string[];
  /** Do its grants name scopes at all? */
  readonly hasScopes: boolean;
}

/** One sending of a tool, as the account's door and the person who approves it see it. */
export interface ToolUse {
  readonly tool: Tool;
  readonly toolCallId: string;
  readonly method: string;
  readonly path: string;
  /** All that the call sends, in one text for people; the same text means the same call. */
  readonly content: string;
}

/** A call that was made under an `Idempotency-Key`. */
export interface Once<T> {
  readonly value: T;
  /** It was answered as before, and nobody was called. */
  readonly isReplayed: boolean;
}

export interface ToolContext {
  readonly agent: PolicyAgent;
  readonly nowMs: () => number;
  /** Aborted when the caller hangs up. */
  readonly signal: AbortSignal;
  /** What the caller calls this call; null: it has no name for it. */
  readonly toolCallId: string | null;
  readonly newCallId: () => string;
  /** The way through the door of an account, for every sending of one page. */
  readonly gate: (account: ToolAccount, use: ToolUse) => Gate;
  /** Accounts that the rules reach, newest first, bounded. @throws ProblemError */
  readonly reached: () => Promise<readonly ReachedAccount[]>;
  /** The provider of a connection; null: there is no such connection. @throws ProblemError */
  readonly providerOf: (connection: string) => Promise<string | null>;
  /** Tools that operators have added, by name. @throws ProblemError */
  readonly customTools: () => Promise<readonly Tool[]>;
  /** Signs a place in a list, and reads it back; bound to what `about` says. @throws ProblemError 400 at `cursor` */
  readonly cursors: {
    readonly seal: (
      about: Readonly<Record<string, string>>,
      place: readonly (string | number)[],
    ) => Promise<string>;
    readonly open: (
      about: Readonly<Record<string, string>>,
      cursor: string,
    ) => Promise<readonly (string | number)[]>;
  };
  /**
   * Runs `call` once under this key for 24 hours. @throws ProblemError 409 while the first one runs, 422 for another
   * payload
   */
  readonly once: <T>(key: string, payload: string, call: () => Promise<Kept<T>>) => Promise<Once<T>>;
}

/** An answer, and whether a repeat is answered so too. */
export interface Kept<T> {
  readonly value: T;
  readonly isKept: boolean;
}
