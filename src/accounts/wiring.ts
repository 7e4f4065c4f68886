/** Builds what is an account's own beside the parts of every object. Touches no row; refuses to decide anything. */

import { isIndexed } from '#directory/indexes/account-index.ts';
import { partsOf as objectParts } from '#objects/parts.ts';
import type { ExchangeRequest } from '#refresh/exchange/exchange-request.ts';
import type { Entrypoints, Account, TimerName } from './account.ts';
import { OpenCalls } from './calls/open-calls.ts';
import { OpenedCredentials } from './door/opened.ts';
import { Door } from './door/release.ts';
import { CommitPump } from './door/pump.ts';
import { Waiting } from './insight/waiting.ts';
import { ImportProofs } from './life/import/proof.ts';
import { Lifecycle } from './life/lifecycle.ts';
import { AttemptJournal } from './refreshing/attempts.ts';
import { OpeningLimit } from './refreshing/provider/call-limit.ts';
import { ConnectionWatch } from './refreshing/provider/connection-watch.ts';
import { Refresher } from './refreshing/refresher.ts';
import { AccountStore } from './store.ts';
import { accountStub } from './stub.ts';
import { AccountVault } from './vault.ts';

/** Asked only where nothing was ever written, and no token waits longer for the directory. */
const KNOWN_WITHIN_MS = 300;

/** What the platform's class calls. */
export interface Parts {
  readonly object: Account;
  readonly connection: ConnectionWatch;
  readonly refresher: Refresher;
  readonly door: Door;
  readonly lifecycle: Lifecycle;
}

/** @throws ConfigError with the names of the bindings and settings that are missing */
export function partsOf(ctx: DurableObjectState, env: object): Parts {
  const own = objectParts<TimerName, AccountStore, AccountVault>(ctx, env, {
    kind: 'account',
    store: (storage, auditSeq) => new AccountStore(storage, auditSeq),
    vault: (store, { directory, masterKeys }, accountId) => {
      const isKnown = () => isIndexed(directory, accountId ?? '', KNOWN_WITHIN_MS);
      return new AccountVault(store, masterKeys, accountId === null ? null : { accountId, isKnown });
    },
  });
  const { config, store, vault } = own;
  const credentials = new OpenedCredentials(vault, store, { now: own.now, secretAt: config.secretAt });
  const exchanger = () => (ctx.exports as unknown as Entrypoints).Exchanger;
  const object: Account = {
    ...own,
    attempts: new AttemptJournal(ctx.storage.sql, store, () => store.attemptBegun()),
    pump: new CommitPump(
      (fn) => store.commit(fn),
      () => ctx.storage.sync(),
    ),
    identify: (request) => exchanger().identify(request),
    checkToken: (request) => exchanger().checkToken(request),
    revoke: (request) => exchanger().revoke(request),
    waiting: new Waiting(),
    calls: new OpenCalls(),
    lastUse: { atMs: null },
    openings: new OpeningLimit(),
    lastAsk: { subjectAtMs: null },
  };
  const connection = new ConnectionWatch({
    ...object,
    wakeHolder: (holder) => accountStub(config, holder).takeNews({}),
    prove: (other, question) => accountStub(config, other).proveClient(question),
  });
  const exchange = (request: ExchangeRequest) => exchanger().exchange(request);
  const refresher = new Refresher(object, { exchange, connection });
  const door = new Door(object, refresher, credentials);
  const lifecycle = new Lifecycle(
    object,
    refresher,
    credentials,
    (forget) => new ImportProofs(object, { exchange, connection, forget }),
  );
  return { object, connection, refresher, door, lifecycle };
}
