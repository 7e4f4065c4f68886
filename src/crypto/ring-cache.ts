/** The opened ring, once per isolate and text of `MASTER_KEYS`. */

import type { Result } from '#lib/result.ts';
import { openKeyring, type Keyring, type VaultLocked } from './keyring.ts';

let cached: { text: string | null; ring: Promise<Result<Keyring, VaultLocked>> } | null = null;

export function ringOf(masterKeys: string | null): Promise<Result<Keyring, VaultLocked>> {
  if (cached === null || cached.text !== masterKeys)
    cached = { text: masterKeys, ring: openKeyring(masterKeys) };
  return cached.ring;
}
