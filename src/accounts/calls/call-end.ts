/**
 * Calls that were let out and whose end is not recorded yet. A Worker that dies in between tells no end: a timer looks
 * for such calls, and records that nobody knows how they ended.
 */

import { recordedPath, systemContext, type AuditFields } from '#audit/record.ts';
import { shownRecord } from '#audit/shown.ts';
import { timeOf } from '#lib/clock.ts';
import { record, type Account } from '../account.ts';
import type { OpenedAccount } from '../vault.ts';
import type { CallEnded } from '../door/answer.ts';

/** A call's head has so long, and the Worker a little more to tell of it. */
const TOLD_WITHIN_MS = 240_000;
/** Records that are read at once. */
const STRIDE = 200;

/** Inside the transaction that lets the call out. */
export function callBegan({ calls, timers, now }: Account, seq: number): void {
  calls.began(seq);
  if (timers.get('calls') === null) timers.set('calls', now() + TOLD_WITHIN_MS, String(seq));
}

/** Records how a call ended. Inside a transaction. */
export function callEnded(object: Account, { key }: OpenedAccount, ended: CallEnded): boolean {
  const account = object.store.state(key.mac)?.account;
  if (account === undefined) return false;
  const { use, began, reason, outcome, upstreamStatus, fingerprint, durationMs } = ended;
  const fields: AuditFields = {
    action: use.action === 'proxy' ? 'proxy.call' : 'tool.execute',
    outcome,
    reason,
    tool: use.tool,
    method: use.method,
    path: recordedPath(use.path, key.mac),
    upstream_status: upstreamStatus,
    token_fingerprint: fingerprint,
    duration_ms: durationMs,
    began,
  };
  record(object, account, key.mac, fields, ended.context);
  object.calls.ended(began);
  return true;
}

/** The timer: closes what has been open for too long, and looks again for what has not. */
export function closeLostCalls(object: Account, { key }: OpenedAccount, from: number): void {
  object.store.transaction(() => {
    const account = object.store.state(key.mac)?.account;
    object.timers.clear('calls');
    if (account === undefined || object.calls.areNone(from)) return;
    const nowMs = object.now();
    const open = openSince(object, from);
    const isLost = (call: OpenCall) => nowMs - call.atMs >= TOLD_WITHIN_MS;
    for (const call of open.filter(isLost)) {
      const { seq, fields } = call;
      record(
        object,
        account,
        key.mac,
        { ...fields, outcome: 'unknown', reason: 'outcome_unknown', began: seq },
        systemContext(`call-${seq}`),
      );
      object.calls.ended(seq);
    }
    const next = open.find((call) => !isLost(call));
    if (next !== undefined) object.timers.set('calls', next.atMs + TOLD_WITHIN_MS, String(next.seq));
  });
}

interface OpenCall {
  readonly seq: number;
  readonly atMs: number;
  readonly fields: Omit<AuditFields, 'outcome'>;
}

/** By the chain itself, oldest first. */
function openSince({ ring }: Account, from: number): OpenCall[] {
  const ended = new Set<number>();
  const open: OpenCall[] = [];
  for (let before: number | null = null; ;) {
    const page = ring.list(before, STRIDE);
    for (const stored of page) {
      if (stored.seq < from) return open.toReversed();
      const told = shownRecord('', stored);
      if (told.began !== null) ended.add(told.began);
      if (told.outcome !== 'started' || ended.has(stored.seq)) continue;
      const { tool, method, path, token_fingerprint, scopes } = told;
      const action = told.action === 'proxy.call' ? 'proxy.call' : 'tool.execute';
      const fields = { action, tool, method, path, token_fingerprint, scopes } as const;
      open.push({ seq: stored.seq, atMs: timeOf(told.at) ?? 0, fields });
    }
    if (page.length < STRIDE) return open.toReversed();
    before = page.at(-1)?.seq ?? 0;
  }
}
