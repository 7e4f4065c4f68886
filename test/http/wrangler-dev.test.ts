/** `npx wrangler dev`: the same Worker, which makes its own tables, on data that `npm start` and `serve` go on with. */

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../../src/dev/ports.ts';
import { call, client } from '../support/callers.ts';
import { endAllNaming, endGroup, ROOT, run, runNode, temporaryFolder, type Program } from './programs.ts';

const settings = {
  ADMIN_KEY: randomBytes(32).toString('hex'),
  MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
};

/** Without a question, a look-up on the network or a word to anybody. */
const ALONE = {
  CI: '1',
  WRANGLER_SEND_METRICS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_HIDE_BANNER: 'true',
};

async function wranglerDev(folder: string, vars: string): Promise<{ program: Program; url: string }> {
  const [port, inspector] = [await freePort(), await freePort()];
  const program = run(
    process.execPath,
    [
      path.join(ROOT, 'node_modules/wrangler/bin/wrangler.js'),
      'dev',
      `--port=${port}`,
      `--inspector-port=${inspector}`,
      `--persist-to=${folder}`,
      `--env-file=${vars}`,
      '--show-interactive-dev-session=false',
    ],
    { ...ALONE, WRANGLER_LOG_PATH: path.join(folder, 'logs') },
  );
  await program.says(/Ready on http/);
  return { program, url: `http://localhost:${port}` };
}

it(
  'makes its own tables at the first request of an operator, and `serve` goes on with its data',
  { timeout: 120_000 },
  async () => {
    const folder = await temporaryFolder();
    const programs: Program[] = [];
    try {
      const vars = path.join(folder.path, 'vars');
      await writeFile(
        vars,
        Object.entries(settings)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      );
      const dev = await wranglerDev(folder.path, vars);
      programs.push(dev.program);
      const operator = client(dev.url, settings.ADMIN_KEY);
      const stored = await operator.put('/v1/credentials/my-api', { api_key: 'stored-under-wrangler' });
      expect(stored.status, stored.text).toBe(201);
      const agent = await operator.post('/v1/agents', {
        id: 'me',
        key: true,
        policy: { allowed_credentials: ['my-api'] },
      });
      expect(agent.status, agent.text).toBe(201);
      expect((await call('GET', `${dev.url}/readyz`)).body.status).toBe('ready');
      dev.program.child.kill('SIGTERM');
      await dev.program.exited;

      const served = runNode(
        'serve.ts',
        ['--port', '0', '--persist-to', path.join(folder.path, 'v3')],
        settings,
      );
      programs.push(served);
      const [, port] = await served.says(/^ready http:\/\/127\.0\.0\.1:(\d+)$/m);
      const got = await call('GET', `http://127.0.0.1:${port}/v1/agents/me/credentials/my-api`, {
        key: String(agent.body.key),
      });
      expect([got.status, got.body.api_key]).toEqual([200, 'stored-under-wrangler']);
      served.child.kill('SIGTERM');
      expect(await served.exited).toBe(0);
    } finally {
      programs.forEach(endGroup);
      await endAllNaming(folder.path);
      await folder.remove();
    }
  },
);
