/** The keeper of the local engine does its work for the process that made it, and for no other on the machine. */

import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, expect, it } from 'vitest';
import { keeper } from '../../src/dev/engine/keeper.ts';

const options = { compatibilityDate: '2026-01-01', d1Databases: { DB: 'db' } };
const keeping = keeper('broker', options);
const BROKER = 'export default { fetch: () => new Response(null, { status: 404 }), scheduled() {} };';
const broker = { name: 'broker', compatibilityDate: '2026-01-01', modules: true, script: BROKER };
const engine = new Miniflare(
  convertV4MiniflareOptions({ workers: [broker, keeping.worker] } as never) as never,
);
afterAll(() => engine.dispose());

const TABLE = 'CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT)';

it('runs SQL, reads migrations and rings the cron for its process', async () => {
  await keeping.exec(engine, `${TABLE}\nINSERT INTO d1_migrations (name) VALUES ('one')`);
  expect(await keeping.migrations(engine)).toEqual(['one']);
  await keeping.cron(engine, '* * * * *');
});

it.each([{}, { authorization: '' }, { authorization: 'undefined' }, { authorization: 'x'.repeat(43) }])(
  'is not there for a process that proves itself by %o',
  async (headers: Record<string, string>) => {
    const url = await engine.ready;
    for (const work of ['exec', 'names', 'cron']) {
      const body = JSON.stringify({ work, lines: 'DROP TABLE d1_migrations', cron: '* * * * *' });
      const init = { method: 'POST', headers: { ...headers, 'MF-Route-Override': 'keeper' }, body };
      expect((await fetch(url, init)).status).toBe(404);
    }
    expect(await keeping.migrations(engine)).toEqual(['one']);
  },
);
