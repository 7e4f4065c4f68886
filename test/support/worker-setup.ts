/**
 * Runs before each file of the worker layer. The files share the engine and the modules that it has loaded; storage is
 * emptied between them.
 */

import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { ReleaseLines } from '#accounts/release-line.ts';
import { applyMigrations } from '#directory/migrate.ts';

// One request is one call to its account here, whatever else is going on; how requests go together is tested purely and
// in `test/http/together.test.ts`.
ReleaseLines.prototype.release = (_accountId, request, send) => send.alone(request);

vi.useRealTimers();
await reset();
await applyMigrations((env as { DB: D1Database }).DB);
