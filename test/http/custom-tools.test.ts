/** Tools that operators add: checked when they come, used like the others, and gone when they go. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';
import { toolScene, type ToolScene } from './tools-scene.ts';

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let scene: ToolScene;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator()]);
  operator = client(broker.url, broker.adminKey);
  scene = await toolScene(broker, simulator, 'hubspot');
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

const toolName = () => name('tool').replaceAll(/[^a-z0-9]/g, '_');
const definition = () => ({
  connection: scene.connection,
  title: 'A contact',
  description: 'Reads one contact.',
  method: 'GET',
  path: '/crm/objects/2026-09/contacts/{id}',
  parameters: {
    type: 'object',
    properties: { id: { type: 'string' }, properties: { type: 'array', items: { type: 'string' } } },
    required: ['id'],
    additionalProperties: false,
  },
  result: 'properties',
});

describe('a tool of an operator', () => {
  it('is made, read, used, replaced and deleted', async () => {
    const tool = toolName();
    const made = await operator.put(`/v1/tools/${tool}`, definition());
    expect([made.status, made.body.is_custom, made.body.where]).toEqual([
      201,
      true,
      { id: 'path', properties: 'query' },
    ]);
    await vi.waitFor(async () => {
      const listed = (await scene.agent.get('/v1/tools')).body.data.map(
        ({ name: one }: { name: string }) => one,
      );
      expect(listed).toContain(tool);
    }, PATIENCE);
    const called = await scene.execute(tool, { id: '2' });
    expect([called.status, called.body.data]).toEqual([200, { firstname: 'Ada 1' }]);
    const replaced = await operator.put(`/v1/tools/${tool}`, { ...definition(), title: 'Another' });
    expect([replaced.status, replaced.body.title]).toEqual([200, 'Another']);
    expect((await operator.get(`/v1/tools/${tool}`)).body.title).toBe('Another');
    expect((await operator.delete(`/v1/tools/${tool}`)).status).toBe(204);
    expect((await operator.delete(`/v1/tools/${tool}`)).status).toBe(404);
    await vi.waitFor(async () => expect((await scene.execute(tool, { id: '2' })).status).toBe(404), PATIENCE);
  });

  it('is for the one connection that it names', async () => {
    const tool = toolName();
    await operator.put(`/v1/tools/${tool}`, definition());
    const other = await toolScene(broker, simulator, 'hubspot');
    const listed = (await other.agent.get('/v1/tools')).body.data.map(
      ({ name: one }: { name: string }) => one,
    );
    expect(listed).not.toContain(tool);
    await vi.waitFor(async () => {
      const reply = await other.execute(tool, { id: '2' });
      expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
    }, PATIENCE);
    expect((await other.agent.get(`/v1/tools/${tool}`)).status).toBe(404);
  });

  it.each([
    ['path', { path: 'https://evil.example/x' }],
    ['path', { path: '//evil.example/x' }],
    ['path', { path: '/a/../b' }],
    ['path', { path: '/x/{nobody}' }],
    ['path', { path: '/x/{id' }],
    ['path', { path: '/x?y={id}' }],
    ['parameters.required', { parameters: { type: 'object', properties: { id: { type: 'string' } } } }],
    ['parameters', { parameters: { type: 'array' } }],
    [
      'parameters',
      {
        parameters: {
          type: 'object',
          properties: { id: { $ref: 'https://evil.example/s' } },
          required: ['id'],
        },
      },
    ],
    [
      'parameters',
      { parameters: { type: 'object', properties: { id: { pattern: '(' } }, required: ['id'] } },
    ],
    ['where.id', { where: { id: 'query' } }],
    ['where.nobody', { where: { nobody: 'query' } }],
    ['where.properties', { where: { properties: 'body' } }],
    ['headers.Authorization', { headers: { Authorization: 'Bearer x' } }],
    ['headers.X-Ok', { headers: { 'X-Ok': 'a\r\nb: c' } }],
    ['pagination.param', { pagination: { kind: 'cursor', param: 'after', from: 'next' } }],
    ['body_encoding', { body_encoding: 'json' }],
    ['method', { method: 'CONNECT' }],
    ['connection', { connection: 'no-such-connection' }],
    ['connection', { provider: 'hubspot' }],
    ['strange', { strange: true }],
  ])('is refused at %s: %j', async (path, change) => {
    const reply = await operator.put(`/v1/tools/${toolName()}`, { ...definition(), ...change });
    expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
    expect(reply.body.errors.map((one: { path: string }) => one.path)).toContain(path);
  });

  it('takes no name of the broker, and none that is no name', async () => {
    expect((await operator.put('/v1/tools/hubspot_get_contact', definition())).status).toBe(409);
    expect((await operator.delete('/v1/tools/hubspot_get_contact')).status).toBe(409);
    expect((await operator.put('/v1/tools/search_tools', definition())).status).toBe(409);
    expect((await operator.put('/v1/tools/Bad-Name', definition())).status).toBe(400);
  });

  it('is made by an operator of all organizations alone', async () => {
    const bound = await operator.post('/v1/admin-keys', { role: 'operator', organization: 'acme' });
    const key = client(broker.url, String(bound.body.key));
    expect((await key.put(`/v1/tools/${toolName()}`, definition())).status).toBe(403);
    expect((await scene.agent.put(`/v1/tools/${toolName()}`, definition())).status).toBe(403);
    const auditor = await operator.post('/v1/admin-keys', { role: 'auditor' });
    const reader = client(broker.url, String(auditor.body.key));
    expect((await reader.put(`/v1/tools/${toolName()}`, definition())).status).toBe(403);
    expect((await reader.get('/v1/tools/hubspot_get_contact')).status).toBe(200);
  });
});
