/**
 * What passes the door of an account, both ways: the request that the Worker brings and the answer that it gets.
 * A secret crosses RPC once, as one plain text (the answer's body, or what a call is made with), and is wrapped
 * again on the other side.
 */

import type { RequestContext } from '#audit/record.ts';
import type { Code } from '#contract/codes.ts';
import { Secret } from '#crypto/secret.ts';
import type { CutOffs } from '#directory/revocations/cut-offs.ts';
import type { SentAgent } from '#policy/granted.ts';
import type { ToolDemand } from '#policy/needs.ts';
import type { PolicyAgent } from '#policy/request.ts';
import type { ReleasedInjection } from '#providers/injection/injection.ts';
import type { AskedUse } from '../approvals/machine.ts';

export interface ReleaseRequest {
  readonly agent: SentAgent;
  /** The use of the credential; a Worker that knows tokens alone leaves it out. A field that it leaves out is null. */
  readonly use?: Pick<AskedUse, 'action'> & Partial<AskedUse>;
  /** By account id what lies behind a wall does not exist; by the short form it is refused by name. */
  readonly byId: boolean;
  readonly minTtlMs: number;
  readonly minTtlExplicit: boolean;
  /** Asked for less; null: not asked. */
  readonly scopes: readonly string[] | null;
  /** Of a tool: for which accounts it is and what it needs; left out: it is none. */
  readonly demand?: ToolDemand;
  /** Fingerprint of a token that an API has just refused; `current`: of the one that would be handed out now. */
  readonly rejected: string | null;
  /** The answer also says where the credential belongs, and how a dead one looks there. */
  readonly withApi?: boolean;
  /** How long the request has been waiting in all, over every time that it was told to ask again. */
  readonly waitedMs?: number;
  /** How long the Worker has kept it since the agent was proved, before it was sent. */
  readonly heldMs?: number;
  /** How old the proof of the agent was when the request was sent; left out by Workers that count `heldMs` alone. */
  readonly provedMsAgo?: number;
  /** Which life of the agent's id asks, and since when its proofs count; left out: the Worker does not say. */
  readonly agentLife?: string;
  /** The cut-offs, which hold within a second; null or left out: the Worker knows of none. */
  readonly cutOffs?: CutOffs | null;
  readonly context: RequestContext;
  /** Of an agent that has a rule with `rate`; left out: it has none, or the Worker cannot count. */
  readonly rates?: RateUse;
}

/** The same at the door, its agent as every decision takes it. */
export interface DoorRequest extends Omit<ReleaseRequest, 'agent'> {
  readonly agent: PolicyAgent;
}

/** How far one request has been counted under the rules with `rate`. */
export interface RateUse {
  /** Index of the rule under which it has been counted; null: none yet. */
  readonly counted: number | null;
  /** Indices of the rules that are spent. */
  readonly spent: readonly number[];
}

/** How a call ended that the account had let out, told by the Worker that made it. */
export interface CallEnded {
  readonly began: number;
  readonly use: Pick<AskedUse, 'action' | 'tool' | 'method' | 'path'>;
  readonly outcome: 'ok' | 'refused' | 'failed' | 'unknown';
  readonly reason: string | null;
  readonly upstreamStatus: number | null;
  readonly fingerprint: string;
  readonly durationMs: number;
  readonly context: RequestContext;
}

/** A yes that let a request through, and the number of that request's record: by both it is given back. */
export interface Spent {
  readonly approvalId: string;
  readonly usedAs: number;
}

/** `rejected` of a caller that kept no fingerprint. */
export const CURRENT_TOKEN = 'current';

/** A refusal as a value. `wall`: it belongs in the agent's chain, the account has recorded nothing. */
export interface Refusal {
  readonly code: Code;
  readonly detail?: string;
  readonly retryAfterS?: number;
  readonly members?: Readonly<Record<string, unknown>>;
  readonly wall?: {
    readonly reason: string;
    readonly connection: string | null;
    readonly identifier: string | null;
  };
}

/**
 * On the wire of RPC. `again`: the request has waited so long that what the Worker knew of the agent may have changed;
 * nothing was decided or recorded, prove the agent anew and ask once more.
 */
export type ReleaseResult =
  | { readonly ok: false; readonly again: true }
  /** This rule would let it pass and has a rate: count it and ask once more. Nothing was recorded. */
  | { readonly ok: false; readonly count: number }
  /** To a request for the token: the JSON of the answer. */
  | { readonly ok: true; readonly body: string; readonly spent?: Spent }
  /** To a request of another use. `began`: the number of the record of the call, for the record of its end. */
  | {
      readonly ok: true;
      readonly injection: ReleasedInjection<string>;
      readonly began: number;
      readonly spent?: Spent;
    }
  | { readonly ok: false; readonly refusal: Refusal };

/** The same on the Worker's side. */
export type Arrived =
  | Extract<ReleaseResult, { ok: false }>
  | { readonly ok: true; readonly credential: ReleasedCredential; readonly spent?: Spent }
  | {
      readonly ok: true;
      readonly injection: ReleasedInjection<Secret>;
      readonly began: number;
      readonly spent?: Spent;
    };

/** Wraps what is secret in an answer that has just crossed RPC: from here on no log, error or JSON can show it. */
export function arrived(result: ReleaseResult): Arrived {
  if (!result.ok) return result;
  const spent = result.spent === undefined ? {} : { spent: result.spent };
  if ('body' in result) return { ok: true, credential: new ReleasedCredential(result.body), ...spent };
  const { secret, ...facts } = result.injection;
  return { ok: true, injection: { ...facts, secret: new Secret(secret) }, began: result.began, ...spent };
}

/** The credential's JSON on the Worker's side: it cannot be printed, only answered. */
class ReleasedCredential {
  readonly #body: Secret;

  constructor(body: string) {
    this.#body = new Secret(body);
  }

  /** The answer that exists to hand it out. */
  toResponse(headers: Record<string, string>): Response {
    return new Response(`${this.#body.reveal()}\n`, {
      headers: { ...headers, 'content-type': 'application/json', 'cache-control': 'no-store' },
    });
  }
}
