/**
 * The floor of the benchmark: the barest thing of the same shape on the same engine. A Worker finds an object by name,
 * one RPC hop, one inserted row of the size of an audit record, a small JSON answer. It checks, decides and knows nothing.
 */

import { DurableObject } from 'cloudflare:workers';

const ROW = 'x'.repeat(420);

export class ConnectedAccount extends DurableObject {
  #ready = false;

  append(input: { at: number }): { n: number } {
    if (!this.#ready) {
      this.ctx.storage.sql.exec(
        'CREATE TABLE IF NOT EXISTS row (slot INTEGER PRIMARY KEY, seq INTEGER, body TEXT, hash TEXT)',
      );
      this.#ready = true;
    }
    this.ctx.storage.sql.exec(
      'INSERT OR REPLACE INTO row (slot, seq, body, hash) VALUES (?, ?, ?, ?)',
      input.at % 10_000,
      input.at,
      ROW,
      'h',
    );
    return { n: input.at };
  }
}

export class Agent extends DurableObject {}

export class Revocation extends DurableObject {}

interface FloorStub {
  append(input: { at: number }): Promise<{ n: number }>;
}

let counter = 0;

export default {
  async fetch(request: Request, env: { ACCOUNTS: DurableObjectNamespace }): Promise<Response> {
    const name = new URL(request.url).pathname;
    const stub = env.ACCOUNTS.getByName(name) as unknown as FloorStub;
    counter += 1;
    const { n } = await stub.append({ at: counter });
    return Response.json({ n, pad: 'y'.repeat(300) });
  },
};
