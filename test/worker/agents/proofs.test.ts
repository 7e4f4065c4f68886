/** By what agents prove themselves beside their keys: written, answered, taken by one agent alone, and given up. */

import { createExecutionContext, runDurableObjectAlarm, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import type { AgentProofs } from '#contract/callers/agent-proofs.ts';
import { agentsTrusting, claimProofs, rowsOf } from '#directory/callers/agent-proofs.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { actions, config, context, freshId, records, right, settled, stub, tamper } from './world.ts';

const app = createApp();
const { directory } = config;
const GITHUB = 'https://token.actions.githubusercontent.com';
let count = 0;
/** Each test has an audience of its own. */
const freshAudience = () => `aud-${(count += 1)}`;
const trust = (audience: string, subject = 'repo:acme/web:ref:refs/heads/main') => ({
  issuer: GITHUB,
  subject,
  audience,
});
const thumbprint = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );

async function call(method: string, path: string, body?: unknown) {
  const headers = { authorization: `Bearer ${config.adminKey}`, 'content-type': 'application/json' };
  const request = new Request(`https://broker.test/v1/agents${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const execution = createExecutionContext();
  const answer = await app.fetch(request, env as object, execution);
  const text = await answer.text();
  await waitOnExecutionContext(execution);
  return { status: answer.status, json: text === '' ? null : JSON.parse(text) };
}

async function made(proofs: Record<string, unknown>): Promise<string> {
  const id = freshId();
  const answer = await call('POST', '', { id, ...proofs });
  expect(answer).toMatchObject({ status: 201, json: proofs });
  return id;
}

const rowsIn = async (id: string) =>
  (
    await directory
      .prepare('SELECT kind, issuer, audience, subject FROM agent_proof WHERE agent_id = ? ORDER BY number')
      .bind(id)
      .all()
  ).results;
const trusting = async (audience: string, subject: string) =>
  (await agentsTrusting(directory, { issuer: GITHUB, audience, subject })).agentIds;

beforeAll(() => applyMigrations(directory));

describe('the proofs of an agent', () => {
  it('are answered as they were given, one workload or several', async () => {
    const one = trust(freshAudience());
    const id = await made({ oidc: one, certificate_thumbprint: thumbprint() });
    expect((await call('GET', `/${id}`)).json.oidc).toEqual(one);
    const two = [
      trust(freshAudience()),
      { ...trust(freshAudience(), 'repo:acme@1/*'), preset: 'github_actions' },
    ];
    expect((await call('PATCH', `/${id}`, { oidc: two })).json.oidc).toEqual(two);
    expect((await call('GET', `/${id}`)).json.oidc).toEqual(two);
    await settled(id);
    const page = await call('GET', '?limit=100');
    expect(page.json.data.find((agent: { id: string }) => agent.id === id).oidc).toEqual(two);
  });

  it('keep what a change does not name, and lose what it names null', async () => {
    const certificate = thumbprint();
    const id = await made({ oidc: trust(freshAudience()), certificate_thumbprint: certificate });
    expect((await call('PATCH', `/${id}`, { name: 'B' })).json).toMatchObject({
      oidc: { issuer: GITHUB },
      certificate_thumbprint: certificate,
    });
    expect((await call('PATCH', `/${id}`, { oidc: null })).json).toMatchObject({
      oidc: null,
      certificate_thumbprint: certificate,
    });
    expect(await rowsIn(id)).toMatchObject([{ kind: 'certificate', subject: certificate }]);
  });

  it('are one set of keys, given or published', async () => {
    const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }] };
    const id = await made({ jwks });
    const published = { jwks: null, jwks_uri: 'https://agent.example/jwks' };
    expect((await call('PATCH', `/${id}`, { jwks_uri: published.jwks_uri })).json).toMatchObject(published);
    expect((await call('PATCH', `/${id}`, { jwks })).json).toMatchObject({ jwks, jwks_uri: null });
    const both = await call('PATCH', `/${id}`, { jwks, jwks_uri: published.jwks_uri });
    expect(both).toMatchObject({ status: 400, json: { errors: [{ path: 'jwks_uri' }] } });
  });

  it('take a thumbprint in each spelling that tools write, and answer one', async () => {
    const hex = thumbprint();
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (two) => Number.parseInt(two, 16));
    const base64url = btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replace('=', '');
    const id = await made({ certificate_thumbprint: hex });
    for (const spelling of [base64url, hex.toUpperCase(), (hex.toUpperCase().match(/../g) ?? []).join(':')]) {
      const answer = await call('PATCH', `/${id}`, { certificate_thumbprint: spelling });
      expect(answer).toMatchObject({ status: 200, json: { certificate_thumbprint: hex } });
    }
  });

  it('are recorded when they change, once, and not when they do not', async () => {
    const oidc = trust(freshAudience());
    const id = await made({ oidc });
    await call('PATCH', `/${id}`, { oidc });
    expect(await actions(id)).toEqual(['agent.create']);
    await call('PATCH', `/${id}`, { oidc: null, certificate_thumbprint: null });
    expect(await actions(id)).toEqual(['agent.create', 'agent.update']);
    expect((await records(id)).map(({ evidence }) => evidence)).toEqual([['field:oidc'], ['field:oidc']]);
    expect(JSON.stringify(await records(id))).not.toContain(GITHUB);
  });

  it('that were changed outside the broker are refused', async () => {
    const id = await made({ oidc: trust(freshAudience()) });
    await settled(id);
    await tamper(id, `UPDATE agent SET proofs = replace(proofs, 'acme', 'evil')`);
    expect(await stub(id).lookup({})).toMatchObject({ ok: false, code: 'record_corrupt' });
  });
});

describe('two agents', () => {
  it.each([
    ['repo:acme/web:ref:refs/heads/main', 'repo:acme/web:ref:refs/heads/main'],
    ['repo:acme/*', 'repo:acme/web:ref:refs/heads/main'],
    ['repo:acme/web:ref:refs/heads/main', 'repo:acme/*'],
    ['repo:acme/*:environment:production', 'repo:acme/web:*'],
  ])('are never let in by the same workload: %s and %s', async (one, other) => {
    const audience = freshAudience();
    await made({ oidc: trust(audience, one) });
    const id = freshId();
    const refused = await call('POST', '', { id, oidc: trust(audience, other) });
    expect(refused).toMatchObject({ status: 409, json: { code: 'conflict' } });
    expect((await call('GET', `/${id}`)).status).toBe(404);
    const second = await made({});
    expect((await call('PATCH', `/${second}`, { oidc: trust(audience, other) })).status).toBe(409);
    expect((await call('GET', `/${second}`)).json.oidc).toBeNull();
    expect(await rowsIn(second)).toEqual([]);
  });

  it('have one certificate each', async () => {
    const certificate = thumbprint();
    const id = await made({ certificate_thumbprint: certificate });
    const other = { id: freshId(), certificate_thumbprint: certificate.toUpperCase() };
    expect(await call('POST', '', other)).toMatchObject({ status: 409, json: { code: 'conflict' } });
    expect((await call('PATCH', `/${id}`, { certificate_thumbprint: certificate })).status).toBe(200);
  });

  it('that ask for the same at once: one gets it', async () => {
    const audience = freshAudience();
    const subjects = ['repo:acme/*', 'repo:acme/web:*', 'repo:acme/web:ref:refs/heads/main'];
    const answers = await Promise.all(
      subjects.map((subject) => call('POST', '', { id: freshId(), oidc: trust(audience, subject) })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
  });

  it('may stand side by side: other subjects, another audience', async () => {
    const audience = freshAudience();
    const both = [await made({ oidc: trust(audience, 'repo:acme/web:*') })];
    both.push(await made({ oidc: trust(audience, 'repo:acme/api:*') }));
    await made({ oidc: trust(freshAudience(), 'repo:acme/web:*') });
    expect(await trusting(audience, 'repo:acme/web:x')).toEqual([both[0]]);
    expect(await trusting(audience, 'repo:acme/api:x')).toEqual([both[1]]);
  });
});

describe('a workload', () => {
  const subject = 'repo:acme/web:ref:refs/heads/main';

  it('is free for another agent when its agent is deleted, or trusts it no longer', async () => {
    const audience = freshAudience();
    const first = await made({ oidc: trust(audience) });
    expect(await trusting(audience, subject)).toEqual([first]);
    await call('PATCH', `/${first}`, { oidc: null });
    const second = await made({ oidc: trust(audience) });
    expect(await trusting(audience, subject)).toEqual([second]);
    expect((await call('DELETE', `/${second}`)).status).toBe(204);
    await expect.poll(() => rowsIn(second)).toEqual([]);
    await made({ oidc: trust(audience) });
  });

  it('is not held by an agent that was refused', async () => {
    const audience = freshAudience();
    const id = await made({});
    expect((await call('POST', '', { id, oidc: trust(audience) })).status).toBe(409);
    expect(await trusting(audience, subject)).toEqual([]);
  });

  it('is not kept for ever by a claim whose agent never came to be', async () => {
    const audience = freshAudience();
    const proofs = { oidc: trust(audience), certificate_thumbprint: null };
    await claimProofs(directory, 'never-made', rowsOf(proofs), Date.now());
    const id = freshId();
    expect((await call('POST', '', { id, oidc: trust(audience) })).status).toBe(409);
    await directory.prepare(`UPDATE agent_proof SET claimed_at_ms = 0 WHERE agent_id = 'never-made'`).run();
    expect((await call('POST', '', { id, oidc: trust(audience) })).status).toBe(201);
    expect(await trusting(audience, subject)).toEqual([id]);
  });

  it('is kept by an agent that has it, however old its row is', async () => {
    const audience = freshAudience();
    const id = await made({ oidc: trust(audience) });
    await directory.prepare('UPDATE agent_proof SET claimed_at_ms = 0 WHERE agent_id = ?').bind(id).run();
    expect((await call('POST', '', { id: freshId(), oidc: trust(audience) })).status).toBe(409);
  });
});

it('rows that a restored directory has lost come back with the agent’s own report', async () => {
  const audience = freshAudience();
  const id = await made({ oidc: trust(audience) });
  await settled(id);
  await directory.prepare('DELETE FROM agent_proof WHERE agent_id = ?').bind(id).run();
  right(await stub(id).update({ name: 'again', context }));
  await runDurableObjectAlarm(config.agents.getByName(id));
  await expect.poll(() => rowsIn(id)).toMatchObject([{ kind: 'oidc', audience }]);
});

it('the rows of an agent say each proof once', () => {
  const one = trust('a');
  const proofs: AgentProofs = {
    jwks: null,
    jwks_uri: null,
    oidc: [one, { ...one }],
    certificate_thumbprint: null,
  };
  expect(rowsOf(proofs)).toHaveLength(1);
});
