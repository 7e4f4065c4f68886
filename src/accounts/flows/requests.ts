/**
 * What the browser flow and the operator's side of it ask of an account's object, and what it answers. One RPC method
 * takes them all; `flowStub` gives each its name back. Nothing secret is in here but digests and ciphertexts.
 */

import type { RequestContext } from '#audit/record.ts';
import type { Ticket } from '#crypto/connect-secrets.ts';
import type { CodeClaim, CodeFinding } from '#refresh/exchange/code-exchange.ts';
import type { Result } from '#lib/result.ts';
import type { Obstacle } from '../life/living.ts';
import type { ConnectionSettings } from '../rows.ts';
import type { Frozen, SessionRow, SessionStatus } from './sessions/session.ts';
import type { Mismatch } from './sessions/session.ts';

/** What a browser holds that opens the flow: a link's session, or the text of a repair link. */
export type LinkProof =
  | { readonly kind: 'link'; readonly sessionId: string; readonly digest: string }
  | { readonly kind: 'repair'; readonly token: string };

export interface OpenRequest {
  readonly do: 'open';
  readonly organization: string | null;
  readonly sessionId: string;
  readonly linkDigest: string;
  readonly lifeMs: number;
  /** Null: what the connection asks for. */
  readonly scopes: readonly string[] | null;
  readonly verification: SessionRow['verification'];
  readonly expectedSubject: string | null;
  readonly expectedEmail: string | null;
  readonly allowSubjectChange: boolean;
  readonly returnUrl: string | null;
  readonly settings: ConnectionSettings;
  readonly context: RequestContext;
}

export interface LookRequest {
  readonly do: 'look';
  readonly proof: LinkProof;
  /** Of the cookie that the browser has, or would get. */
  readonly browserDigest: string;
}

export interface StartRequest {
  readonly do: 'start';
  readonly proof: LinkProof;
  readonly browserDigest: string;
  readonly settings: ConnectionSettings;
  readonly frozen: Frozen;
  readonly context: RequestContext;
}

export interface ClaimRequest {
  readonly do: 'claim';
  readonly sessionId: string;
  /** As the connection is now; asked of by a repair alone. Null: it is gone. */
  readonly settings?: ConnectionSettings | null;
  readonly browserDigest: string;
  /** Of the path that was called. */
  readonly connection: string;
  /** As the connection is now; null: it is gone. */
  readonly frozen: Frozen | null;
  /** Of a repair, which is not stored before; null: a stored session. */
  readonly ticket?: Ticket | null;
  /** RFC 9207; null: not in the answer. */
  readonly issuer: string | null;
  /** The provider's error code, one of those that are registered; null: it brought a code. */
  readonly error: string | null;
  readonly context: RequestContext;
}

/** What opens and names the grant of a claim when its account is gone: it is erased there, and the grant is to end. */
export interface ClaimedLife {
  /** Wrapped key of that life. */
  readonly dataKey: string;
  readonly identifier: string;
}

export function lifeOf(claim: CodeClaim): ClaimedLife {
  return { dataKey: claim.dataKey, identifier: claim.identifier ?? '' };
}

export interface ArriveRequest {
  readonly do: 'arrive';
  readonly sessionId: string;
  readonly incarnation: number;
  readonly generation: number;
  /** Of the account that the claim came from; left out by a caller that does not know it. */
  readonly life?: ClaimedLife;
  readonly finding: CodeFinding;
  readonly confirmDigest: string;
  readonly settings: ConnectionSettings;
  readonly context: RequestContext;
}

export interface ShowRequest {
  readonly do: 'show';
  readonly organization: string | null;
  readonly sessionId: string;
}

export interface ConfirmRequest {
  readonly do: 'confirm';
  readonly organization: string | null;
  readonly sessionId: string;
  readonly identifier: string;
  readonly confirmDigest: string;
  readonly context: RequestContext;
}

export interface RejectRequest {
  readonly do: 'reject';
  readonly organization: string | null;
  readonly sessionId: string;
  readonly context: RequestContext;
}

export type FlowRequest =
  | OpenRequest
  | LookRequest
  | StartRequest
  | ClaimRequest
  | ArriveRequest
  | ShowRequest
  | ConfirmRequest
  | RejectRequest;

/** A session with the names of its account, for answers and pages. */
export interface SessionView {
  readonly id: string;
  readonly kind: SessionRow['kind'];
  readonly accountId: string;
  readonly connection: string;
  readonly identifier: string;
  /** Empty for none. */
  readonly organization: string;
  readonly status: SessionStatus;
  readonly reason: string | null;
  readonly subject: string | null;
  readonly subjectLabel: string | null;
  readonly scopes: readonly string[];
  readonly warnings: readonly string[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly returnUrl: string | null;
  readonly reconnected: boolean;
  /** Set where it failed because of the user that signed in. */
  readonly mismatch: Mismatch | null;
  /** As whom the account is known; only of a repair, whose browser may know. */
  readonly expectedLabel: string | null;
  /** Path of the repair link while it lives. */
  readonly retryPath: string | null;
}

export type Looked =
  | {
      readonly kind: 'start';
      readonly purpose: 'connect' | 'reconnect' | 'upgrade' | 'repair';
      readonly connection: string;
      readonly organization: string;
      readonly scopes: readonly string[];
      readonly granted: readonly string[];
      readonly subjectLabel: string | null;
      readonly expiresAtMs: number | null;
      readonly settings: ConnectionSettings;
    }
  | NotToStart;

/** Where a link's session was to return to. Whether the connection still allows that is asked of the connection. */
export interface Back {
  readonly connection: string;
  readonly returnUrl: string | null;
}

/** A link that leads to no start. `back`: for a holder of the link; left out where the link is unknown. */
export type NotToStart =
  | { readonly kind: 'used' | 'expired' | 'unknown'; readonly back?: Back }
  | { readonly kind: 'repair_over'; readonly repaired: boolean; readonly back?: Back };

export type Started =
  | {
      readonly kind: 'go';
      readonly sessionId: string;
      readonly accountId: string;
      readonly organization: string;
      readonly challenge: string;
      readonly scopes: readonly string[];
      readonly loginHint: string | null;
      /** Of a repair; null: the session is stored. */
      readonly ticket: Ticket | null;
    }
  | { readonly kind: 'changed' }
  /** This browser, or this link, has opened it too often for now. */
  | { readonly kind: 'too_often'; readonly retryAfterS: number }
  | NotToStart;

export type Claimed =
  | { readonly kind: 'exchange'; readonly claim: CodeClaim }
  | { readonly kind: 'ended'; readonly session: SessionView }
  | { readonly kind: 'already'; readonly session: SessionView; readonly running: boolean }
  | { readonly kind: 'expired'; readonly session: SessionView }
  | { readonly kind: 'wrong_browser' | 'invalid' | 'unknown' | 'full' };

/** `used`: decided before. `expired`: too late. `failed`: wrong identifier or code. */
export type Confirmed =
  | { readonly kind: 'done'; readonly session: SessionView }
  | { readonly kind: 'used' | 'expired' | 'failed' | 'mismatch' | 'too_many_grants' | 'unfinished' };

export type Opened =
  | { readonly kind: 'done'; readonly expiresAtMs: number }
  | { readonly kind: 'full' | 'too_many_grants' | 'nobody_expected' };

export interface Answers {
  readonly open: Opened;
  readonly look: Looked;
  readonly start: Started;
  readonly claim: Claimed;
  readonly arrive: SessionView;
  readonly show: SessionView;
  readonly confirm: Confirmed;
  readonly reject: Confirmed;
}

export type FlowAnswer = Result<Answers[keyof Answers], Obstacle>;

/** A question without its name. */
export type Named<Do extends keyof Answers> = Omit<Extract<FlowRequest, { do: Do }>, 'do'>;
