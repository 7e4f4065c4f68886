/**
 * A cut-off of the kill switch reaches its account: by its object, or with a call before that. What it has ended is
 * erased here, at the provider too where that was asked for, and the account says what came of it. Told again, it
 * changes nothing and says how far it has come. Refuses to judge which accounts are meant beyond its own rows.
 */

import { isRenewedType } from '#contract/machine/kinds.ts';
import type { RequestContext } from '#audit/record.ts';
import type { ReceiptStatus } from '#contract/callers/revocations.ts';
import type { Revoked } from '#directory/revocations/cut-offs.ts';
import { ok, type Result } from '#lib/result.ts';
import { record, type Account } from '../account.ts';
import { endApprovals } from '../approvals/upkeep.ts';
import type { Lifecycle } from '../life/lifecycle.ts';
import { authentic, type Living, type Obstacle } from '../life/living.ts';
import { cutOf, isMatched, isOld } from './matched.ts';
import { revokeLater } from './revocation.ts';
import { endWaiting, oldWaiting, type OldWaiting } from './waiting.ts';

/** What an account says to a cut-off. `isMatched` false: it is not about this account. */
export interface CutOffNoted {
  readonly isMatched: boolean;
  readonly status: ReceiptStatus;
  /** Its grants have ended at the provider too. */
  readonly atProvider: boolean;
}

const NOT_MEANT: CutOffNoted = { isMatched: false, status: 'revoked', atProvider: false };
const DONE_HERE: CutOffNoted = { isMatched: true, status: 'revoked', atProvider: false };

export async function noteCutOff(
  object: Account,
  lifecycle: Lifecycle,
  { cutOff, context }: { readonly cutOff: Revoked; readonly context: RequestContext },
): Promise<Result<CutOffNoted, Obstacle>> {
  const living = await lifecycle.living();
  if (!living.ok) {
    if (living.error.code !== 'not_found') return living;
    // It was deleted meanwhile, and its grants with it; or nothing was ever here.
    return ok(object.store.tombstone() === null ? NOT_MEANT : cameOf(object, cutOff, true));
  }
  const { account, grants, settings } = living.value.state;
  if (!isMatched(account, cutOff)) return ok(NOT_MEANT);
  const cut = cutOf(account, grants, cutOff);
  if (cut === 'nothing') return ok(NOT_MEANT);
  if (cut === 'all') {
    const ended = await lifecycle.signal('revoked', context, {
      evidence: [evidenceOf(cutOff)],
      atProvider: cutOff.atProvider,
    });
    if (!ended.ok) return ended;
  }
  if (cut === 'some' || cut === 'done') {
    const waiting = authentic(() => oldWaiting(object, living.value.opened.key.mac, cutOff));
    if (!waiting.ok) return waiting;
    endOld(object, lifecycle, living.value, waiting.value, cutOff, context);
    object.store.transaction(() => endApprovals(object, living.value.opened.key.mac, cutOff.atMs, context));
  }
  return ok(cameOf(object, cutOff, isRenewedType(settings.authType)));
}

const evidenceOf = ({ id }: Pick<Revoked, 'id'>): string => `cut_off:${id}`;

/** The grants of before and what waits to become one end, and the account goes on with what came later. */
function endOld(
  object: Account,
  lifecycle: Lifecycle,
  living: Living,
  waiting: OldWaiting,
  cutOff: Revoked,
  context: RequestContext,
): void {
  const { account, settings, grants } = living.state;
  const { mac } = living.opened.key;
  const old = grants.filter((one) => isOld(one, cutOff));
  if (old.length + waiting.sessions.size + waiting.proofs.size === 0) return;
  const { store, attempts, timers } = object;
  const nowMs = object.now();
  store.transaction(() => {
    const evidence = [evidenceOf(cutOff)];
    const fields = {
      action: 'account.status',
      outcome: 'ok',
      reason: 'older_grants_revoked',
      evidence,
    } as const;
    record(object, account, mac, fields, context);
    endWaiting(object, living, waiting, cutOff.atProvider);
    for (const grant of old) {
      if (cutOff.atProvider)
        revokeLater(object, mac, {
          account,
          settings,
          grant,
          subject: account.subject,
          cause: 'account_revoked',
        });
      for (const { id } of attempts.open().filter(({ grantId }) => grantId === grant.id)) {
        attempts.end(id, { endedAtMs: nowMs, outcome: 'revoked', reason: null, providerError: null });
        timers.clear(`reconcile:${id}`);
      }
      timers.clear(`refresh:${grant.id}`);
      store.deleteGrant(mac, grant.id);
    }
    store.saveAccount(mac, { ...account, updatedAtMs: Math.max(nowMs, account.updatedAtMs) });
    timers.set('index', nowMs);
  });
  lifecycle.forgetCredentials();
  if (waiting.proofs.size > 0) lifecycle.proofs.abandon();
  object.waiting.changed();
}

const STRIDE = 50;

/**
 * What came of the grants at the provider, as the chain tells it since they have ended here: the records of their ends
 * are the account's memory of it.
 *
 * @param isRevocable its kind of credential can be revoked at a provider at all
 */
function cameOf(object: Account, cutOff: Revoked, isRevocable: boolean): CutOffNoted {
  if (!cutOff.atProvider) return DONE_HERE;
  if (object.store.revocations.count() > 0) return { isMatched: true, status: 'retrying', atProvider: false };
  const outcomes: string[] = [];
  for (let before: number | null = null; ;) {
    const records = object.ring.list(before, STRIDE);
    for (const { body } of records) {
      const { action, reason, evidence } = told(body);
      if (action === 'token.revoke') outcomes.push(reason);
      const isEnd = action === 'account.delete' || evidence.some((one) => one.endsWith('->revoked'));
      if (!isEnd && !evidence.includes(evidenceOf(cutOff))) continue;
      return noted(outcomes, !isRevocable && !evidence.includes('pending->revoked'));
    }
    if (records.length < STRIDE) return noted([], false);
    before = records.at(-1)?.seq ?? 1;
  }
}

function told(body: string): { action: string; reason: string; evidence: readonly string[] } {
  const { action, reason, evidence } = JSON.parse(body) as Record<string, unknown>;
  return {
    action: String(action),
    reason: String(reason),
    evidence: Array.isArray(evidence) ? evidence.map(String) : [],
  };
}

/** Of several grants the outcome that leaves most to be done. */
const WORST = ['failed', 'unsupported', 'skipped_shared_grant'] as const;

function noted(outcomes: readonly string[], isStatic: boolean): CutOffNoted {
  const worst = WORST.find((one) => outcomes.includes(one)) ?? 'revoked';
  const status = outcomes.length === 0 && isStatic ? 'unsupported' : worst;
  return { isMatched: true, status, atProvider: status === 'revoked' && outcomes.length > 0 };
}
