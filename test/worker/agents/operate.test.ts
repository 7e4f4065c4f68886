/** What a bound operator may do to agents: those of its organization, decided where the agent is and in the same call. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import { askAgent, type OperationInput, type OperationName } from '#agents/stub.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { makeAdminKey } from '#directory/keys/admin-keys.ts';
import { config, context, dump, freshId, newAgent, right, settled, stub, tamper } from './world.ts';

beforeAll(() => applyMigrations(config.directory));

const INPUTS: { readonly [D in OperationName]: (keyId: string) => OperationInput<D> } = {
  view: () => ({}),
  update: () => ({ name: 'changed', context }),
  remove: () => ({ context }),
  suspend: () => ({ context }),
  resume: () => ({ context }),
  end_tokens: () => ({ context }),
  add_key: () => ({ context }),
  list_keys: () => ({}),
  delete_key: (keyId) => ({ keyId, context }),
};
const operations = Object.keys(INPUTS) as OperationName[];
const NOBODY = { ok: false, code: 'not_found' };

const asked = (id: string, name: OperationName, organization: string | null, keyId: string) =>
  askAgent(stub(id), name, organization, INPUTS[name](keyId) as never);

describe('an operation', () => {
  it.each(operations)(
    '%s finds no agent of another organization, and changes nothing of it',
    async (name) => {
      const { id, keyId } = await newAgent({ organization: 'theirs' });
      await settled(id);
      const before = await dump(id);
      for (const organization of ['acme', '', 'their', 'theirs ']) {
        expect(await asked(id, name, organization, keyId)).toMatchObject(NOBODY);
      }
      expect(await dump(id)).toBe(before);
      expect(await asked(id, name, 'theirs', keyId)).toMatchObject({ ok: true });
    },
  );

  it.each(operations)('%s does not tell how another organization’s agent is damaged', async (name) => {
    const { id, keyId } = await newAgent({ organization: 'theirs' });
    await settled(id);
    await tamper(id, `UPDATE agent SET name = 'forged'`);
    expect(await asked(id, name, 'acme', keyId)).toMatchObject(NOBODY);
    expect(await asked(id, name, null, keyId)).toMatchObject({ ok: false, code: 'record_corrupt' });
  });

  it('does not reach an agent that was made again for another organization', async () => {
    const { id } = await newAgent({ organization: 'acme' });
    expect(await asked(id, 'view', 'acme', '')).toMatchObject({ ok: true });
    right(await stub(id).remove({ context }));
    const { keyId } = await newAgent({ id, organization: 'theirs' });
    for (const name of operations) expect(await asked(id, name, 'acme', keyId)).toMatchObject(NOBODY);
    expect(right(await stub(id).view({})).agent).toMatchObject({ status: 'active', name: null });
  });
});

describe('a route', () => {
  it.each([
    ['GET', ''],
    ['PATCH', '', { name: 'n' }],
    ['POST', '/suspend'],
    ['POST', '/resume'],
    ['POST', '/keys'],
    ['GET', '/keys'],
    ['GET', '/policy'],
    ['PUT', '/policy', { rules: [] }],
    ['DELETE', ''],
  ])(
    '%s …%s of a bound operator looks and acts in one call',
    async (method: string, rest: string, body?: unknown) => {
      const id = freshId();
      await newAgent({ id, organization: 'acme' });
      const made = await makeAdminKey(
        config,
        { name: null, role: 'admin', organization: 'acme' } as never,
        Date.now(),
        context,
      );
      const calls: string[] = [];
      const agents = {
        getByName: (name: string) =>
          new Proxy(stub(name), {
            get: (target, called: string) => (input: never) => {
              calls.push(called);
              return target[called as 'view'](input);
            },
          }),
        prepare: () => undefined,
      };
      const execution = createExecutionContext();
      const answer = await createApp().fetch(
        new Request(`https://broker.test/v1/agents/${id}${rest}`, {
          method,
          headers: {
            authorization: `Bearer ${(made as { key: string }).key}`,
            'content-type': 'application/json',
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
        { ...(env as object), AGENTS: agents },
        execution,
      );
      await waitOnExecutionContext(execution);
      expect(answer.status, await answer.text()).toBeLessThan(300);
      expect(calls).toEqual(['operate']);
    },
  );
});
