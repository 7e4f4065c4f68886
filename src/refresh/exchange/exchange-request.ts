/** What the account hands to the Exchanger: ciphertexts and the wrapped keys that open them. Nothing plain crosses RPC. */

export interface ExchangeRequest<Settings = unknown> {
  readonly accountId: string;
  /** Empty for none; part of every ciphertext's place. */
  readonly organization: string;
  readonly incarnation: number;
  readonly attemptId: string;
  readonly grantId: number;
  /** Generation that is presented. */
  readonly generationFrom: number;
  /** Generation that the answer is encrypted for. */
  readonly generationTo: number;
  /** The account's data key, wrapped. */
  readonly dataKey: string;
  /** Ciphertext at `generationFrom`. */
  readonly refreshToken: string;
  /** Present access token and captured values, at `generationFrom`: what the answer does not replace is encrypted anew. */
  readonly accessToken: string | null;
  readonly captured: string | null;
  /** Narrow the access token to these; null: as granted. */
  readonly scopes: readonly string[] | null;
  /** The presented generation may already have been replaced at the provider. */
  readonly inDoubt: boolean;
  /** The connection's settings with its secrets encrypted (accounts/rows.ts, ConnectionSettings). */
  readonly settings: Settings;
  /** Two thirds for the call, one third for settling. */
  readonly budgetMs: number;
  /** It goes out although the connection's gate is closed, to find out whether the provider is back. */
  readonly probe?: boolean;
  /** The grant's user is unknown: the Exchanger asks the provider for it, once the tokens are safe. */
  readonly wantsSubject?: boolean;
  /** `refreshToken` is a token of somebody else's, which is exchanged for a first grant. Left out: it is not. */
  readonly exchanges?: boolean;
  /** Variables that an operator gave: the provider is not asked for these. Left out by an older version. */
  readonly variables?: Readonly<Record<string, string>>;
}
