/**
 * Builds what every object is made of from what the platform gives: storage, exports, settings. Touches no row, so that a
 * name that was never created stays without a table; refuses to decide anything. A class of objects says what is its own
 * (`ObjectPlan`) and adds its functions.
 */

import { AuditRing } from '#audit/ring.ts';
import type { AuditFields, RequestContext } from '#audit/record.ts';
import { configOf, type Config } from '#env.ts';
import { isoTime, systemNow, systemRandom, type Now, type Random } from '#lib/clock.ts';
import { setLogLevel } from '#lib/log.ts';
import { outboxDirectory } from '#outbox/directory.ts';
import { Outbox } from '#outbox/outbox.ts';
import type { DeliveryHolder } from '#webhooks/delivery-request.ts';
import { AuditTable } from './audit-table.ts';
import type { ObjectStore } from './store.ts';
import { TimerTable } from './timer-table.ts';
import { Timers, type TimerRows } from './timers.ts';
import { Vault } from './vault.ts';

/** What the functions of an object are given: a plain record, so that each names what it uses. */
export interface ObjectParts<
  Kind extends string = string,
  Store extends ObjectStore = ObjectStore,
  Opener extends Vault = Vault,
> {
  /** What the object is called; empty where the platform does not say. */
  readonly name: string;
  readonly config: Config;
  readonly store: Store;
  readonly vault: Opener;
  readonly timers: Timers<Kind>;
  readonly ring: AuditRing;
  readonly outbox: Outbox;
  readonly now: Now;
  readonly random: Random;
  /** Keeps the object alive until the work is done. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** What a class gives for its objects. */
export interface ObjectPlan<Store extends ObjectStore, Opener extends Vault> {
  /** By which the Deliverer finds the object again. */
  readonly kind: DeliveryHolder['kind'];
  /** @param auditSeq how far the audit chain has come at least */
  readonly store: (storage: DurableObjectStorage, auditSeq: () => number) => Store;
  /** @param name as the platform says it */
  readonly vault: (store: Store, config: Config, name: string | null) => Opener;
  /** Where its timers lie; left out: in the table `timer`. */
  readonly timerRows?: (sql: SqlStorage, store: Store, outbox: () => Outbox) => TimerRows;
}

/** The stateless entrypoint that every object calls. */
interface Entrypoints {
  readonly Deliverer: { deliver(request: unknown): Promise<unknown> };
}

/** @throws ConfigError with the names of the bindings and settings that are missing */
export function partsOf<Kind extends string, Store extends ObjectStore, Opener extends Vault>(
  ctx: DurableObjectState,
  env: unknown,
  plan: ObjectPlan<Store, Opener>,
): ObjectParts<Kind | 'outbox', Store, Opener> {
  const { sql } = ctx.storage;
  const config = configOf(env);
  setLogLevel(config.logLevel);
  const store: Store = plan.store(ctx.storage, () => ring.floor());
  const ring: AuditRing = new AuditRing(new AuditTable(sql, store.living, store));
  const vault = plan.vault(store, config, ctx.id.name ?? null);
  const waitUntil = (work: Promise<unknown>): void => ctx.waitUntil(work);
  const outbox: Outbox = new Outbox({
    source: { kind: plan.kind, id: ctx.id.name ?? '' },
    sql,
    transaction: (write) => store.transaction(write),
    tables: store,
    wake: (atMs) => (atMs === null ? timers.clear('outbox') : timers.set('outbox', atMs)),
    deliver: (request) => (ctx.exports as unknown as Entrypoints).Deliverer.deliver(request),
    directory: outboxDirectory(config.directory, config.masterKeys),
    withKey: (step) => vault.withKey(step),
    waitUntil,
    now: systemNow,
    random: systemRandom,
  });
  const rows = (plan.timerRows?.(sql, store, () => outbox) ?? new TimerTable(sql)) as TimerRows<
    Kind | 'outbox'
  >;
  const timers = new Timers<Kind | 'outbox'>(ctx.storage, rows, systemNow, () => store.isWriting);
  store.beforeCommit(() => timers.armMoved());
  store.onRollback(() => {
    timers.forget();
    ring.forget();
  });
  return {
    name: ctx.id.name ?? '',
    config,
    store,
    vault,
    timers,
    ring,
    outbox,
    now: systemNow,
    random: systemRandom,
    waitUntil,
  };
}

/** Appends one record to the object's chain. Inside a transaction only. @returns its number */
export function record(
  { ring, store, now }: Pick<ObjectParts, 'ring' | 'store' | 'now'>,
  mac: Uint8Array,
  fields: AuditFields,
  context: RequestContext,
): number {
  const { begins, seq } = ring.append(fields, context, isoTime(now()), mac);
  if (begins) store.noteChain(mac);
  return seq;
}
