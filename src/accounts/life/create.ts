/**
 * A new account, `pending` until a credential comes: its key, its first rows and its record. A name that was deleted
 * lives again on what its tombstone kept. Refuses to touch an account that is there, and to take a credential.
 */

import type { RequestContext } from '#audit/record.ts';
import { accountOwner } from '#crypto/places.ts';
import { ok, type Result } from '#lib/result.ts';
import { record, type Account } from '../account.ts';
import type { AccountRow, ConnectionSettings, TombstoneRow } from '../rows.ts';
import { authentic, readLiving, type Living, type Obstacle } from './living.ts';

/** What an account begins with. */
export interface Birth {
  readonly accountId: string;
  readonly organization: string;
  readonly connection: string;
  readonly identifier: string;
  readonly settings: ConnectionSettings;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly context: RequestContext;
}

/** The account, and the generation that its first row has drawn; null: none was, or it was there. */
export interface Made extends Living {
  readonly created: boolean;
  readonly drawn: number | null;
}

/**
 * The account of this triple; made as `pending` where there is none. `draws`: its first row draws a generation for the
 * credential that its maker brings, which then needs no write of its own.
 */
export async function createAccount(
  object: Account,
  birth: Birth,
  draws = false,
): Promise<Result<Made, Obstacle>> {
  const found = await readLiving(object);
  if (found.ok) return ok({ ...found.value, created: false, drawn: null });
  if (found.error.code !== 'not_found') return found;
  const { vault, store } = object;
  const grave = store.tombstone();
  const owner = accountOwner(birth.accountId, birth.organization, grave?.incarnation ?? 1);
  const made = await vault.keyForNewLife(owner, grave?.dataKey ?? null);
  if (!made.ok) return made;
  const { wrapped, life: opened } = made.value;
  const untouched = authentic(() => store.assertTombstone(opened.key.mac));
  if (!untouched.ok) return untouched;
  // Another request may have made it while the key was drawn: then its key is the account's.
  const reborn = (store.tombstone()?.incarnation ?? 1) !== owner.incarnation;
  if (reborn || store.keyMaterial() !== null) return createAccount(object, birth, draws);
  const begins = newAccount(birth, wrapped, grave, owner.incarnation, object.now());
  const row = draws ? { ...begins, generationCounter: begins.generationCounter + 1 } : begins;
  store.transaction(() => {
    // The chain begins before the row that says so: else the row would be written once more.
    record(
      object,
      row,
      opened.key.mac,
      { action: 'account.connect', outcome: 'ok', reason: 'created' },
      birth.context,
    );
    store.saveAccount(opened.key.mac, row);
    store.saveSettings(opened.key.mac, birth.settings);
    object.timers.set('index', object.now());
  });
  const living = await readLiving(object);
  return living.ok
    ? ok({ ...living.value, created: true, drawn: draws ? row.generationCounter : null })
    : living;
}

function newAccount(
  birth: Birth,
  dataKey: string,
  grave: TombstoneRow | null,
  incarnation: number,
  nowMs: number,
): AccountRow {
  return {
    accountId: birth.accountId,
    organization: birth.organization,
    connection: birth.connection,
    identifier: birth.identifier,
    provider: birth.settings.provider,
    incarnation,
    status: 'pending',
    statusBefore: null,
    statusReason: null,
    statusSinceMs: nowMs,
    statusProviderError: null,
    statusEvidence: [],
    causeBefore: null,
    reauthTold: false,
    subject: null,
    subjectLabel: null,
    metadata: birth.metadata,
    variables: {},
    sealed: false,
    credentialType: birth.settings.authType,
    dataKey,
    generationCounter: grave?.generationCounter ?? 0,
    rotation: null,
    imported: [],
    accessTokenTtlS: null,
    learntLifetime: null,
    lastUsedAtMs: null,
    lastRefreshedAtMs: null,
    degradedSinceMs: null,
    degradedCause: null,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
}
