/**
 * The two ends of a code exchange: what the account hands to the callback that took a session, and what comes back.
 *
 * Owns the shapes that cross RPC. Refuses plaintext: tokens, verifier and keys are ciphertexts; the code is in neither.
 */

import type { EncryptedTokens, LearntVariables } from './outcome.ts';

/** What the account's object hands out to the one callback that took the session. */
export interface CodeClaim {
  readonly accountId: string;
  /** Empty for none. */
  readonly organization: string;
  readonly incarnation: number;
  /** The account's identifier; an object of an older version leaves it out. */
  readonly identifier?: string;
  /** The account's data key, wrapped. */
  readonly dataKey: string;
  readonly sessionId: string;
  /** Ciphertext. */
  readonly verifier: string;
  /** Place of the candidate's ciphertexts. */
  readonly grantId: number;
  readonly generation: number;
  readonly redirectUri: string;
  /** The scopes that the flow asked for; empty: none by name. */
  readonly scopes: readonly string[];
  /** How long its access tokens live, as an operator has set it for this account; null or left out: not set. */
  readonly accessTokenTtlS?: number | null;
  /** Variables that an operator gave; an object of an older version leaves them out. */
  readonly variables?: Readonly<Record<string, string>>;
  /** What the account knows already; an object of an older version leaves it out. */
  readonly known?: KnownAccount;
}

/** The account before the new grant: whose it is, and what its grants have captured. */
export interface KnownAccount {
  readonly subject: string | null;
  readonly grants: readonly KnownGrant[];
}

export interface KnownGrant {
  readonly grantId: number;
  readonly generation: number;
  /** Ciphertext of a JSON object; null: nothing was captured. */
  readonly captured: string | null;
}

/** The user that has signed in, by the provider's word; null where it did not say. */
export interface Identity {
  readonly subject: string | null;
  readonly label: string | null;
  readonly email: string | null;
  /** The provider vouches for the address. */
  readonly emailVerified: boolean;
}

/** Why no grant came of it. */
export type CodeFailure =
  | 'code_rejected'
  | 'misconfigured'
  | 'provider_error'
  | 'provider_unavailable'
  | 'id_token_invalid'
  | 'vault_locked';

/** What the browser brought, beside what the account had. */
export interface CallbackChange {
  readonly changed: boolean;
  /** It brought any at all. */
  readonly brought: boolean;
  /** The grants that it was compared with. */
  readonly grantIds: readonly number[];
}

export type CodeFinding =
  | {
      readonly kind: 'granted';
      readonly tokens: EncryptedTokens;
      readonly identity: Identity;
      /**
       * Callback values that the account's grants hold otherwise, or not yet; left out by a caller that did not
       * compare.
       */
      readonly callback?: CallbackChange;
      /** What the operator should know of an answer that was good enough; sentences. */
      readonly warnings?: readonly string[];
      /** Userinfo was asked with the token, and answered; left out by an older version. */
      readonly userinfo?: boolean;
      /** When the request left: lifetimes count from here. */
      readonly sentAtMs: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly reason: CodeFailure;
      /** The provider's code, never its text. */
      readonly providerError: string | null;
      readonly evidence: readonly string[];
      readonly durationMs: number;
    };

/** Asks the provider which user a stored grant is of. Its tokens are ciphertexts. */
export interface IdentifyRequest<Settings = unknown> {
  readonly accountId: string;
  readonly organization: string;
  readonly incarnation: number;
  readonly dataKey: string;
  readonly grantId: number;
  readonly generation: number;
  readonly accessToken: string;
  readonly captured: string | null;
  /** Variables that an operator gave. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly settings: Settings;
}

/** `unsure`: the provider did not answer; ask again later. */
export type Identified =
  | {
      readonly kind: 'told';
      readonly subject: string | null;
      readonly label: string | null;
      /** Userinfo was asked with the token, and answered. */
      readonly userinfo?: boolean;
      /** Variables that were not known; left out: none. */
      readonly learnt?: LearntVariables;
      /** Another answer that was wanted did not come; ask again later. */
      readonly incomplete?: boolean;
    }
  | { readonly kind: 'unsure' };
