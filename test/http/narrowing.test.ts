import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;

beforeAll(async () => {
  provider = await startOAuthServer({ accessTokenTtlS: 600 });
  broker = await startBroker();
  w = world(broker, provider);
});
afterAll(async () => {
  await broker.dispose();
  await provider.close();
});

const GRANTED = 'openid offline_access contacts.read contacts.write files.read';

async function account(downscoping: string) {
  const connection = await w.connection({ refresh_scope_downscoping: downscoping });
  const identifier = name('user');
  const grant = await provider.grant({ scope: GRANTED });
  const id = await w.account(connection, identifier, {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 600,
    scope: GRANTED,
  });
  const reader = await w.agent({ rules: [{ connection, identifiers: ['*'], scopes: ['contacts.read'] }] });
  const all = await w.agent({ rules: [{ connection, identifiers: ['*'] }] });
  const fetchAs = (agent: typeof reader, query = '') =>
    agent.client.get(`/v1/connected-accounts/${id}/token${query}`);
  return { id, grant, reader, all, fetchAs };
}

describe('an agent that may have less than was granted', () => {
  it('gets a token narrowed at a refresh where the provider does that, and others keep the full one', async () => {
    const { id, reader, all, fetchAs, grant } = await account('supported');
    const calls = provider.calls.length;
    const narrow = await fetchAs(reader);
    expect(narrow.status, narrow.text).toBe(200);
    expect(narrow.body.scope).toBe('contacts.read');
    expect(narrow.body.access_token).not.toBe(grant.accessToken);
    expect(provider.calls.at(-1)?.scope).toBe('contacts.read');
    const again = await fetchAs(reader);
    expect(again.body.access_token).toBe(narrow.body.access_token);
    const full = await fetchAs(all);
    expect(full.body.access_token).toBe(grant.accessToken);
    expect(full.body.scope).toBe(GRANTED);
    expect(provider.calls.length - calls).toBe(1);
    expect(provider.calls.every((call) => call.verdict !== 'reuse')).toBe(true);
    const verified = await w.operator.get(`/v1/connected-accounts/${id}/audit/verify`);
    expect(verified.body.intact).toBe(true);
  });

  it('narrows for each scope set by itself, one exchange at a time on the rotating grant', async () => {
    const { all, fetchAs } = await account('supported');
    const calls = provider.calls.length;
    const sets = ['contacts.read', 'files.read', 'contacts.read contacts.write'];
    const answers = await Promise.all(
      [...sets, ...sets, ...sets].map((scope) => fetchAs(all, `?scope=${encodeURIComponent(scope)}`)),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 9 }, () => 200));
    expect(new Set(answers.map((answer) => answer.body.access_token)).size).toBe(3);
    expect(provider.calls.length - calls).toBe(3);
    expect(provider.calls.slice(calls).every((call) => call.verdict === 'fresh' && !call.overlaps)).toBe(
      true,
    );
  });

  it('is told cannot_downscope with what is granted and allowed where the provider does not narrow', async () => {
    const { reader, fetchAs } = await account('unsupported');
    const refused = await fetchAs(reader);
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      code: 'policy_denied',
      reason: 'cannot_downscope',
      granted: GRANTED.split(' '),
      allowed: ['contacts.read'],
    });
    expect(refused.text).not.toContain('access_token');
  });

  it('never gets the full token that a provider sends although less was asked for', async () => {
    const { reader, all, fetchAs } = await account('supported');
    provider.faults.next({ transform: (json) => ({ ...(json as object), scope: GRANTED }) });
    const refused = await fetchAs(reader);
    expect(refused.status, refused.text).toBe(403);
    expect(refused.body.reason).toBe('cannot_downscope');
    const calls = provider.calls.length;
    expect((await fetchAs(reader)).body.reason).toBe('cannot_downscope');
    expect(provider.calls.length).toBe(calls);
    expect((await fetchAs(all)).status).toBe(200);
  });

  it('is refused alone when the provider rejects the narrower scope: the grant stays as it was', async () => {
    const { id, reader, all, fetchAs, grant } = await account('supported');
    provider.faults.next({ status: 400, body: '{"error":"invalid_scope"}', contentType: 'application/json' });
    expect((await fetchAs(reader)).body.reason).toBe('cannot_downscope');
    expect((await fetchAs(all)).body.access_token).toBe(grant.accessToken);
    const shown = await w.operator.get(`/v1/connected-accounts/${id}`);
    expect(shown.body).toMatchObject({ status: 'active', degraded_since: null, in_doubt_since: null });
  });

  it('says missing_scopes and scope_not_allowed for what was not granted or not allowed', async () => {
    const { reader, all, fetchAs } = await account('supported');
    expect((await fetchAs(reader, '?scope=files.read')).body.reason).toBe('scope_not_allowed');
    expect((await fetchAs(all, '?scope=calendar.read')).body.reason).toBe('missing_scopes');
  });
});
