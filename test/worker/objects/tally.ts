/**
 * A third class of objects, as small as one can be: a count with a sealed row, a record and an event for each change, and
 * a report of the count. All that stands here is its own; everything else is `src/objects`.
 */

import { DurableObject } from 'cloudflare:workers';
import { systemContext } from '#audit/record.ts';
import { AUDIT_HEAD_SCHEMA } from '#audit/schema.ts';
import type { Verification } from '#audit/unkeyed.ts';
import type { Owner } from '#crypto/envelope.ts';
import { agentOwner } from '#crypto/places.ts';
import { repairAlarm, runAlarm } from '#objects/alarm.ts';
import { reportIndex } from '#objects/index-report.ts';
import { partsOf, record, type ObjectParts } from '#objects/parts.ts';
import type { SqlRow } from '#objects/sql-row.ts';
import { ObjectStore } from '#objects/store.ts';
import { TIMER_SCHEMA } from '#objects/schema.ts';
import { Vault } from '#objects/vault.ts';
import { OUTBOX_FAILURE_SCHEMA, OUTBOX_MAC_SCHEMA, OUTBOX_SCHEMA } from '#outbox/tables/schema.ts';
import { agentEventData } from '#webhooks/event.ts';

/** What was reported, by name; `isAway`: nobody takes a report. */
export const reports = { told: new Map<string, number[]>(), isAway: false };

const STEPS = [
  `CREATE TABLE tally (
     id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, organization TEXT NOT NULL, incarnation INTEGER NOT NULL,
     data_key TEXT NOT NULL, count INTEGER NOT NULL, audit_seq INTEGER, mac TEXT NOT NULL);
   CREATE TABLE tombstone (
     id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, organization TEXT NOT NULL, incarnation INTEGER NOT NULL,
     data_key TEXT NOT NULL, audit_seq INTEGER, mac TEXT NOT NULL);
   CREATE TABLE row_seal (id INTEGER PRIMARY KEY CHECK (id = 1), mac TEXT NOT NULL);
   CREATE TABLE audit_event (slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL);
   CREATE TABLE audit_checkpoint (
     id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, mac TEXT NOT NULL);`,
  TIMER_SCHEMA,
  AUDIT_HEAD_SCHEMA,
  OUTBOX_SCHEMA,
  OUTBOX_MAC_SCHEMA,
  OUTBOX_FAILURE_SCHEMA,
];

const TABLES = { steps: STEPS };

class TallyStore extends ObjectStore<'tally'> {
  constructor(storage: DurableObjectStorage, auditSeq: () => number) {
    const seal = { table: 'row_seal', covers: [{ table: 'tally', by: 'id' }] };
    super(storage, { tables: TABLES, living: 'tally', seal }, auditSeq);
  }

  protected ownerOf(organization: string, incarnation: number, row: SqlRow): Owner {
    return agentOwner(String(row['name']), organization, incarnation);
  }

  protected forgetRows(): void {}

  count(mac: Uint8Array): number {
    const row = this.hasTables() ? this.first('SELECT * FROM tally') : null;
    if (row === null) return 0;
    this.rows.assertSealed(mac);
    return Number(this.rows.authentic(mac, 'tally', row)['count']);
  }

  save(mac: Uint8Array, owner: Owner, dataKey: string, count: number): void {
    const { owner: name, organization, incarnation } = owner;
    this.putLiving(mac, { name, organization, incarnation, data_key: dataKey, count });
  }

  bury(mac: Uint8Array, owner: Owner, dataKey: string): void {
    const { owner: name, organization, incarnation } = owner;
    this.buryIn(mac, ['tally', 'row_seal', 'timer'], { name, organization, incarnation, data_key: dataKey });
  }
}

const CONTEXT = systemContext('test');

export class Tally extends DurableObject {
  readonly #object: ObjectParts<'index' | 'outbox', TallyStore>;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    this.#object = partsOf(ctx, env, {
      kind: 'agent',
      store: (storage, auditSeq) => new TallyStore(storage, auditSeq),
      vault: (store, { masterKeys }, name) => new Vault(store, masterKeys, { name }),
    });
    ctx.waitUntil(repairAlarm(this.#object));
  }

  /** The count after it. `fails`: the change is thrown away at its end. */
  async add({ by, fails = false }: { by: number; fails?: boolean }): Promise<number | string> {
    const { store, vault, timers, outbox, name, now } = this.#object;
    const opened = await vault.present();
    if (!opened.ok) return opened.error.code;
    const material = store.material();
    const incarnation = material?.owner.incarnation ?? 1;
    const fresh = await vault.keyForNewLife(agentOwner(name, '', incarnation), material?.dataKey ?? null);
    if (!fresh.ok) return fresh.error.code;
    const { life, wrapped } = fresh.value;
    const { mac } = life.key;
    return store.transaction(() => {
      const count = store.count(mac) + by;
      store.save(mac, life.owner, wrapped, count);
      record(this.#object, mac, { action: 'agent.update', outcome: 'ok' }, CONTEXT);
      outbox.append(mac, {
        type: 'agent.suspended',
        data: agentEventData({ agent: name, organization: '' }),
        atMs: now(),
      });
      timers.set('index', now());
      if (fails) throw new Error('thrown away');
      return count;
    });
  }

  /** The life ends; its chain and its events go on under the key of the next one. */
  async end(): Promise<void> {
    const { store, vault, timers, ring, outbox, now } = this.#object;
    const old = await vault.open();
    if (!old.ok || old.value === null) throw new Error('there is nothing to end');
    const { key, owner } = old.value;
    const next = await vault.keyForNewLife({ ...owner, incarnation: owner.incarnation + 1 }, null);
    if (!next.ok) throw new Error('no key');
    const { life, wrapped } = next.value;
    store.transaction(() => {
      ring.resign(key.mac, life.key.mac);
      outbox.resign(key.mac, life.key.mac);
      store.bury(life.key.mac, life.owner, wrapped);
      timers.set('index', now());
    });
  }

  async read(): Promise<number | string> {
    const { store, vault } = this.#object;
    const opened = await vault.open();
    if (!opened.ok) return opened.error.code;
    return opened.value === null ? 'nothing' : store.count(opened.value.key.mac);
  }

  async verify(): Promise<Verification | null> {
    return this.#object.vault.withKey((mac) => this.#object.ring.verify(mac));
  }

  override alarm(): Promise<void> {
    const { store, outbox, timers, name } = this.#object;
    return runAlarm(this.#object, {
      index: {
        rank: 0,
        run: (life, timer) => {
          const count = life === null ? 0 : store.count(life.key.mac);
          return reportIndex(this.#object, {
            write: async () => {
              if (reports.isAway) throw new Error('nobody is there');
              reports.told.set(name, [...(reports.told.get(name) ?? []), count]);
            },
            isCurrent: () => timers.get('index')?.dueAtMs === timer.dueAtMs,
          });
        },
      },
      outbox: { rank: 1, run: () => outbox.start() },
    });
  }
}
