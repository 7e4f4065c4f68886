/**
 * The object of one connected account: wiring only. The platform calls this class; the work is in the other files of
 * the room. RPC methods take one object and return tagged values; expected outcomes are never thrown.
 */

import { DurableObject } from 'cloudflare:workers';
import type { ChainPage } from '#audit/shown.ts';
import type { Verification } from '#audit/unkeyed.ts';
import type { DeletedConnection } from '#directory/revocations/cut-offs.ts';
import type { DeliveryRow } from '#directory/webhooks/deliveries.ts';
import { newId } from '#crypto/api-keys.ts';
import { err, ok, type Err, type Result } from '#lib/result.ts';
import { repairAlarm, runAlarm, type TimerKinds } from '#objects/alarm.ts';
import { arrivedAgent } from '#policy/granted.ts';
import type { SettleArgument, SubjectTold } from '#refresh/exchange/outcome.ts';
import type { DeliveryReport } from '#webhooks/delivery-request.ts';
import type { Explanation } from '#contract/accounts/account-insight.ts';
import type { Resource } from '#contract/accounts/connected-accounts.ts';
import type { Account, TimerName } from './account.ts';
import { answerApproval } from './approvals/answer.ts';
import type { ApprovalAnswer, ApprovalRequest } from './approvals/requests.ts';
import { askedSoon } from './approvals/upkeep.ts';
import { accountRetryMs, timerKinds } from './clock/alarm.ts';
import { rearm } from './clock/rearm.ts';
import type { CallEnded, ReleaseRequest, ReleaseResult } from './door/answer.ts';
import type { Door } from './door/release.ts';
import { CutOffEnding } from './ending/cut-off-ending.ts';
import { deletedRefusal, isBuried } from './ending/cut-offs.ts';
import { noteCutOff } from './ending/kill-switch.ts';
import { revokedRefusal } from './ending/matched.ts';
import { answerFlow } from './flows/flow.ts';
import { linkForUser } from './flows/repair-link.ts';
import type { FlowAnswer, FlowRequest } from './flows/requests.ts';
import { explanation } from './insight/explanation.ts';
import { present } from './insight/present.ts';
import { knowsAccount } from './insight/reach.ts';
import { waitForStatus } from './insight/wait.ts';
import { adjust, seal, type Adjustment } from './life/adjust.ts';
import type { Lifecycle } from './life/lifecycle.ts';
import { authentic, isForeign, type Living, type Obstacle } from './life/living.ts';
import { keepSubject } from './life/subject.ts';
import type { Misfit } from './life/variables.ts';
import { forceRefresh, proveClient, type ForcedRefresh } from './refreshing/force.ts';
import type { ClientQuestion, ConnectionWatch } from './refreshing/provider/connection-watch.ts';
import type { Refresher } from './refreshing/refresher.ts';
import { settleExchange } from './refreshing/settle/entry.ts';
import type {
  AccountRpc,
  Answer,
  Busy,
  ContextArgument,
  CreateArgument,
  CutOff,
  ImportAnswer,
  ImportArgument,
  LookArgument,
  WaitArgument,
  Waited,
  WaitTurn,
} from './stub.ts';
import { partsOf } from './wiring.ts';

type In<M extends keyof AccountRpc> = Parameters<AccountRpc[M]>[0];

export class ConnectedAccount extends DurableObject implements AccountRpc {
  readonly #object: Account;
  readonly #connection: ConnectionWatch;
  readonly #refresher: Refresher;
  readonly #door: Door;
  readonly #lifecycle: Lifecycle;
  readonly #cutOffs: CutOffEnding;
  readonly #kinds: TimerKinds<TimerName>;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env as never);
    const parts = partsOf(ctx, env);
    this.#object = parts.object;
    this.#connection = parts.connection;
    this.#refresher = parts.refresher;
    this.#door = parts.door;
    this.#lifecycle = parts.lifecycle;
    this.#cutOffs = new CutOffEnding(parts.object, this);
    this.#kinds = timerKinds(parts.object, parts.refresher, parts.lifecycle.proofs);
    ctx.waitUntil(repairAlarm(this.#object));
  }

  override alarm(): Promise<void> {
    return runAlarm(this.#object, this.#kinds, accountRetryMs);
  }

  async release(request: ReleaseRequest): Promise<ReleaseResult> {
    const result = this.#cutOffs.after(request.cutOffs, await this.#door.release(request));
    await askedSoon(this.#object, result);
    return result;
  }

  mayGoOn(request: ReleaseRequest): Promise<boolean> {
    return this.#door.mayGoOn(request);
  }

  callEnded(ended: CallEnded): Promise<boolean> {
    return this.#door.callEnded(ended);
  }

  settle(argument: SettleArgument): Promise<string> {
    return settleExchange(this.#object, this.#refresher, this.#lifecycle.proofs, argument);
  }

  keepSubject(told: SubjectTold): Promise<string> {
    return keepSubject(this.#object, told);
  }

  async outboxSettled(report: DeliveryReport): Promise<string> {
    return (await this.#mayWrite()) === null ? this.#object.outbox.settled(report) : 'locked';
  }

  async redeliver({ deliveryId }: { deliveryId: string }): Promise<Answer<DeliveryRow | null>> {
    const obstacle = await this.#mayWrite();
    const { vault, outbox } = this.#object;
    return obstacle ?? ok(await vault.withKey((mac) => outbox.redeliver(mac, deliveryId)));
  }

  /** The outbox outlives the account and needs no key of it, but under a wrong ring nothing is written at all. */
  async #mayWrite(): Promise<Err<Obstacle> | null> {
    const key = await this.#object.vault.present();
    return key.ok || key.error.code === 'record_corrupt' ? null : key;
  }

  linkForUser(): Promise<string | null> {
    return linkForUser(this.#object);
  }

  async create(argument: CreateArgument): Promise<Answer<{ created: boolean; account: Resource }>> {
    const made = await this.#lifecycle.create(argument);
    if (!made.ok) return made;
    return authentic(() => ({ created: made.value.created, account: this.#view(made.value) }));
  }

  async import(argument: ImportArgument): Promise<ImportAnswer> {
    let [created, drawn]: [boolean, number | null] = [false, null];
    if (argument.birth !== null) {
      const made = await this.#lifecycle.create(argument.birth, true);
      if (!made.ok) return made;
      ({ created, drawn } = made.value);
    }
    const imported = await this.#lifecycle.import(argument, drawn);
    if (!imported.ok && created) await this.#lifecycle.unmake(argument.context);
    if (!imported.ok) return imported;
    const { warnings = [] } = imported.value;
    return authentic(() => ({ created, account: this.#view(imported.value), warnings }));
  }

  async view(argument: { organization: string | null }): Promise<Answer<Resource>> {
    if (isForeign(this.#object, argument.organization)) return err({ code: 'not_found' });
    return this.#shown(await this.#lifecycle.living(), argument.organization);
  }

  async expire(argument: ContextArgument): Promise<Answer<Resource>> {
    return this.#shown(await this.#lifecycle.expire(argument.context), null);
  }

  async signal(
    argument: ContextArgument & { signal: 'disabled' | 'enabled' | 'revoked' },
  ): Promise<Answer<Resource>> {
    const living = await this.#lifecycle.signal(argument.signal, argument.context);
    if (living.ok && argument.signal !== 'enabled')
      this.ctx.waitUntil(this.#connection.leave(living.value.state.account));
    return this.#shown(living, null);
  }

  async remove(argument: ContextArgument & { organization: string | null }): Promise<Answer<null>> {
    const names = this.#object.store.claimedNames();
    const removed = await this.#lifecycle.remove(argument.organization, argument.context);
    if (removed.ok && names !== null && this.ctx.id.name !== undefined)
      this.ctx.waitUntil(this.#connection.leave({ ...names, accountId: this.ctx.id.name }));
    return removed;
  }

  async seal({ context }: ContextArgument): Promise<Answer<Resource>> {
    return this.#shown(await seal(this.#object, this.#lifecycle, context), null);
  }

  async adjust({
    adjustment,
    context,
  }: ContextArgument & { adjustment: Adjustment }): Promise<Result<Resource, Obstacle | Misfit>> {
    const adjusted = await adjust(this.#object, this.#lifecycle, adjustment, context);
    return adjusted.ok ? authentic(() => this.#view(adjusted.value)) : adjusted;
  }

  async endWith({ grave, context }: ContextArgument & { grave: DeletedConnection }): Promise<Answer<null>> {
    const living = await this.#lifecycle.living();
    if (!living.ok) return living;
    const { account, settings } = living.value.state;
    return isBuried(account, settings, grave) ? this.#lifecycle.remove(null, context) : ok(null);
  }

  async noteCutOff(argument: In<'noteCutOff'>): ReturnType<AccountRpc['noteCutOff']> {
    const noted = await noteCutOff(this.#object, this.#lifecycle, argument);
    const names = this.#object.store.claimedNames();
    if (noted.ok && noted.value.isMatched && names !== null && this.ctx.id.name !== undefined)
      this.ctx.waitUntil(this.#connection.leave({ ...names, accountId: this.ctx.id.name }));
    return noted;
  }

  async refresh(_argument: ContextArgument): Promise<ForcedRefresh | Answer<Resource>> {
    const forced = await forceRefresh(this.#object, this.#refresher, this.#lifecycle);
    return forced ?? this.#shown(await this.#lifecycle.living(), null);
  }

  async poke(_argument: object): Promise<void> {
    await repairAlarm(this.#object);
    const living = await this.#lifecycle.living();
    if (living.ok) rearm(this.#object, living.value.state);
  }

  proveClient(question: ClientQuestion): Promise<boolean> {
    return proveClient(this.#object, this.#refresher, this.#lifecycle, question);
  }

  async takeNews(_argument: object): Promise<void> {
    if (this.ctx.id.name !== undefined && this.#object.store.hasTables())
      await this.#connection.takeNews(this.ctx.id.name);
  }

  async wait(argument: WaitArgument): Promise<Answer<Resource> | Busy | CutOff> {
    const only = { waitId: newId('req'), last: true, cutOffs: null };
    const waited = await this.waitTurn({ ...argument, ...only });
    return waited.ok ? ok(waited.value.account) : waited;
  }

  async waitTurn(turn: WaitTurn): Promise<Answer<Waited> | Busy | CutOff> {
    const seen = await this.#visible(turn);
    if (!seen.ok) return seen;
    const { agent, waitId: id } = turn;
    const { opened, state } = seen.value;
    if (agent !== null && !knowsAccount(arrivedAgent(agent), state)) return err({ code: 'not_found' });
    const ended =
      deletedRefusal(state.account, state.settings, turn.cutOffs) ??
      (state.account.status === 'active' ? revokedRefusal(state.account, state.grants, turn.cutOffs) : null);
    if (ended !== null) {
      this.#cutOffs.end(turn.cutOffs);
      return err(ended);
    }
    const waiter = { id, agentId: agent?.id ?? null };
    const waited = await waitForStatus(this.#object, opened.key.mac, { ...turn, waiter });
    if (turn.last) this.#object.waiting.leave(id);
    if (!waited.ok) return waited;
    const shown = this.#shown(await this.#lifecycle.living(), turn.organization);
    return shown.ok ? ok({ account: shown.value, done: waited.value }) : shown;
  }

  async explain(argument: In<'explain'>): Promise<Answer<Explanation>> {
    const seen = await this.#visible(argument);
    if (!seen.ok) return seen;
    return ok(await explanation(this.#object, seen.value, argument.agent, argument.imagined));
  }

  /** The living account, if it exists for the caller: an operator by organization, an agent by its rules. */
  async #visible(argument: LookArgument): Promise<Answer<Living>> {
    if (isForeign(this.#object, argument.organization)) return err({ code: 'not_found' });
    const living = await this.#lifecycle.living();
    if (!living.ok) return living;
    const { account } = living.value.state;
    const hidden = argument.organization !== null && account.organization !== argument.organization;
    return hidden ? err({ code: 'not_found' }) : living;
  }

  async approval(request: ApprovalRequest): Promise<ApprovalAnswer> {
    const organization = 'organization' in request ? request.organization : null;
    const seen = await this.#visible({ organization, agent: null });
    return seen.ok ? answerApproval(this.#object, seen.value, request) : seen;
  }

  flow(request: FlowRequest): Promise<FlowAnswer> {
    return answerFlow(this.#object, this.#lifecycle, request);
  }

  verifyAudit(argument: { organization?: string | null }): Promise<Answer<Verification | null>> {
    return this.#lifecycle.verify(argument.organization ?? null);
  }

  auditRecords(argument: In<'auditRecords'>): Promise<Answer<ChainPage | null>> {
    return this.#lifecycle.auditRecords(argument);
  }

  #shown(living: Result<Living, Obstacle>, organization: string | null): Answer<Resource> {
    if (!living.ok) return living;
    const hidden = organization !== null && living.value.state.account.organization !== organization;
    return hidden ? err({ code: 'not_found' }) : authentic(() => this.#view(living.value));
  }

  #view({ state, opened }: Living): Resource {
    return present(this.#object, opened.key.mac, state);
  }
}
