/** What the parts of the simulator share: accounts, codes, the record. Words, and one way to answer JSON. */

import type { ServerResponse } from 'node:http';
import { answersOf, type AnswerBook } from './answers.ts';
import type { ApiHost } from './api/face.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Family, FamilySettings, Pair, Verdict } from './dialects/family.ts';
import type { Latency } from './latency.ts';
import type { Script, Step, StepKind } from './steps.ts';

/** One presentation of one refresh token. Fields change until its answer has left. */
export interface RefreshUse {
  /** When it arrived, in milliseconds since the epoch. */
  readonly at: number;
  readonly dialect: string;
  /** Null where no account knows the token. */
  readonly account: string | null;
  /** The token's number among its account's, from 0. */
  readonly token: number | null;
  /** As it stood when the provider looked at it. */
  verdict: Verdict | 'unknown';
  readonly step: StepKind | null;
  /** The provider did its part: where it rotates, it did. */
  processed: boolean;
  /** Number of the refresh token that came of it. */
  issued: number | null;
  /** The answer's status, or null while there is no answer. */
  status: number | null;
  /** The answer left whole. */
  answered: boolean;
  /** Of a machine grant: what the request said, its secrets too. */
  readonly asked?: {
    readonly fields: Readonly<Record<string, unknown>>;
    readonly claims: Readonly<Record<string, unknown>>;
  };
}

export interface AccountOptions extends Partial<FamilySettings> {
  readonly dialect: string;
  /** Made up where it is left out. */
  readonly id?: string;
  readonly script?: readonly Step[];
  readonly latency?: Latency | null;
  readonly scope?: string;
  /** Of a machine: the public key of its assertions (PEM), or its password. */
  readonly proof?: string;
}

export interface SimulatedAccount {
  readonly id: string;
  readonly dialect: Dialect;
  readonly family: Family;
  readonly script: Script;
  latency: Latency | null;
  /** The scopes that were granted last. */
  scope: string;
  readonly proof: string | null;
  /** As after a consent. */
  readonly first: Pair;
}

export interface SimulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly clientId?: string;
  /** The same at each start where it is left out, so that connections made before go on. */
  readonly clientSecret?: string;
  /** Of an app that proves itself with a key: PEM. */
  readonly publicKey?: string;
  readonly answer?: User['answer'];
  /** One line on stdout per use, without any token. */
  readonly logUses?: boolean;
}

/** The user at the browser. May change while the server runs. */
export interface User {
  /** `ask`: a page with two buttons. */
  answer: 'ask' | 'allow' | 'deny';
}

export interface SimulatedClient {
  clientId: string;
  clientSecret: string;
  /** Null: no app has one. */
  publicKey: string | null;
}

/** A user said yes. */
export interface Consent {
  readonly dialect: string;
  readonly account: string;
  /** The parameters of the authorization request. */
  readonly asked: Readonly<Record<string, string>>;
}

/** A token was presented to be ended. */
export interface Revocation {
  readonly dialect: string;
  /** Null where no account knows the token. */
  readonly account: string | null;
}

export interface Simulator {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly client: SimulatedClient;
  readonly user: User;
  readonly signing: SigningFaults;
  readonly uses: RefreshUse[];
  readonly consents: readonly Consent[];
  readonly revocations: readonly Revocation[];
  readonly accounts: ReadonlyMap<string, SimulatedAccount>;
  /** @throws Error for a dialect that there is not, or an id that is taken */
  account(options: AccountOptions): SimulatedAccount;
  /**
   * The API of an entry on a port of its own, started at the first call. Its paths are those of the real one.
   * @throws Error for an entry whose API is not played
   */
  api(provider: string): Promise<ApiHost>;
  close(): Promise<void>;
}

/** How a provider of signed requests is set. May change while the server runs. */
export interface SigningFaults {
  /** Its clock is so far ahead. */
  clockOffsetMs: number;
  /** It says that it has taken the callback (RFC 5849, 2.1). */
  confirms: boolean;
  /** How often an access token was asked for, whatever came of it. */
  exchanges: number;
}

/** An authorization code. */
export interface Code {
  readonly account: SimulatedAccount;
  readonly scope: string;
  readonly redirectUri: string;
  readonly challenge: string | null;
  readonly nonce: string | null;
  /** It was presented; a client that presents it again has stolen it, or was stolen from. */
  isSpent: boolean;
}

/** Everything in memory, while the server runs. */
export interface World {
  readonly client: SimulatedClient;
  readonly signing: SigningFaults;
  readonly user: User;
  /** By file of vectors, as they are needed. */
  readonly books: Map<string, AnswerBook>;
  readonly accounts: Map<string, SimulatedAccount>;
  readonly codes: Map<string, Code>;
  readonly uses: RefreshUse[];
  readonly consents: Consent[];
  readonly revocations: Revocation[];
  /** Aborted when the server closes: every waiting request stops. */
  readonly closing: AbortSignal;
}

export function bookOf(world: World, dialect: Dialect): AnswerBook {
  const known = world.books.get(dialect.vectors) ?? answersOf(dialect.vectors);
  world.books.set(dialect.vectors, known);
  return known;
}

export function sendJson(res: ServerResponse, status: number, json: unknown): void {
  const body = JSON.stringify(json);
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body);
}
