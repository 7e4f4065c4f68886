/** Client certificates as the edge tells of them: the whole way from `request.cf` to the agent and to its record. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import { createFront } from '#api/tokens/token-front.ts';
import { claimProofs, rowsOf } from '#directory/callers/agent-proofs.ts';
import { applyMigrations } from '#directory/migrate.ts';
import { systemNow } from '#lib/clock.ts';
import { config, newAgent, records } from '../agents/world.ts';
import { certifiedAgent, edgeSays } from './workloads.ts';

const front = createFront(createApp());

/** By the token plane's own way in, and by the app's. */
async function statuses(tlsClientAuth: unknown): Promise<string[]> {
  const paths = ['/v1/agents/self/credentials/slack', '/v1/agents/self/credentials'];
  return Promise.all(
    paths.map(async (path) => {
      const request = new Request(`https://broker.test${path}`, { cf: { tlsClientAuth } as never });
      const execution = createExecutionContext();
      const answer = await front(request as never, { ...(env as object) }, execution);
      const { reason = '', detail = '' } = (await answer.json()) as { reason?: string; detail?: string };
      await waitOnExecutionContext(execution);
      return `${answer.status} ${reason || detail}`.trim();
    }),
  );
}

beforeAll(() => applyMigrations(config.directory));

it('a verified certificate proves its agent at both ways in', async () => {
  const { id, thumbprint } = await certifiedAgent();
  expect(await statuses(edgeSays(thumbprint))).toEqual(['403 connection_not_allowed', '200']);
  const refusal = (await records(id)).find(({ action }) => action === 'token.issue');
  expect(refusal?.actor).toEqual({ type: 'agent', id, method: 'client_certificate' });
});

it.each([
  [{ certRevoked: '1' }, 'certificate_revoked'],
  [{ certVerified: 'FAILED:self signed certificate' }, 'certificate_unverified'],
  [{ certNotAfter: 'Nov 20 09:12:00 2021 GMT' }, 'certificate_expired'],
])('one with %j proves nobody, and its agent’s record says why', async (more, reason) => {
  const { id, thumbprint } = await certifiedAgent();
  const refused = '401 this is not a valid key';
  expect(await statuses(edgeSays(thumbprint, more))).toEqual([refused, refused]);
  await expect
    .poll(async () =>
      (await records(id)).filter(({ action }) => action === 'auth.fail').map((one) => one.reason),
    )
    .toContain(reason);
});

it('one of nobody, and none at all, prove nobody', async () => {
  const { thumbprint } = await certifiedAgent();
  const other = thumbprint.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  expect(await statuses(edgeSays(other))).toEqual(Array(2).fill('401 this is not a valid key'));
  const none = Array(2).fill('401 send a key as Authorization: Bearer');
  expect(await statuses({ ...edgeSays(''), certPresented: '0', certVerified: 'NONE' })).toEqual(none);
  expect(await statuses(undefined)).toEqual(none);
});

it('a row that was written in the directory alone opens nothing', async () => {
  const { id } = await newAgent({ policy: { rules: [] } });
  const thumbprint = 'ab'.repeat(32);
  await claimProofs(
    config.directory,
    id,
    rowsOf({ oidc: null, certificate_thumbprint: thumbprint }),
    systemNow(),
  );
  expect(await statuses(edgeSays(thumbprint))).toEqual(Array(2).fill('401 this is not a valid key'));
});
