/** Questions to an account's object about its approvals, and its answers: one RPC method takes them all; `ask.ts` names each. */

import type { RequestContext } from '#audit/record.ts';
import type { Result } from '#lib/result.ts';
import type { Spent } from '../door/answer.ts';
import type { Obstacle } from '../life/living.ts';
import type { ApprovalRow } from './machine.ts';

export type Decision = 'approved' | 'denied';

/** The reader: an operator's organization (null: unbound), and the agent where one asks (null: an operator does). */
interface Reader {
  readonly organization: string | null;
  readonly agentId: string | null;
}

export interface LookAtApproval extends Reader {
  readonly do: 'look';
  readonly id: string;
}

/** One turn of a wait; as for the wait for an account. */
export interface WaitForApproval extends Reader {
  readonly do: 'wait';
  readonly id: string;
  readonly timeoutMs: number;
  readonly waitId: string;
  readonly last: boolean;
}

export interface DecideApproval {
  readonly do: 'decide';
  readonly id: string;
  readonly organization: string | null;
  readonly decision: Decision;
  readonly context: RequestContext;
}

/** By the link. Without a decision nothing changes. */
export interface OpenApproval {
  readonly do: 'open';
  readonly token: string;
  readonly decision: Decision | null;
  readonly context: RequestContext;
}

/** By the Worker that let nothing out with a yes that was spent for it. */
export interface GiveBackApproval {
  readonly do: 'give_back';
  readonly spent: Spent;
  readonly context: RequestContext;
}

export type ApprovalRequest =
  LookAtApproval | WaitForApproval | DecideApproval | OpenApproval | GiveBackApproval;

/** An approval with the names of its account. */
export interface ApprovalView extends Omit<ApprovalRow, 'key'> {
  readonly accountId: string;
  readonly connection: string;
  readonly provider: string;
  readonly providerName: string;
  readonly identifier: string;
  /** Empty for none. */
  readonly organization: string;
  /** As whom the account is known at the provider. */
  readonly subjectLabel: string | null;
  /** The token behind the page's address. Never for an agent. */
  readonly token: string;
}

export interface ApprovalAnswers {
  readonly look: ApprovalView;
  /** `done`: there is nothing more to wait for. */
  readonly wait: { readonly approval: ApprovalView; readonly done: boolean };
  /** `decided`: so it stands now, by this request or by one before that said the same. `over`: it is too late. */
  readonly decide: { readonly kind: 'decided' | 'over'; readonly approval: ApprovalView };
  /** `ask`: it waits. `decided`: by this request. `unknown`: the account did not sign that, or keeps it no more. */
  readonly open:
    | { readonly kind: 'ask' | 'decided' | 'over'; readonly approval: ApprovalView }
    | { readonly kind: 'unknown' };
  /** Null: that use of it is not known. */
  readonly give_back: ApprovalView | null;
}

export type ApprovalAnswer = Result<ApprovalAnswers[keyof ApprovalAnswers], Obstacle>;

/** A question without its name. */
export type Named<Do extends keyof ApprovalAnswers> = Omit<Extract<ApprovalRequest, { do: Do }>, 'do'>;
