/** `npm run serve`: how it starts, says what is missing, ends, and goes on after a kill -9. */

import { createServer } from 'node:net';
import { once } from 'node:events';
import { cp, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { freePort } from '../../src/dev/ports.ts';
import { startBroker } from '../support/broker.ts';
import { call, client } from '../support/callers.ts';
import { world } from '../support/world.ts';
import { descendants, endGroup, isAlive, ROOT, run, runNode, runNpm, temporaryFolder } from './programs.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const READY = /^ready http:\/\/127\.0\.0\.1:(\d+)$/m;
const NO_KEYS = { ADMIN_KEY: '', MASTER_KEYS: '' };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

describe('npm run serve', () => {
  it('says where it is ready and answers there, and a SIGTERM ends it with all its children', async () => {
    const port = await freePort();
    const served = runNpm(['run', 'serve', '--', '--port', String(port), '--persist-to', folder.path]);
    try {
      expect((await served.says(READY))[1]).toBe(String(port));
      const health = await call('GET', `http://127.0.0.1:${port}/healthz`);
      expect([health.status, health.body]).toEqual([200, { status: 'ok', version: expect.any(String) }]);
      const started = await descendants(served.child.pid ?? 0);
      expect(started.length).toBeGreaterThan(1);
      served.child.kill('SIGTERM');
      await served.exited;
      await expect.poll(() => started.filter(isAlive), { timeout: PATIENCE_MS }).toEqual([]);
    } finally {
      endGroup(served);
    }
  });

  it('ends also when the SIGTERM comes before it is ready', async () => {
    const served = runNode('serve.ts', ['--port', '0', '--persist-to', folder.path]);
    try {
      await expect
        .poll(async () => (await descendants(served.child.pid ?? 0)).length, { timeout: PATIENCE_MS })
        .toBeGreaterThan(0);
      const started = await descendants(served.child.pid ?? 0);
      served.child.kill('SIGTERM');
      await served.exited;
      await expect.poll(() => started.filter(isAlive), { timeout: PATIENCE_MS }).toEqual([]);
    } finally {
      endGroup(served);
    }
  });

  it.each(['nine', '-1', '65536', '80.5', ''])('takes no port %j: exit code 2 and one line', async (port) => {
    const served = runNode('serve.ts', [`--port=${port}`, '--persist-to', folder.path]);
    expect(await served.exited).toBe(2);
    expect(served.stderr()).toMatch(/^--port must be 0 to 65535, not .*\n$/);
    expect(served.stdout()).toBe('');
  });

  it('says that a port is taken: exit code 2', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const served = runNode('serve.ts', ['--port', String(port), '--persist-to', folder.path]);
    expect(await served.exited).toBe(2);
    expect(served.stderr()).toContain(`port ${port} is taken`);
    holder.close();
  });

  it('takes no data that another broker runs on: exit code 2, and the other goes on', async () => {
    const own = await temporaryFolder();
    const first = runNode('serve.ts', ['--port', '0', '--persist-to', own.path]);
    try {
      const [, port] = await first.says(READY);
      const second = runNode('serve.ts', ['--port', '0', '--persist-to', `${own.path}/.`]);
      expect(await second.exited).toBe(2);
      expect(second.stderr()).toContain(`another broker runs on the data in ${own.path}: stop it, or`);
      expect(second.stdout()).toBe('');
      expect((await call('GET', `http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    } finally {
      endGroup(first);
      await first.exited;
      await own.remove();
    }
  });

  it('has its settings from the environment alone, whatever lies beside wrangler.toml', async () => {
    const checkout = await temporaryFolder();
    for (const part of ['src', 'package.json', 'tsconfig.json', 'wrangler.toml']) {
      await cp(path.join(ROOT, part), path.join(checkout.path, part), { recursive: true });
    }
    await symlink(path.join(ROOT, 'node_modules'), path.join(checkout.path, 'node_modules'));
    for (const file of ['.dev.vars', '.env']) {
      await writeFile(path.join(checkout.path, file), `ADMIN_KEY=${'k'.repeat(32)}\nALLOW_LOOPBACK=true\n`);
    }
    const program = path.join(checkout.path, 'src/dev/serve.ts');
    const served = run(
      process.execPath,
      [program, '--port', '0', '--persist-to', path.join(checkout.path, 'state')],
      NO_KEYS,
    );
    try {
      const [, port] = await served.says(READY);
      expect(served.stdout() + served.stderr()).not.toContain('.dev.vars');
      const { checks } = (await call('GET', `http://127.0.0.1:${port}/readyz`)).body;
      expect([checks.admin_key.ok, checks.loopback.detail]).toEqual([false, 'off']);
    } finally {
      endGroup(served);
      await served.exited;
      await checkout.remove();
    }
  });
});

it('a SIGTERM ends it in order: exit code 0', async () => {
  const served = runNode('serve.ts', ['--port', '0', '--persist-to', folder.path]);
  try {
    await served.says(READY);
    served.child.kill('SIGTERM');
    expect(await served.exited).toBe(0);
  } finally {
    endGroup(served);
  }
});

describe('a broker without its keys', () => {
  it('starts, and says in every answer and in /readyz what makes them', async () => {
    const broker = await startBroker({ ownProcess: true, settings: NO_KEYS });
    try {
      expect(broker.output()).toContain('ADMIN_KEY is not set');
      expect(broker.output()).toContain('MASTER_KEYS is not set');
      const ready = await call('GET', `${broker.url}/readyz`);
      expect(ready.status).toBe(503);
      expect(ready.body.checks.admin_key).toEqual({ ok: false, detail: expect.stringContaining('node -e') });
      expect(ready.body.checks.master_keys).toEqual({
        ok: false,
        detail: expect.stringContaining('node -e'),
      });
      const nobody = client(broker.url, null);
      for (const asked of [
        nobody.get('/v1/connections/x'),
        nobody.post('/v1/agents', { id: 'x' }),
        nobody.get('/v1/agents/x/credentials/y'),
      ]) {
        const refused = await asked;
        expect([refused.status, refused.body.code]).toEqual([401, 'unauthenticated']);
        expect(refused.body.detail).toMatch(/MASTER_KEYS is not set: make one with: node -e/);
      }
    } finally {
      await broker.dispose();
    }
  });

  it('is locked with an ADMIN_KEY alone, and says how to make the ring', async () => {
    const broker = await startBroker({ ownProcess: true, settings: { MASTER_KEYS: '' } });
    try {
      const operator = client(broker.url, broker.adminKey);
      for (const asked of [
        operator.put('/v1/credentials/my-api', { api_key: 'k' }),
        operator.post('/v1/agents', { id: 'x', key: true }),
        operator.post('/v1/connections', {
          id: 'x',
          provider: 'hubspot',
          client_id: 'c',
          client_secret: 's',
        }),
      ]) {
        const refused = await asked;
        expect([refused.status, refused.body.code]).toEqual([503, 'vault_locked']);
        expect(refused.body.detail).toMatch(/MASTER_KEYS is not set: make one with: node -e/);
      }
    } finally {
      await broker.dispose();
    }
  });
});

describe('a broker on the data of one that was killed', () => {
  let provider: OAuthServer;
  beforeAll(async () => {
    provider = await startOAuthServer();
  });
  afterAll(() => provider.close());

  it('serves the same token after a kill -9 of its group, and asks the provider for nothing', async () => {
    const broker = await startBroker({ ownProcess: true });
    try {
      const { fetchToken } = await world(broker, provider).connected();
      const before = await fetchToken();
      expect(before.status).toBe(200);
      await broker.kill();
      await broker.restart();
      const after = await fetchToken();
      expect([after.status, after.body.access_token]).toEqual([200, before.body.access_token]);
      expect(provider.calls).toEqual([]);
    } finally {
      await broker.dispose();
    }
  });
});
