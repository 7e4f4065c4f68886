/**
 * The least programs that keep one more of the broker's rules each, from the floor upwards: what none of them reaches no
 * broker with these rules does. They take no shortcut that a rule forbids, and do nothing that none demands: no policy,
 * no schema steps, no refusal, no refresh. Same engine, same Worker → object → row as the floor.
 */

import { DurableObject } from 'cloudflare:workers';
import { createHmac, hash } from 'node:crypto';
import { RECORDS_A_ROW, TABLES, type Argument, type Step } from './steps.ts';

interface Env {
  readonly ACCOUNTS: DurableObjectNamespace;
  readonly AGENTS: DurableObjectNamespace;
  readonly DB: D1Database;
}

const ROW = 'x'.repeat(420);
const AGENT: Argument['agent'] = {
  id: 'bench',
  organization: '',
  policy: { rules: [{ connection: '*', identifiers: ['*'] }] },
};
const SETTINGS = JSON.stringify({ provider: 'bench', text: 's'.repeat(1_800) });
const ANSWER = JSON.stringify({ type: 'api_key', api_key: 'k'.repeat(40), pad: 'y'.repeat(300) });
const CREDENTIAL = new Uint8Array(40).fill(107);
const BINDING = new TextEncoder().encode('where the ciphertext belongs');

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'base64'));
const textOf = (bytes: ArrayBuffer | Uint8Array): string =>
  Buffer.from(bytes as Uint8Array).toString('base64');

/** A row's MAC under the account's key. */
const macOf = (key: Uint8Array, table: string, values: readonly unknown[]): string =>
  createHmac('sha256', key)
    .update(JSON.stringify([table, ...values]))
    .digest('base64url');

let master: Promise<CryptoKey> | null = null;
const masterKey = (): Promise<CryptoKey> =>
  (master ??= crypto.subtle.importKey('raw', new Uint8Array(32).fill(7), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]));

async function sealed(key: CryptoKey, plain: Uint8Array<ArrayBuffer>): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const cipher = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: BINDING }, key, plain);
  return `${textOf(iv)}.${textOf(cipher)}`;
}

async function opened(key: CryptoKey, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const [iv = '', cipher = ''] = text.split('.');
  const how = { name: 'AES-GCM', iv: bytesOf(iv), additionalData: BINDING };
  return new Uint8Array(await crypto.subtle.decrypt(how, key, bytesOf(cipher)));
}

interface Keys {
  readonly aes: CryptoKey;
  readonly mac: Uint8Array;
}

/** What a data key is used for: one key for the credential, one for rows and chain. */
async function keysOf(raw: Uint8Array<ArrayBuffer>): Promise<Keys> {
  const base = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey', 'deriveBits']);
  const use = (info: number) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(0),
    info: new Uint8Array([info]),
  });
  const form = { name: 'AES-GCM', length: 256 };
  const aes = await crypto.subtle.deriveKey(use(1), base, form, false, ['encrypt', 'decrypt']);
  return { aes, mac: new Uint8Array(await crypto.subtle.deriveBits(use(2), base, 256)) };
}

interface Head {
  readonly seq: number;
  readonly previous: string;
  readonly bodies: string;
  readonly count: number;
  readonly hash: string;
}

type Row = Record<string, SqlStorageValue>;

export class ConnectedAccount extends DurableObject {
  readonly #sql = this.ctx.storage.sql;
  #ready = false;
  #key: Uint8Array = new Uint8Array(32).fill(3);
  #head: Head | null = null;
  #isOpen = false;

  /** The floor's own. */
  floor({ at }: { at: number }): string {
    if (!this.#ready)
      this.#sql.exec(
        'CREATE TABLE IF NOT EXISTS row (slot INTEGER PRIMARY KEY, seq INTEGER, body TEXT, hash TEXT)',
      );
    this.#ready = true;
    this.#sql.exec(
      'INSERT OR REPLACE INTO row (slot, seq, body, hash) VALUES (?, ?, ?, ?)',
      at % 10_000,
      at,
      ROW,
      'h',
    );
    return ANSWER;
  }

  /** The same row for a request that says who asks, by which rules, from where, and what was cut off. */
  asked({ at }: Argument): string {
    return this.floor({ at });
  }

  /** The row is a record of the request in a chain: a hash over what went before, a MAC over its head. */
  recorded(argument: Argument): string {
    if (!this.#ready) this.#sql.exec(TABLES.audit_head);
    this.#ready = true;
    this.#record(argument);
    return ANSWER;
  }

  #record({ at, context, agent }: Argument): void {
    const full = this.#head ?? this.#readHead();
    const head = full.count < RECORDS_A_ROW ? full : { ...full, previous: full.hash, bodies: '', count: 0 };
    const seq = head.seq + 1;
    const body = JSON.stringify({
      seq,
      at: new Date().toISOString(),
      actor: { type: 'agent', id: agent.id },
      action: 'token.issue',
      outcome: 'ok',
      connection: 'bench',
      identifier: `user-${at}`,
      ...context,
    });
    const link = hash('sha256', `${head.hash.length}:${head.hash}${body.length}:${body}`, 'base64url');
    const bodies = head.count === 0 ? body : `${head.bodies}\n${body}`;
    this.#sql.exec(
      'INSERT OR REPLACE INTO audit_head (id, since, seq, previous, bodies, hash, broken_at, mac) VALUES (1, 0, ?, ?, ?, ?, NULL, ?)',
      seq,
      head.previous,
      bodies,
      link,
      macOf(this.#key, 'audit_head', [seq, head.previous, link]),
    );
    this.#head = { seq, previous: head.previous, bodies, count: head.count + 1, hash: link };
  }

  #readHead(): Head {
    const [row] = this.#sql.exec<Row>('SELECT * FROM audit_head').toArray();
    if (row === undefined) return { seq: 0, previous: '', bodies: '', count: 0, hash: '' };
    const [seq, previous, bodies, link] = [
      Number(row['seq']),
      String(row['previous']),
      String(row['bodies']),
      String(row['hash']),
    ];
    if (macOf(this.#key, 'audit_head', [seq, previous, link]) !== row['mac']) throw new Error('changed');
    return { seq, previous, bodies, count: bodies.split('\n').length, hash: link };
  }

  /** An account whose rows are under MACs and one seal, and whose credential and key are encrypted; made by `made`. */
  async kept(argument: Argument): Promise<string> {
    if (!this.#isOpen) await this.#open();
    this.#record(argument);
    return ANSWER;
  }

  async #open(): Promise<void> {
    const row = (query: string): Row => this.#sql.exec<Row>(query).one();
    const account = row('SELECT * FROM account');
    const keys = await keysOf(await opened(await masterKey(), String(account['data_key'])));
    this.#key = keys.mac;
    const settings = row('SELECT * FROM connection_copy');
    const grant = row('SELECT * FROM grant_row');
    const seal = row('SELECT mac FROM row_seal');
    const macs = Object.entries({ account, connection_copy: settings, grant_row: grant }).map(
      ([table, { mac, ...values }]) => {
        if (macOf(keys.mac, table, Object.values(values)) !== mac) throw new Error('changed');
        return mac;
      },
    );
    if (macOf(keys.mac, 'row_seal', macs) !== seal['mac']) throw new Error('changed');
    JSON.parse(String(settings['settings']));
    await opened(keys.aes, String(grant['secret']));
    this.#isOpen = true;
  }

  /** A new account: its tables, its rows, its first record, and a timer that will tell the directory of it. */
  async made(argument: Argument): Promise<string> {
    const raw = crypto.getRandomValues(new Uint8Array(32));
    const wrapped = await sealed(await masterKey(), raw);
    const keys = await keysOf(raw);
    const secret = await sealed(keys.aes, CREDENTIAL);
    this.#key = keys.mac;
    this.#isOpen = true;
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec(Object.values(TABLES).join(''));
      const rows = { account: [1, ROW, wrapped], connection_copy: [1, SETTINGS], grant_row: [1, secret] };
      const macs = Object.entries(rows).map(([table, values]) => {
        const mac = macOf(keys.mac, table, values);
        this.#sql.exec(
          `INSERT INTO ${table} VALUES (${[...values, mac].map(() => '?').join(', ')})`,
          ...values,
          mac,
        );
        return mac;
      });
      this.#sql.exec('INSERT INTO row_seal VALUES (1, ?)', macOf(keys.mac, 'row_seal', macs));
      this.#sql.exec('INSERT INTO timer VALUES (?, ?)', 'index', Date.now() + 3_600_000);
      this.#record(argument);
      void this.ctx.storage.setAlarm(Date.now() + 3_600_000);
    });
    return ANSWER;
  }

  override alarm(): void {}
}

/** Keeps what its Workers know of an agent. */
export class Agent extends DurableObject {
  lookup(): Argument['agent'] {
    return AGENT;
  }
}

export class Revocation extends DurableObject {}

/** As old as the broker lets them get. */
const RECORD_MS = 750;
const CUT_OFFS_MS = 350;

const isolate = {
  count: 0,
  agent: AGENT,
  agentAtMs: 0,
  cutOffs: { proxyOnly: [] as unknown[], deleted: [] as unknown[] },
  cutOffsAtMs: 0,
};

/** Who asks: no header elsewhere may hold a key, the record is younger than a second, and so is what was cut off. */
async function prove(request: Request, env: Env, ctx: ExecutionContext): Promise<void> {
  for (const [name, value] of request.headers)
    if (name !== 'authorization' && value.includes('vk_')) throw new Error('misplaced');
  const nowMs = Date.now();
  if (nowMs - isolate.cutOffsAtMs > CUT_OFFS_MS) {
    isolate.cutOffsAtMs = nowMs;
    const ask = async (): Promise<void> => {
      const tables = ['connection', 'connection_grave', 'cut_off'];
      const found = await env.DB.batch(tables.map((table) => env.DB.prepare(`SELECT id FROM ${table}`)));
      isolate.cutOffs = { proxyOnly: found[0]?.results.slice(0, 0) ?? [], deleted: [] };
    };
    ctx.waitUntil(ask());
  }
  if (nowMs - isolate.agentAtMs > RECORD_MS) {
    isolate.agentAtMs = nowMs;
    const stub = env.AGENTS.getByName('bench') as unknown as { lookup(): Promise<Argument['agent']> };
    isolate.agent = await stub.lookup();
  }
}

/** As long as the broker's; the row is an hour old for nobody here, so it names no other. */
function argumentOf(request: Request, at: number): Argument {
  const client = { ip: request.headers.get('cf-connecting-ip'), country: null, colo: null, user_agent: null };
  return {
    at,
    agent: isolate.agent,
    cutOffs: isolate.cutOffs,
    use: { action: 'token', purpose: null },
    minTtlMs: 60_000,
    context: {
      actor: { type: 'agent', id: 'bench', method: 'agent_key', key_id: 'k'.repeat(10) },
      correlationId: crypto.randomUUID(),
      client,
    },
  };
}

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const [, step = '', name = ''] = new URL(request.url).pathname.split('/');
    isolate.count += 1;
    const stub = env.ACCOUNTS.getByName(name) as unknown as Record<
      Step,
      (argument: object) => Promise<string>
    >;
    if (step === 'floor') return answer(await stub.floor({ at: isolate.count }));
    const isProved = step === 'proved';
    if (isProved) await prove(request, env, ctx);
    const method = isProved ? 'recorded' : (step as Exclude<Step, 'proved'>);
    return answer(await stub[method](argumentOf(request, isolate.count)));
  },
};

function answer(body: string): Response {
  return new Response(body, { headers: { 'content-type': 'application/json' } });
}
