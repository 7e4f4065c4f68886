/**
 * Master keys that rows need and the ring does not hold: data encrypted with such a key does not open until the key is
 * put back. Reads alone, and a bounded number of rows, however many accounts there are: each key that the directory has
 * noted is looked for by the index over key ids.
 */

import type { Keyring } from '#crypto/keyring.ts';
import { ask } from '../ask.ts';

/** More keys than that are not asked about at once, and named neither. */
const MAX_KEYS = 16;

/** `unheard`: rows whose object has not said yet which key it needs, so that it may be any. */
export interface MissingKey {
  readonly kid: string;
  readonly by: 'data_key' | 'account' | 'agent' | 'revocation' | 'unheard';
}

const MISSING = `SELECT k.kid AS kid,
    EXISTS (SELECT 1 FROM data_key d WHERE substr(d.wrapped, 1, length(k.kid) + 4) = 'k1.' || k.kid || '.') AS data_key,
    EXISTS (SELECT 1 FROM account_index a WHERE a.kid = k.kid) AS account,
    EXISTS (SELECT 1 FROM agent_index g WHERE g.kid = k.kid) AS agent,
    EXISTS (SELECT 1 FROM cut_off c WHERE c.kid = k.kid) AS revocation,
    EXISTS (SELECT 1 FROM account_index a WHERE a.kid IS NULL)
      OR EXISTS (SELECT 1 FROM agent_index g WHERE g.kid IS NULL) AS unheard
  FROM (SELECT kid FROM key_check WHERE kid NOT IN (SELECT value FROM json_each(?)) ORDER BY created_at_ms LIMIT ?) k`;

/** @throws ProblemError `unavailable` */
export async function missingKeys(db: D1Database, ring: Keyring): Promise<MissingKey[]> {
  const held = JSON.stringify([...ring.byKid.keys()]);
  const found = await ask(() =>
    db.prepare(MISSING).bind(held, MAX_KEYS).all<{ kid: string } & Record<MissingKey['by'], number>>(),
  );
  return found.results.flatMap((row) => {
    const by = (['data_key', 'account', 'agent', 'revocation', 'unheard'] as const).find(
      (name) => row[name] !== 0,
    );
    return by === undefined ? [] : [{ kid: row.kid, by }];
  });
}
