/**
 * The protocol's own conformance suite at `POST /mcp`, as far as it asks for no tool of its own. It sends no key: a few
 * lines in front of the broker add the agent's.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startMcpScene, type McpAgent, type McpScene } from './mcp-scene.ts';

const PROGRAM = path.resolve(
  import.meta.dirname,
  '../../node_modules/@modelcontextprotocol/conformance/dist/index.js',
);

let scene: McpScene;
let agent: McpAgent;
let front: Server;
let folder: string;

beforeAll(async () => {
  scene = await startMcpScene();
  const { connection } = await scene.connected();
  agent = await scene.agent([{ connection }]);
  folder = await mkdtemp(path.join(tmpdir(), 'valetkey-conformance-'));
  const { port } = new URL(scene.broker.url);
  front = createServer((asked, answer) => {
    const own = `127.0.0.1:${(front.address() as AddressInfo).port}`;
    // The address of this front stands for the broker's own; any other goes on as it came.
    const broker = `127.0.0.1:${port}`;
    const host = asked.headers.host === own ? broker : asked.headers.host;
    const origin = asked.headers.origin === `http://${own}` ? { origin: `http://${broker}` } : {};
    const headers = { ...asked.headers, ...origin, host, authorization: `Bearer ${agent.key}` };
    const { method, url } = asked;
    const sent = httpRequest({ host: '127.0.0.1', port, method, path: url, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(answer);
    });
    asked.pipe(sent);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  front.closeAllConnections();
  await new Promise((resolve) => front.close(resolve));
  await rm(folder, { recursive: true, force: true });
  await scene.stop();
});

it.each(['server-initialize', 'ping', 'tools-list', 'dns-rebinding-protection'])('%s', async (scenario) => {
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}/mcp`;
  const args = [PROGRAM, 'server', '--url', url, '--scenario', scenario];
  const run = promisify(execFile)(process.execPath, args, { cwd: folder, timeout: 60_000 });
  const { stdout, stderr, code } = await run.then(
    (done) => ({ ...done, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toMatch(/[1-9]\d* passed|Passed: [1-9]/i);
});
