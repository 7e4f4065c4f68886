/** The account's side of approvals: reading one, waiting for its answer, and giving it. Expected outcomes are values. */

import type { RequestContext } from '#audit/record.ts';
import { err, ok } from '#lib/result.ts';
import type { Account } from '../account.ts';
import { authentic, type Living } from '../life/living.ts';
import { approvalOfToken } from './link.ts';
import { approvalAt, movedBy, type ApprovalRow } from './machine.ts';
import type { ApprovalAnswer, ApprovalRequest, ApprovalView, Decision } from './requests.ts';
import { giveBack, indexSoon, store, toldOf } from './upkeep.ts';
import { viewOf } from './view.ts';

/** By the link nobody says who they are. */
const BY_LINK = 'link';

interface Scene {
  readonly object: Account;
  readonly mac: Uint8Array;
  readonly living: Living;
}

/** @param living the account, where it exists for the caller */
export async function answerApproval(
  object: Account,
  living: Living,
  request: ApprovalRequest,
): Promise<ApprovalAnswer> {
  const scene: Scene = { object, living, mac: living.opened.key.mac };
  // Read before anything is decided: a row that was changed is no state to decide from.
  const intact = authentic(() => object.store.approvals.all(scene.mac));
  if (!intact.ok) return intact;
  switch (request.do) {
    case 'look': {
      const row = found(scene, request.id, request.agentId);
      return row === null ? err({ code: 'not_found' }) : ok(view(scene, row));
    }
    case 'wait':
      return wait(scene, request);
    case 'decide': {
      const row = found(scene, request.id, null);
      if (row === null) return err({ code: 'not_found' });
      const { actor } = request.context;
      const decided = decide(scene, row, request.decision, actor.id ?? actor.method, request.context);
      await indexSoon(object, row.id);
      return ok(decided);
    }
    case 'open':
      return ok(open(scene, request));
    case 'give_back': {
      const returned = giveBack(object, scene.mac, request.spent, request.context);
      return ok(returned === null ? null : view(scene, returned));
    }
  }
}

/** As it is now; null where it is not there, or is not this agent's. */
function found({ object, mac }: Scene, id: string, agentId: string | null): ApprovalRow | null {
  const row = object.store.approvals.all(mac).find((one) => one.id === id);
  if (row === undefined || (agentId !== null && row.agent !== agentId)) return null;
  return approvalAt(row, object.now());
}

function view({ mac, living }: Scene, row: ApprovalRow): ApprovalView {
  return viewOf(mac, living.state, row);
}

type Wait = Extract<ApprovalRequest, { do: 'wait' }>;

async function wait(scene: Scene, request: Wait): Promise<ApprovalAnswer> {
  const { object } = scene;
  const { waiting, store: rows, now } = object;
  if (found(scene, request.id, request.agentId) === null) return err({ code: 'not_found' });
  const isGone = () => !rows.hasTables() || rows.keyMaterial() === null;
  const reached = () => isGone() || found(scene, request.id, request.agentId)?.status !== 'pending';
  const waiter = { id: request.waitId, agentId: request.agentId };
  const waited = await waiting.until(waiter, reached, request.timeoutMs, now);
  if (request.last) waiting.leave(request.waitId);
  if (!waited) return err({ code: 'rate_limited', detail: 'too many wait at this account', retryAfterS: 5 });
  const row = isGone() ? null : found(scene, request.id, request.agentId);
  if (row === null) return err({ code: 'not_found' });
  return ok({ approval: view(scene, row), done: row.status !== 'pending' });
}

/** One decision; the same once more changes nothing, and another one comes too late. */
function decide(
  scene: Scene,
  row: ApprovalRow,
  decision: Decision,
  by: string | null,
  context: RequestContext,
): { readonly kind: 'decided' | 'over'; readonly approval: ApprovalView } {
  const { object, mac } = scene;
  const decided = movedBy(row, decision, object.now(), by);
  if (decided === null)
    return { kind: saidBefore(row, decision) ? 'decided' : 'over', approval: view(scene, row) };
  object.store.transaction(() => {
    store(object, mac, decided);
    const action = decision === 'approved' ? 'approval.approve' : 'approval.deny';
    toldOf(object, mac, row, decided, action, context);
  });
  object.waiting.changed();
  return { kind: 'decided', approval: view(scene, decided) };
}

function saidBefore({ status }: ApprovalRow, decision: Decision): boolean {
  return status === decision || (status === 'used' && decision === 'approved');
}

type Open = Extract<ApprovalRequest, { do: 'open' }>;

/** By the link: it opens a question that waits, and nothing else. */
function open(scene: Scene, { token, decision, context }: Open) {
  const { living, mac } = scene;
  const id = approvalOfToken(mac, living.state.account, token);
  const row = id === null ? null : found(scene, id, null);
  if (row === null) return { kind: 'unknown' } as const;
  if (row.status !== 'pending') return { kind: 'over', approval: view(scene, row) } as const;
  if (decision === null) return { kind: 'ask', approval: view(scene, row) } as const;
  return decide(scene, row, decision, BY_LINK, context);
}
