/**
 * Machine grants that an earlier version of the broker has written, opened by this one: each gives its token, and asks for
 * the next one with the credential that it kept.
 */

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { OLD_ADMIN_KEY, OLD_MASTER_KEYS, unpack } from '../support/old-data.ts';
import {
  OLD_MACHINES,
  startOldMachineProvider,
  type OldMachineFacts,
  type OldMachineProvider,
} from '../support/old-machines.ts';

const FOLDER = path.resolve(import.meta.dirname, '../vectors/stored-machines');

/** What stands in the request with which each kind asks again. */
const PROOFS = {
  oauth2_client_credentials: /old-machine-secret|Basic /,
  jwt_bearer: /assertion=ey/,
  github_app_installation: /Bearer ey/,
  session_token: /old-password/,
  exchanged: /refresh_token=rt-1/,
} as const;

let provider: OldMachineProvider;
beforeAll(async () => {
  provider = await startOldMachineProvider();
});
afterAll(() => provider.close());

describe.each(readdirSync(FOLDER))('the machine grants of %s', (file) => {
  let broker: TestBroker;
  let old: OldMachineFacts;
  let operator: Client;
  let agent: Client;

  beforeAll(async () => {
    broker = await startBroker({
      settings: { ADMIN_KEY: OLD_ADMIN_KEY, MASTER_KEYS: OLD_MASTER_KEYS },
      prepare: async (folder) => {
        old = await unpack<OldMachineFacts>(await readFile(path.join(FOLDER, file)), folder);
      },
    });
    operator = client(broker.url, OLD_ADMIN_KEY);
    agent = client(broker.url, old.key);
  });
  afterAll(() => broker.dispose());

  it.each(OLD_MACHINES)(
    'of %s are read, asked for again with what was kept, and whole after that',
    async (kind) => {
      const id = old.accounts[kind];
      const shown = await operator.get(`/v1/connected-accounts/${id}`);
      expect(shown.body).toMatchObject({
        status: 'active',
        credential_type: kind === 'exchanged' ? 'oauth2' : kind,
      });
      expect((await operator.post(`/v1/connected-accounts/${id}/expire`)).status).toBe(200);
      const before = provider.asked.length;
      const token = await agent.get(`/v1/connected-accounts/${id}/token`);
      expect([token.status, token.body.value], token.text).toEqual([200, expect.stringContaining('token-')]);
      const asked = provider.asked.slice(before).map(({ body, authorization }) => `${authorization} ${body}`);
      expect(asked).toEqual([expect.stringMatching(PROOFS[kind])]);
      expect((await operator.get(`/v1/connected-accounts/${id}/audit/verify`)).body.intact).toBe(true);
    },
  );
});
