/** Runs before each file of the worker layer: storage is the file's own, so the directory gets its schema. */

import { env } from 'cloudflare:workers';
import { ReleaseLines } from '#accounts/release-line.ts';
import { applyMigrations } from '#directory/migrate.ts';

// The pool turns off by which a promise of one request may be resolved by another, which workerd does in every other
// setting. So each request asks its account alone here; together they do in `test/http/together.test.ts`.
ReleaseLines.prototype.release = (_accountId, request, send) => send.alone(request);

await applyMigrations((env as { DB: D1Database }).DB);
