/** The table `data_key`: wrapped data keys that belong to no account and no agent. So far one, for client secrets. */

import type { Config } from '#env.ts';
import { ProblemError } from '#contract/problem.ts';
import { createDataKey, openDataKey, type DataKey } from '#crypto/envelope.ts';
import type { Keyring } from '#crypto/keyring.ts';
import { CONNECTIONS_OWNER } from '#crypto/places.ts';
import { ask } from './ask.ts';
import { assertVault } from './key-check.ts';

const PURPOSE = 'connection';
const RETRY_AFTER_S = 5;

/** Where the vault and the directory are. */
export type VaultConfig = Pick<Config, 'directory' | 'masterKeys'>;

/** The ring, known to be the right one. @throws ProblemError `vault_locked`, `unavailable` */
async function ringOfVault(config: VaultConfig): Promise<Keyring> {
  const ring = await assertVault(config);
  if (ring.ok) return ring.value;
  throw new ProblemError(ring.error.code, { detail: ring.error.detail, retryAfterS: RETRY_AFTER_S });
}

async function open(ring: Keyring, wrapped: string): Promise<DataKey> {
  const key = await openDataKey(ring, CONNECTIONS_OWNER, wrapped);
  if (key.ok) return key.value;
  throw new ProblemError(key.error.code, { detail: key.error.detail, retryAfterS: RETRY_AFTER_S });
}

/**
 * Opens the key of client secrets as it is stored; null where the row is gone, which no restart brings back.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`
 */
export async function openConnectionKey(config: VaultConfig, wrapped: string | null): Promise<DataKey> {
  const ring = await ringOfVault(config);
  if (wrapped !== null) return open(ring, wrapped);
  throw new ProblemError('record_corrupt', {
    detail: 'the data key of the connections is missing from the directory',
  });
}

function stored(db: D1Database): Promise<string | null> {
  return ask(() =>
    db.prepare('SELECT wrapped FROM data_key WHERE purpose = ?').bind(PURPOSE).first<string>('wrapped'),
  );
}

/**
 * Draws the key before the first connection is made. Never beside connections that another key has encrypted, and of two
 * that draw at the same time one is kept.
 */
async function draw(db: D1Database, ring: Keyring): Promise<void> {
  const { wrapped } = await createDataKey(ring, CONNECTIONS_OWNER);
  const insert = `INSERT INTO data_key (purpose, wrapped) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM connection)
    ON CONFLICT (purpose) DO NOTHING`;
  await ask(() => db.prepare(insert).bind(PURPOSE, wrapped).run());
}

/**
 * Opens the key of client secrets for writing; the first use draws it.
 * @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt`
 */
export async function connectionKey(config: VaultConfig): Promise<DataKey> {
  const ring = await ringOfVault(config);
  const known = await stored(config.directory);
  if (known !== null) return open(ring, known);
  await draw(config.directory, ring);
  return openConnectionKey(config, await stored(config.directory));
}
