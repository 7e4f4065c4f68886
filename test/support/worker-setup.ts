/**
 * Runs before each file of the worker layer. The files share the engine and the modules that it has loaded; storage is
 * emptied between them.
 */

import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { assertVault } from '#directory/keys/key-check.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { forgetEndpoints } from '#directory/webhooks/webhook-settings.ts';

const { DB: db, MASTER_KEYS: masterKeys } = env as { DB: D1Database; MASTER_KEYS: string };

vi.useRealTimers();
// A file may have left another clock (`revocations/world.ts`): the first that was here is the machine's.
const kept = globalThis as { machineNow?: () => number };
kept.machineNow ??= Date.now;
Date.now = kept.machineNow;
await reset();
await applyMigrations(db);
forgetEndpoints();
// The Worker remembers by its database that the ring is right, and would not note it again: as another database it does.
const noted = await assertVault({ directory: Object.create(db) as D1Database, masterKeys });
if (!noted.ok) throw new Error(noted.error.detail);
