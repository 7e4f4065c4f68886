/** What the simulator is told of a provider that it plays. */

import type { Descriptor } from '#providers/descriptor.ts';

export interface Dialect {
  readonly id: string;
  /** Whose file of vectors holds its answers. */
  readonly vectors: string;
  /** Where the client's id and secret may stand. */
  readonly auth: readonly ('basic' | 'body' | 'none')[];
  readonly formats: readonly ('form' | 'json')[];
  readonly rotation: 'rotating' | 'static';
  /** How long a spent refresh token gets an answer; null: for ever, reuse is never punished. */
  readonly graceS: number | null;
  /** What a spent one costs after its grace: an error, or the whole grant. */
  readonly reuse: 'refuse' | 'revoke';
  readonly accessTtlS: number;
  /** Answers say how long the access token lives. */
  readonly saysExpiry: boolean;
  /** A refresh may ask for fewer scopes (RFC 6749, section 6); else a `scope` in it is refused. */
  readonly narrows: boolean;
  readonly scope: string;
  readonly prefixes: { readonly access: string; readonly refresh: string };
  /** Further fields of a token answer, instead of those of the vector. */
  readonly extras?: Readonly<Record<string, unknown>>;
  /** Without `Accept: application/json` the answer is a form. */
  readonly formUnlessAsked?: true;
  /** What renews the access token is the token itself. */
  readonly isOneToken?: true;
  /** A new answer ends the access token that came before. */
  readonly endsOldAccess?: true;
  /** What a connection's `provider_config` needs beside the endpoints. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The catalogue's facts, where they are what is played (`simulator/entries/entries.ts`). */
  readonly entry?: Descriptor;
  /** What the provider calls its parameters; left out: as RFC 6749 does. */
  readonly names?: {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly code: string;
    readonly scope: string;
    readonly refresh?: string;
  };
  readonly grantTypes?: { readonly code: string; readonly refresh: string };
  /** Parameters that a token request must carry beside those of RFC 6749. */
  readonly alsoAsked?: {
    readonly code: Readonly<Record<string, string>>;
    readonly refresh: Readonly<Record<string, string>>;
  };
}
