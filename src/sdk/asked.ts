/** What a caller asks of an account. */
export interface Asked {
  /** Whose account; left out: the client's own `identifier`, else the agent's own, else `default`. */
  readonly identifier?: string;
  readonly organization?: string;
  /** Fewer scopes than the rule allows. */
  readonly scope?: string | readonly string[];
  /** How long it is to live at least; default 60. */
  readonly minTtlS?: number;
  readonly signal?: AbortSignal;
}
