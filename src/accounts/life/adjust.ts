/**
 * What an operator sets on a living account: metadata, variables, its own rotation and lifetime of tokens, the seal. Each
 * change is one transaction.
 */

import type { RequestContext } from '#audit/record.ts';
import { metadataProblem } from '#contract/accounts/connected-accounts.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { mergePatch } from '#lib/merge-patch.ts';
import { record, type Account } from '../account.ts';
import { endingAsSet } from '../refreshing/lifetime.ts';
import { MAX_NARROWED } from '../refreshing/narrowing.ts';
import { armGrant } from '../refreshing/plan.ts';
import type { AccountRow, NarrowedRow } from '../rows.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Living, Obstacle } from './living.ts';
import { mergedVariables, readCaptured, variablesProblem, type Captured, type Misfit } from './variables.ts';

/** Left out: stays. Null: removes. */
export interface Adjustment {
  /** RFC 7396, over what is there. */
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
  /** Merged by name. */
  readonly variables?: Readonly<Record<string, string | null>> | null | undefined;
  /** A mode, checked by the caller; null: the connection's. */
  readonly rotation?: string | null | undefined;
  /** How long access tokens live, in seconds; null: as the connection says. */
  readonly accessTokenTtlS?: number | null | undefined;
}

/** A repeated call changes nothing and leaves no record. */
export async function adjust(
  object: Account,
  lifecycle: Lifecycle,
  adjustment: Adjustment,
  context: RequestContext,
): Promise<Result<Living, Obstacle | Misfit>> {
  let captured: Captured | null = null;
  let living = await lifecycle.living();
  // Read before the last look at the account, after which nothing is awaited.
  while (living.ok && adjustment.variables !== undefined && captured?.isOf(living.value.state) !== true) {
    const read: Result<Captured, Obstacle> = await readCaptured(object, living.value);
    if (!read.ok) return read;
    captured = read.value;
    living = await lifecycle.living();
  }
  if (!living.ok) return living;
  const { account } = living.value.state;
  const variables = mergedVariables(account, adjustment.variables);
  const problem = captured && variablesProblem(living.value.state, variables, captured);
  if (problem !== null) return err(problem);
  const metadata = mergedMetadata(account, adjustment.metadata);
  const message = metadataProblem(metadata);
  if (message !== null) return err({ code: 'invalid_request', path: 'metadata', message });
  const rotation = adjustment.rotation === undefined ? account.rotation : adjustment.rotation;
  const { accessTokenTtlS = account.accessTokenTtlS } = adjustment;
  const isSet = accessTokenTtlS !== account.accessTokenTtlS;
  const isSame =
    !isSet &&
    rotation === account.rotation &&
    JSON.stringify([metadata, variables]) === JSON.stringify([account.metadata, account.variables]);
  if (isSame) return living;
  // The operator's word replaces the lifetime that was learnt.
  const lifetime = isSet ? { accessTokenTtlS, learntLifetime: null } : {};
  const change = { metadata, rotation, variables, ...lifetime };
  return save(object, lifecycle, living.value, change, 'changed', context);
}

function mergedMetadata(
  account: AccountRow,
  patch: Adjustment['metadata'],
): Readonly<Record<string, unknown>> {
  if (patch === undefined) return account.metadata;
  return patch === null ? {} : (mergePatch(account.metadata, patch) as Record<string, unknown>);
}

/** From now on no caller gets the credential; there is no way back but deleting the account. */
export async function seal(
  object: Account,
  lifecycle: Lifecycle,
  context: RequestContext,
): Promise<Result<Living, Obstacle>> {
  const living = await lifecycle.living();
  if (!living.ok || living.value.state.account.sealed) return living;
  return save(object, lifecycle, living.value, { sealed: true }, 'sealed', context);
}

async function save(
  object: Account,
  lifecycle: Lifecycle,
  { opened, state }: Living,
  change: Partial<AccountRow>,
  reason: string,
  context: RequestContext,
): Promise<Result<Living, Obstacle>> {
  const { mac } = opened.key;
  const nowMs = object.now();
  const updatedAtMs = Math.max(nowMs, state.account.updatedAtMs);
  const after: AccountRow = { ...state.account, ...change, updatedAtMs };
  object.store.transaction(() => {
    object.store.saveAccount(mac, after);
    record(object, after, mac, { action: 'account.status', outcome: 'ok', reason }, context);
    const shortens = after.accessTokenTtlS !== state.account.accessTokenTtlS;
    if (shortens) for (const row of state.narrowed) shortenNarrowed(object, mac, row, after.accessTokenTtlS);
    for (const row of state.grants) {
      const grant = shortens ? endingAsSet(row, after.accessTokenTtlS) : row;
      if (grant !== row) object.store.saveGrant(mac, grant);
      if (grant !== row || after.rotation !== state.account.rotation)
        armGrant(object, after, state.settings, grant);
    }
    object.timers.set('index', nowMs);
  });
  const living = await lifecycle.living();
  return living.ok ? ok(living.value) : living;
}

function shortenNarrowed(object: Account, mac: Uint8Array, row: NarrowedRow, ttlS: number | null): void {
  const shorter = endingAsSet(row, ttlS);
  if (shorter !== row) object.store.saveNarrowed(mac, shorter, MAX_NARROWED);
}
