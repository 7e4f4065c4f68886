/**
 * Builds the parts of one account's object from what the platform gives: storage, exports, settings. Touches no row, so
 * that a name that was never created stays without a table; refuses to decide anything.
 */

import { AuditRing } from '#audit/ring.ts';
import { isIndexed } from '#directory/account-index.ts';
import { configOf } from '#env.ts';
import { systemNow, systemRandom } from '#lib/clock.ts';
import { setLogLevel } from '#lib/log.ts';
import type { ExchangeRequest } from '#refresh/exchange-request.ts';
import { outboxDirectory } from '#outbox/directory.ts';
import { Outbox } from '#outbox/outbox.ts';
import { AttemptJournal } from './attempts.ts';
import { AuditTable } from './audit-table.ts';
import { OpeningLimit } from './call-limit.ts';
import { ConnectionWatch } from './connection-watch.ts';
import { ImportProofs } from './import-proof.ts';
import { Lifecycle } from './lifecycle.ts';
import { CommitPump } from './pump.ts';
import { Refresher } from './refresher.ts';
import { Door } from './release.ts';
import { OpenedCredentials } from './release-opened.ts';
import type { Entrypoints, Room } from './room.ts';
import { AccountStore } from './store.ts';
import { accountStub } from './stub.ts';
import { Timers } from './timers.ts';
import { Vault } from './vault.ts';
import { Waiting } from './waiting.ts';

/** Asked only where nothing was ever written, and no token waits longer for the directory. */
const KNOWN_WITHIN_MS = 300;

/** What the platform's class calls. */
export interface Parts {
  readonly room: Room;
  readonly connection: ConnectionWatch;
  readonly refresher: Refresher;
  readonly door: Door;
  readonly lifecycle: Lifecycle;
}

/** @throws ConfigError with the names of the bindings and settings that are missing */
export function partsOf(ctx: DurableObjectState, env: object): Parts {
  const config = configOf(env);
  setLogLevel(config.logLevel);
  const store: AccountStore = new AccountStore(ctx.storage, () => ring.floor());
  const timers = new Timers(ctx.storage);
  const exist = { tables: () => store.hasTables(), keyed: () => store.hasKeyedChain() };
  const ring: AuditRing = new AuditRing(new AuditTable(ctx.storage.sql, exist));
  const accountId = ctx.id.name;
  const isKnown = () => isIndexed(config.directory, accountId ?? '', KNOWN_WITHIN_MS);
  const self = accountId === undefined ? null : { accountId, isKnown };
  const vault = new Vault(store, config.masterKeys, self);
  const credentials = new OpenedCredentials(vault, store);
  const entrypoints = () => ctx.exports as unknown as Entrypoints;
  const outbox = new Outbox({
    source: { kind: 'account', id: ctx.id.name ?? '' },
    sql: ctx.storage.sql,
    transaction: (write) => store.transaction(write),
    exists: () => store.hasTables(),
    wake: (atMs) => (atMs === null ? timers.clear('outbox') : timers.set('outbox', atMs)),
    deliver: (request) => entrypoints().Deliverer.deliver(request),
    directory: outboxDirectory(config.directory, config.masterKeys),
    withKey: (step) => vault.withKey(step),
    waitUntil: (work) => ctx.waitUntil(work),
    now: systemNow,
    random: systemRandom,
  });
  store.onRollback(() => {
    timers.forget();
    outbox.forget();
    ring.forget();
  });
  const room: Room = {
    store,
    attempts: new AttemptJournal(ctx.storage.sql),
    timers,
    outbox,
    ring,
    vault,
    pump: new CommitPump(
      (fn) => store.commit(fn),
      () => ctx.storage.sync(),
    ),
    config,
    now: systemNow,
    random: systemRandom,
    waitUntil: (work) => ctx.waitUntil(work),
    identify: (request) => entrypoints().Exchanger.identify(request),
    checkToken: (request) => entrypoints().Exchanger.checkToken(request),
    revoke: (request) => entrypoints().Exchanger.revoke(request),
    waiting: new Waiting(),
    lastUse: { atMs: null },
    openings: new OpeningLimit(),
    lastAsk: { subjectAtMs: null },
  };
  const connection = new ConnectionWatch({
    ...room,
    wakeHolder: (holder) => accountStub(config, holder).takeNews({}),
    prove: (other, question) => accountStub(config, other).proveClient(question),
  });
  const exchange = (request: ExchangeRequest) => entrypoints().Exchanger.exchange(request);
  const refresher = new Refresher(room, { exchange, connection });
  const door = new Door(room, refresher, credentials);
  const lifecycle = new Lifecycle(
    room,
    refresher,
    credentials,
    (forget) => new ImportProofs(room, { exchange, connection, forget }),
  );
  return { room, connection, refresher, door, lifecycle };
}
