/**
 * The negative control of audit.test.ts: a Worker of the broker's shape on the same engine that answers first and
 * writes its record five milliseconds later. It is what the broker must not be, so that the comparison can be seen to fail.
 */

import { DurableObject } from 'cloudflare:workers';

const LATE_MS = 5;

export class ConnectedAccount extends DurableObject {
  #exists = false;

  #table(): SqlStorage {
    const { sql } = this.ctx.storage;
    if (!this.#exists) sql.exec('CREATE TABLE IF NOT EXISTS record (seq INTEGER PRIMARY KEY, body TEXT)');
    this.#exists = true;
    return sql;
  }

  release(): { access_token: string } {
    const sql = this.#table();
    setTimeout(() => sql.exec('INSERT INTO record (body) VALUES (?)', 'token.issue'), LATE_MS);
    return { access_token: crypto.randomUUID() };
  }

  head(): { seq: number } {
    return this.#table().exec<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM record').one();
  }
}

export class Agent extends DurableObject {}

interface LateStub {
  release(): Promise<{ access_token: string }>;
  head(): Promise<{ seq: number }>;
}

/** Answers `/v1/connected-accounts/{id}/token` and `…/audit/verify` alone. */
export default {
  async fetch(request: Request, env: { ACCOUNTS: DurableObjectNamespace }): Promise<Response> {
    const [, , , id = '', what] = new URL(request.url).pathname.split('/');
    const stub = env.ACCOUNTS.getByName(id) as unknown as LateStub;
    if (what === 'token') return Response.json(await stub.release());
    return Response.json({ intact: true, head: await stub.head() });
  },
};
