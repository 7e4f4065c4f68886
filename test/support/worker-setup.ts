/** Runs before each file of the worker layer: storage is the file's own, so the directory gets its schema. */

import { env } from 'cloudflare:workers';
import { applyMigrations } from '#directory/migrate.ts';

await applyMigrations((env as { DB: D1Database }).DB);
