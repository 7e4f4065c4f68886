/** The table `data_key`: wrapped data keys that belong to no account and no agent. So far one, for client secrets. */

import type { Config } from '#env.ts';
import { ProblemError } from '#contract/problem.ts';
import { createDataKey, openDataKey, type DataKey } from '#crypto/envelope.ts';
import { CONNECTIONS_OWNER } from '#crypto/places.ts';
import { ask } from './ask.ts';
import { assertVault } from './key-check.ts';

const PURPOSE = 'connection';
const RETRY_AFTER_S = 5;

/** The data key of all client secrets, opened, and as it is stored. */
export interface ConnectionKey {
  readonly wrapped: string;
  readonly key: DataKey;
}

function stored(db: D1Database): Promise<string | null> {
  return ask(() =>
    db.prepare('SELECT wrapped FROM data_key WHERE purpose = ?').bind(PURPOSE).first<string>('wrapped'),
  );
}

/** Of two that draw a key at the same time one is kept, and both go on with that one. */
async function kept(db: D1Database, drawn: string): Promise<string> {
  const insert = 'INSERT INTO data_key (purpose, wrapped) VALUES (?, ?) ON CONFLICT (purpose) DO NOTHING';
  await ask(() => db.prepare(insert).bind(PURPOSE, drawn).run());
  return (await stored(db)) ?? drawn;
}

/**
 * Opens the key of client secrets; the first use draws it.
 * @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt`
 */
export async function connectionKey(
  config: Pick<Config, 'directory' | 'masterKeys'>,
): Promise<ConnectionKey> {
  const ring = await assertVault(config);
  if (!ring.ok)
    throw new ProblemError(ring.error.code, { detail: ring.error.detail, retryAfterS: RETRY_AFTER_S });
  const db = config.directory;
  const wrapped =
    (await stored(db)) ?? (await kept(db, (await createDataKey(ring.value, CONNECTIONS_OWNER)).wrapped));
  const key = await openDataKey(ring.value, CONNECTIONS_OWNER, wrapped);
  if (!key.ok)
    throw new ProblemError(key.error.code, { detail: key.error.detail, retryAfterS: RETRY_AFTER_S });
  return { wrapped, key: key.value };
}
