/**
 * Storing approvals, and what time does to them: a question and a yes lapse, lists follow, and those that are over are
 * forgotten at some point. Each approval has a timer of its own while lists do not know how it stands, or it can lapse.
 */

import { systemContext, type RequestContext } from '#audit/record.ts';
import { writeApprovalIndex } from '#directory/approvals/index-rows.ts';
import { within } from '#lib/clock.ts';
import type { Ran } from '#objects/alarm.ts';
import { record, type Account } from '../account.ts';
import type { ReleaseResult, Spent } from '../door/answer.ts';
import { tellApprovalDecided } from '../life/events.ts';
import type { OpenedAccount } from '../vault.ts';
import { approvalAt, isLive, movedBy, surplusOf, type ApprovalRow } from './machine.ts';
import { indexRowOf } from './view.ts';

/** A caller that asks for the approval right away finds it; else the timer brings it there. */
const INDEX_PATIENCE_MS = 500;
/** Over this number those go too that lists have not heard of: the directory has been away for long. */
const MOST_UNTOLD = 200;

/** Writes the row and has lists told of it; forgets the oldest that are over. Inside a transaction. */
export function store(object: Account, mac: Uint8Array, row: ApprovalRow): void {
  const { approvals } = object.store;
  approvals.save(mac, row);
  object.timers.set(`approval:${row.id}`, object.now());
  const surplus = surplusOf(approvals.all(mac), object.now());
  for (const [index, { id }] of surplus.toReversed().entries()) {
    const timer = object.timers.get(`approval:${id}`);
    if (timer !== null && index < MOST_UNTOLD) continue;
    approvals.delete(mac, id);
    if (timer !== null) object.timers.clear(`approval:${id}`);
  }
}

/**
 * The request goes through: nothing else does with this yes. Inside the transaction that hands out.
 * @param usedAs number of the record of the request
 * @throws Error ("internal") where it was spent before, so that the transaction writes nothing
 */
export function spend(
  object: Account,
  mac: Uint8Array,
  yes: ApprovalRow,
  nowMs: number,
  usedAs: number,
): void {
  const row = object.store.approvals.all(mac).find(({ id }) => id === yes.id);
  const spent = row === undefined ? null : movedBy(row, 'spent', nowMs);
  if (spent === null) throw new Error('internal: this approval cannot be spent any more');
  store(object, mac, { ...spent, usedAs });
}

/** The request that it let through did not go out: the yes is as it was before. No other use of it is taken back. */
export function giveBack(
  object: Account,
  mac: Uint8Array,
  { approvalId, usedAs }: Spent,
  context: RequestContext,
): ApprovalRow | null {
  return object.store.transaction(() => {
    const row = object.store.approvals.all(mac).find(({ id }) => id === approvalId);
    if (row === undefined || row.usedAs !== usedAs) return null;
    const returned = movedBy(row, 'returned', object.now());
    if (returned === null) return null;
    store(object, mac, returned);
    toldOf(object, mac, row, returned, 'approval.return', context);
    return returned;
  });
}

/** Questions and answers of until then are over: they were about what has ended. Inside a transaction. */
export function endApprovals(
  object: Account,
  mac: Uint8Array,
  untilMs: number,
  context: RequestContext,
): void {
  const nowMs = object.now();
  for (const row of object.store.approvals.all(mac)) {
    if (row.createdAtMs > untilMs || !isLive(row, nowMs)) continue;
    const over = movedBy(row, 'lapsed', nowMs);
    if (over === null) continue;
    store(object, mac, over);
    toldOf(object, mac, row, over, 'approval.expire', context);
  }
  object.waiting.changed();
}

/**
 * The timer's work: what has run out of time lapses, with its record; then lists are told.
 * @throws when the directory does not answer: the timer is then postponed
 */
export async function tendApproval(
  object: Account,
  { key: { mac } }: OpenedAccount,
  id: string,
): Promise<Ran> {
  const found = () => object.store.approvals.all(mac).find((row) => row.id === id);
  const lapsed = object.store.transaction(() => lapse(object, mac, found()));
  const state = object.store.state(mac);
  if (lapsed === null || state === null) return 'gone';
  await writeApprovalIndex(object.config.directory, indexRowOf(state, lapsed, object.now()));
  object.store.transaction(() => {
    const row = found();
    // Another change came in while the directory was written: its own timer is due.
    if (row !== undefined && row.updatedAtMs === lapsed.updatedAtMs && row.status === lapsed.status) {
      const mayLapse = isLive(row, object.now()) && movedBy(row, 'lapsed', 0) !== null;
      if (mayLapse) object.timers.set(`approval:${id}`, row.endsAtMs);
      else object.timers.clear(`approval:${id}`);
    }
  });
  return undefined;
}

/** The row as it is now, stored and recorded where that is another status. Inside a transaction. Null: it is gone. */
function lapse(object: Account, mac: Uint8Array, row: ApprovalRow | undefined): ApprovalRow | null {
  const account = object.store.state(mac)?.account;
  if (row === undefined || account === undefined) return null;
  const now = approvalAt(row, object.now());
  if (now.status === row.status) return row;
  object.store.approvals.save(mac, now);
  toldOf(object, mac, row, now, 'approval.expire', systemContext('timer'));
  object.waiting.changed();
  return now;
}

/** Appends the record of a change, and the event of the end of a question. Inside a transaction. */
export function toldOf(
  object: Account,
  mac: Uint8Array,
  before: ApprovalRow,
  after: ApprovalRow,
  action: 'approval.approve' | 'approval.deny' | 'approval.expire' | 'approval.return',
  context: RequestContext,
): void {
  const { id, agent, tool, method, path } = after;
  const account = object.store.state(mac)?.account;
  if (account === undefined) throw new Error('internal: an approval without an account');
  const evidence = [`approval:${id}`, `agent:${agent}`];
  record(object, account, mac, { action, outcome: 'ok', tool, method, path, evidence }, context);
  if (before.status === 'pending') tellApprovalDecided(object, mac, account, after);
}

/** As `indexSoon`, where a request was refused with a question. */
export async function askedSoon(object: Account, result: ReleaseResult): Promise<void> {
  if (result.ok || !('refusal' in result) || result.refusal.code !== 'approval_required') return;
  const id = result.refusal.members?.['approval_id'];
  if (typeof id === 'string') await indexSoon(object, id);
}

/** Lists are told at once where the directory answers soon, so that the id that a caller is given leads somewhere. */
export async function indexSoon(object: Account, id: string): Promise<void> {
  const opened = object.vault.ready();
  const timer = object.timers.get(`approval:${id}`);
  if (opened === null || timer === null || timer.dueAtMs > object.now()) return;
  const told = tendApproval(object, opened, id).catch(() => undefined);
  object.waitUntil(told);
  await within(INDEX_PATIENCE_MS, told, undefined);
}
