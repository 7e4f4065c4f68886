/** Runs before each file of the worker layer: storage is the file's own, so the directory gets its schema. */

import { env } from 'cloudflare:workers';
import { ReleaseLines } from '#accounts/release-line.ts';
import { applyMigrations } from '#directory/migrate.ts';

// One request is one call to its account here, whatever else is going on; how requests go together is tested purely and
// in `test/http/together.test.ts`.
ReleaseLines.prototype.release = (_accountId, request, send) => send.alone(request);

await applyMigrations((env as { DB: D1Database }).DB);
