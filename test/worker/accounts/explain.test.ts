/** What a person reads who asks why an agent gets an error: every reason that the door has, in words. */

import { describe, expect, it, vi } from 'vitest';
import { STATIC, many, replaceSecret, wrongClient } from './connection-world.ts';
import {
  config,
  connected,
  context,
  http,
  must,
  newConnection,
  provider,
  release,
  right,
  stub,
} from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const explain = (id: string, query = '') =>
  must(http('GET', `/v1/connected-accounts/${id}/explain${query}`), 200);
const connectionOf = (id: string) => must(http('GET', `/v1/connections/${id}`), 200);

/** Puts the health of a connection where its accounts would have put it together. */
const setHealth = (id: string, columns: Readonly<Record<string, unknown>>) =>
  config.directory
    .prepare(
      `UPDATE connection SET health_rev = health_rev + 1, ${Object.keys(columns)
        .map((name) => `${name} = ?`)
        .join(', ')} WHERE id = ?`,
    )
    .bind(...Object.values(columns), id)
    .run();

describe('a connection that is not well', () => {
  it('is why its accounts get no token: since when, what the provider says, and when it is probed', async () => {
    const connection = await wrongClient();
    const [first, other] = await many(2, { connection });
    if (first === undefined || other === undefined) throw new Error('expected two');
    expect((await release(first.id)).code).toBe('misconfigured_connection');
    await expect
      .poll(async () => (await connectionOf(connection)).health, { timeout: PATIENCE_MS })
      .toBe('misconfigured');
    const { health_since: since } = await connectionOf(connection);

    // The other account has tried nothing itself.
    const told = await explain(other.id);
    expect(told).toMatchObject({ status: 'active', attempts: [] });
    expect(told.why).toContain(connection);
    expect(told.why).toContain(`refused its client (invalid_client) since ${since}`);
    expect(told.why).toContain('misconfigured_connection');
    expect(told.why).not.toContain('all is well');
    expect(told.evidence).toEqual(['connection_misconfigured', 'invalid_client']);
    const probe = told.next.find(({ what }: { what: string }) => what.includes('probe'));
    expect(Date.parse(probe.at)).toBeGreaterThan(Date.now());
    expect(Date.parse(probe.at)).toBeLessThanOrEqual(Date.now() + 300_000);
    expect(told.next.map(({ at }: { at: string }) => at)).toEqual(
      told.next.map(({ at }: { at: string }) => at).toSorted(),
    );

    await replaceSecret(connection, provider.clientSecret);
    const mended = await explain(other.id);
    expect([mended.why, mended.evidence]).toEqual(['all is well', []]);
  });

  it('leaves an account its living token while the provider is away, and says so', async () => {
    const connection = await newConnection(STATIC);
    const living = await connected({ connection });
    const sinceMs = Date.now() - 60_000;
    const probeAtMs = Date.now() + 20_000;
    await setHealth(connection, {
      health: 'outage',
      health_reason: 'provider_unavailable',
      health_since_ms: sinceMs,
      health_probe_at_ms: probeAtMs,
    });
    const told = await explain(living.id);
    expect(told.why).toContain(`does not answer since ${new Date(sinceMs).toISOString()}`);
    expect(told.why).toContain('still lives and is handed out');
    expect(told.evidence).toEqual(['connection_outage', 'provider_unavailable']);
    expect(told.next).toContainEqual({
      what: expect.stringContaining('probe'),
      at: new Date(probeAtMs).toISOString(),
    });
    expect((await release(living.id)).code).toBe('ok');

    right(await stub(living.id).expire({ context }));
    expect((await explain(living.id)).why).toContain('provider_unavailable');
    expect((await release(living.id)).code).toBe('provider_unavailable');
  });

  it('names an account its own turn on the way back', async () => {
    const connection = await newConnection(STATIC);
    const { id } = await connected({ connection, accessTokenTtlS: null });
    const sinceMs = Date.now() - 1_000;
    const spreadUntilMs = sinceMs + 7 * 86_400_000;
    await setHealth(connection, { health_since_ms: sinceMs, health_spread_until_ms: spreadUntilMs });
    const told = await explain(id);
    const turn = told.next.find(({ what }: { what: string }) => what.includes('its turn'));
    expect(Date.parse(turn.at)).toBeLessThan(spreadUntilMs);
    expect(told.why).toContain(`is back since ${new Date(sinceMs).toISOString()}`);
    expect(told.why).toContain(`this one from ${turn.at} on`);
    expect(told.evidence).toEqual(['connection_recovering']);
    expect((await release(id)).code).toBe('provider_unavailable');
  });

  it('is not known where the directory does not answer, which is said and keeps nothing else back', async () => {
    const { id } = await connected();
    const away = vi.spyOn(Object.getPrototypeOf(config.directory), 'prepare').mockImplementation(() => {
      throw new Error('D1_ERROR: the database is away');
    });
    const told = right(await stub(id).explain({ organization: null, agent: null }));
    away.mockRestore();
    expect(told).toMatchObject({ status: 'active', why: 'all is well', evidence: ['directory_unavailable'] });
  });
});

describe('an account whose credential does not leave', () => {
  it('says that it is sealed, whatever else is to be said of it', async () => {
    const { id } = await connected();
    right(await stub(id).seal({ context }));
    expect((await release(id)).code).toBe('account_sealed');
    const told = await explain(id);
    expect(told.why).toMatch(/^the account is sealed.*account_sealed/);
    expect(told.why).toContain('otherwise all is well');
    expect(told.evidence).toEqual(['account_sealed']);
    right(await stub(id).signal({ signal: 'disabled', context }));
    const disabled = (await explain(id)).why;
    expect(disabled).toContain('account_sealed');
    expect(disabled).toContain('an operator has disabled the account');
  });

  it('names its connection where that keeps the credentials of all its accounts, until it no longer does', async () => {
    const { id, connection } = await connected();
    const access = (value: string) =>
      must(http('PATCH', `/v1/connections/${connection}`, { token_access: value }), 200);
    await access('proxy_only');
    const told = await explain(id);
    expect(told.why).toMatch(/proxy_only.*account_sealed/);
    expect(told.why).toContain(connection);
    expect(told.evidence).toEqual(['connection_proxy_only']);
    await access('any');
    expect((await explain(id)).why).toBe('all is well');
  });

  it('says that its connection was deleted', async () => {
    const { id, connection } = await connected();
    await config.directory.prepare('DELETE FROM connection WHERE id = ?').bind(connection).run();
    const told = await explain(id);
    expect(told.why).toContain(`the connection ${connection} was deleted`);
    expect(told.evidence).toEqual(['connection_deleted']);
  });
});

describe('an agent that is asked about', () => {
  async function agent(policy: unknown, organization?: string): Promise<string> {
    const id = `agent-${crypto.randomUUID().slice(0, 8)}`;
    await must(http('POST', '/v1/agents', { id, policy, ...(organization ? { organization } : {}) }), 201);
    return id;
  }
  const whyOf = async (id: string, asked: string) => (await explain(id, `?agent=${asked}`)).agent;

  it('is told by which rule it may, or which rule came closest and what it lacks', async () => {
    const { id, connection } = await connected();
    const other = { connection: 'nothing' };
    const may = await agent({ rules: [other, { connection, identifiers: ['*'] }] });
    expect(await whyOf(id, may)).toMatchObject({ allowed: true, rule: 1, why: 'rule 1 allows it' });

    const close = await agent({ rules: [other, { connection: '*', identifiers: ['someone-else'] }] });
    expect(await whyOf(id, close)).toMatchObject({
      allowed: false,
      reason: 'identifier_not_allowed',
      rule: null,
      why: 'no rule allows it: rule 1 comes closest and says identifier_not_allowed',
    });

    const scoped = await agent({ rules: [{ connection, identifiers: ['*'], scopes: ['nobody.granted'] }] });
    const refused = await whyOf(id, scoped);
    expect(refused.why).toContain(`rule 0 comes closest and says ${refused.reason}`);
    expect(refused.why).toContain('it allows nobody.granted');

    const none = await agent({ rules: [other] });
    expect((await whyOf(id, none)).why).toBe(`no rule allows it: none is for the connection ${connection}`);
  });

  it('reads that it is suspended, or of another organization', async () => {
    const { id } = await connected();
    const all = { rules: [{ connection: '*', identifiers: ['*'] }] };
    const suspended = await agent(all);
    await must(http('POST', `/v1/agents/${suspended}/suspend`), 200);
    expect((await whyOf(id, suspended)).why).toBe(
      'the agent is suspended: it may do nothing, whatever its rules',
    );
    const foreign = await agent(all, 'acme');
    expect((await whyOf(id, foreign)).why).toContain('organization');
  });

  it('that may is not told that it gets something which the account gives nobody', async () => {
    const { id, connection } = await connected();
    right(await stub(id).seal({ context }));
    const may = await agent({ rules: [{ connection, identifiers: ['*'] }] });
    expect(await whyOf(id, may)).toMatchObject({
      allowed: true,
      rule: 0,
      why: 'rule 0 allows it, but the account refuses everybody: account_sealed',
    });
  });
});
