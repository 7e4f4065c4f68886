/** The RPC face of an account, typed by hand: the platform's own generics give up on it. One object in, a tagged value out. */

import type { RequestContext } from '#audit/record.ts';
import type { ChainPage } from '#audit/shown.ts';
import type { Verification } from '#audit/unkeyed.ts';
import type { Explanation } from '#contract/accounts/account-insight.ts';
import type { Location } from '#contract/connections/connections.ts';
import type { Resource } from '#contract/accounts/connected-accounts.ts';
import type { CutOffs, DeletedConnection, Revoked } from '#directory/revocations/cut-offs.ts';
import type { DeliveryRow } from '#directory/webhooks/deliveries.ts';
import type { Config } from '#env.ts';
import type { Result } from '#lib/result.ts';
import type { SentAgent } from '#policy/granted.ts';
import type { DeliveryReport } from '#webhooks/delivery-request.ts';
import type { ApprovalAnswer, ApprovalRequest } from './approvals/requests.ts';
import type { CallEnded, ReleaseRequest, ReleaseResult } from './door/answer.ts';
import type { CutOffNoted } from './ending/kill-switch.ts';
import type { FlowAnswer, FlowRequest } from './flows/requests.ts';
import type { ImaginedRequest } from './insight/reach.ts';
import type { Adjustment } from './life/adjust.ts';
import type { Birth } from './life/create.ts';
import type { ImportRefusal } from './life/import/import.ts';
import type { ImportOrder } from './life/import/judge.ts';
import type { Obstacle } from './life/living.ts';
import type { Misfit } from './life/variables.ts';
import type { ForcedRefresh } from './refreshing/force.ts';
import type { ClientQuestion } from './refreshing/provider/connection-watch.ts';

export type Answer<T> = Result<T, Obstacle>;

export type CreateArgument = Birth;

/** The account, or why the credential was not taken. */
export type ImportAnswer = Result<
  { created: boolean; account: Resource; warnings: readonly string[] },
  Obstacle | ImportRefusal
>;

export interface ImportArgument extends ImportOrder {
  /** Makes the account where there is none; null: it must exist. */
  readonly birth: Birth | null;
}

export interface ContextArgument {
  readonly context: RequestContext;
}

/** The reader: an operator's organization (null: unbound), or an agent (null: none is asked about). */
export interface LookArgument {
  readonly organization: string | null;
  readonly agent: SentAgent | null;
}

export interface ExplainArgument extends LookArgument {
  /** What the agent would ask for; null or left out: the token, now. */
  readonly imagined?: ImaginedRequest | null;
}

export interface WaitArgument extends LookArgument {
  readonly status: string;
  readonly timeoutMs: number;
}

/** A wait comes again until its time is up, and its caller is authenticated in between. `timeoutMs` is of one turn. */
export interface WaitTurn extends WaitArgument {
  /** Of the whole wait: it keeps its place. */
  readonly waitId: string;
  /** Its place is free after this turn. */
  readonly last: boolean;
  /** As for `release`. */
  readonly cutOffs: CutOffs | null;
}

/** The account after a turn. `done`: there is nothing more to wait for. */
export interface Waited {
  readonly account: Resource;
  readonly done: boolean;
}

/** The wait ends because its connection has. */
export interface CutOff {
  readonly ok: false;
  readonly error: { readonly code: 'account_revoked'; readonly detail?: string };
}

/** Too many wait already. */
export interface Busy {
  readonly ok: false;
  readonly error: { readonly code: 'rate_limited' };
}

export interface AccountRpc {
  release(request: ReleaseRequest): Promise<ReleaseResult>;
  /** Whether a call that was let out by this request may still go on. Records nothing. */
  mayGoOn(request: ReleaseRequest): Promise<boolean>;
  /** Records how a call ended. False: that cannot be written. */
  callEnded(ended: CallEnded): Promise<boolean>;
  create(argument: CreateArgument): Promise<Answer<{ created: boolean; account: Resource }>>;
  import(argument: ImportArgument): Promise<ImportAnswer>;
  /** `organization` null: an unbound caller, who sees all. */
  view(argument: { organization: string | null }): Promise<Answer<Resource>>;
  expire(argument: ContextArgument): Promise<Answer<Resource>>;
  signal(
    argument: ContextArgument & { signal: 'disabled' | 'enabled' | 'revoked' },
  ): Promise<Answer<Resource>>;
  /** Also an account that does not open any more. `organization` as for `view`. */
  remove(argument: ContextArgument & { organization: string | null }): Promise<Answer<null>>;
  /** One way: from now on its credential is used and never handed out. */
  seal(argument: ContextArgument): Promise<Answer<Resource>>;
  adjust(
    argument: ContextArgument & { adjustment: Adjustment },
  ): Promise<Result<Resource, Obstacle | Misfit>>;
  /** Its connection was deleted: erases the account if it is of the life that ended. Never a younger one. */
  endWith(argument: ContextArgument & { grave: DeletedConnection }): Promise<Answer<null>>;
  /**
   * A cut-off of the kill switch: ends what the account obtained until then, and says what came of it. Told again, it
   * changes nothing and says how far it has come.
   */
  noteCutOff(argument: ContextArgument & { cutOff: Revoked }): Promise<Answer<CutOffNoted>>;
  refresh(argument: ContextArgument): Promise<ForcedRefresh | Answer<Resource>>;
  /** From the sweep: looks after its alarm and says in the directory that it lives. */
  poke(argument: object): Promise<void>;
  /** Refreshes at once, to find out whether the provider takes the connection's client. False: it cannot. */
  proveClient(question: ClientQuestion): Promise<boolean>;
  /** Takes news of its connection that it has left lying in the directory; also of a deleted account. */
  takeNews(argument: object): Promise<void>;
  /** The account when it gets to `status` or the time is up; an agent sees it only by its rules. */
  wait(argument: WaitArgument): Promise<Answer<Resource> | Busy | CutOff>;
  /** The same a turn at a time. */
  waitTurn(argument: WaitTurn): Promise<Answer<Waited> | Busy | CutOff>;
  /** A link with which its user connects or repairs it; null: there is nothing to do, or no browser can do it. */
  linkForUser(argument: object): Promise<string | null>;
  explain(argument: ExplainArgument): Promise<Answer<Explanation>>;
  /** Requests that a person is asked about; ask by `askApproval` of approvals/requests.ts. */
  approval(request: ApprovalRequest): Promise<ApprovalAnswer>;
  /** Connect flows; ask by `askFlow` of flows/requests.ts. */
  flow(request: FlowRequest): Promise<FlowAnswer>;
  /** How an attempt of a delivery ended; told by the Deliverer, perhaps twice. `locked`: tell it again. */
  outboxSettled(report: DeliveryReport): Promise<string>;
  /** Also of a deleted account. Null: no such delivery is held. */
  redeliver(argument: { deliveryId: string }): Promise<Answer<DeliveryRow | null>>;
  /** Newest first, below `before`; also of a deleted account. `organization` and null as for `verifyAudit`. */
  auditRecords(argument: {
    readonly organization: string | null;
    readonly before: number | null;
    readonly limit: number;
  }): Promise<Answer<ChainPage | null>>;
  /** Also of a deleted account. `organization` as for `view`; null: nothing is here, or it is another's. */
  verifyAudit(argument: { organization?: string | null }): Promise<Answer<Verification | null>>;
}

/**
 * A new stub each time: a stub that threw stays broken.
 *
 * @param location where the object is to be kept if this is its first touch; a hint
 */
export function accountStub(config: Config, accountId: string, location: Location | null = null): AccountRpc {
  const options = location === null ? undefined : { locationHint: location };
  return config.accounts.getByName(accountId, options) as unknown as AccountRpc;
}
