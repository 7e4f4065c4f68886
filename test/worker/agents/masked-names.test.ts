/** What a refused request wrote into places that it fills freely, as it stands in the record. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { config, newAgent, records } from './world.ts';

beforeAll(() => applyMigrations(config.directory));

const SECRET = 'xoxb.0123456789abcdef0123456789abcdef';
const UUID = '5f0c6a34-9a51-4d0c-8a86-2f6a1e3c9b77';

interface Asked {
  readonly connection?: string;
  readonly identifier?: string;
  readonly correlationId?: string;
}

/** The newest record of an agent that may use `hubspot-for-the-whole-team` of `somebody-with-a-long-name`. */
async function refusal({ connection = 'slack', identifier = 'user_7', correlationId = 'short' }: Asked) {
  const rules = [{ connection: 'hubspot-for-the-whole-team', identifiers: ['somebody-with-a-long-name'] }];
  const { id, key } = await newAgent({ policy: { rules } });
  const execution = createExecutionContext();
  const answer = await createApp().fetch(
    new Request(
      `https://broker.test/v1/agents/${id}/credentials/${connection}?identifier=${encodeURIComponent(identifier)}`,
      { headers: { authorization: `Bearer ${key}`, 'x-correlation-id': correlationId } },
    ),
    env as object,
    execution,
  );
  await waitOnExecutionContext(execution);
  expect(answer.status).toBe(403);
  expect(answer.headers.get('x-correlation-id')).toBe(correlationId);
  const record = (await records(id)).at(-1);
  return record as unknown as Record<'connection' | 'identifier' | 'correlation_id', string>;
}

describe('the record of a refused request', () => {
  it.each([
    ['connection', { connection: SECRET }],
    ['identifier', { identifier: SECRET }],
    ['identifier', { identifier: `user ${SECRET} of acme` }],
    ['identifier', { connection: 'hubspot-for-the-whole-team', identifier: SECRET }],
    ['correlation_id', { correlationId: SECRET }],
  ] as const)('holds an HMAC where the %s might be a secret', async (field, asked) => {
    const record = await refusal(asked);
    expect(record[field]).toContain('hmac:');
    expect(JSON.stringify(record)).not.toContain(SECRET.slice(5, 25));
  });

  it('holds names, UUIDs and short texts as they are', async () => {
    const record = await refusal({ connection: 'slack', identifier: UUID, correlationId: UUID });
    expect(record).toMatchObject({ connection: 'slack', identifier: UUID, correlation_id: UUID });
    expect((await refusal({ identifier: 'user_7' })).identifier).toBe('user_7');
  });

  it('holds what the policy of the agent spells out as it is, however long', async () => {
    const known = await refusal({ connection: 'hubspot-for-the-whole-team', identifier: 'somebody' });
    expect(known.connection).toBe('hubspot-for-the-whole-team');
    const other = await refusal({ connection: 'other', identifier: 'somebody-with-a-long-name' });
    expect(other.identifier).toBe('somebody-with-a-long-name');
  });
});
