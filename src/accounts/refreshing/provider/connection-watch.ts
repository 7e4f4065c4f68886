/**
 * The account's side of its connection's health: asks the directory before anything is sent, takes the lease of a
 * probe, tells what came of an attempt, and takes the news that it made into its own outbox.
 *
 * Refuses to decide (`refresh/standing/connection-health.ts`) and to keep anything: what was last seen is in memory, and while
 * the directory does not answer there is no gate, only the account's own backoff.
 */

import type { Config } from '#env.ts';
import { roughCountOf } from '#directory/indexes/account-index.ts';
import {
  forgetConnection,
  healthOf,
  loadConnection,
  recentConnection,
  type LoadedConnection,
} from '#directory/connections/connections.ts';
import {
  leaveProbe,
  reportHealth,
  takeHealthProbe,
  type HealthPlace,
  type StoredHealth,
} from '#directory/connections/connection-health.ts';
import { newsHeldBy, newsTaken } from '#directory/connections/connection-news.ts';
import { wantMetadata } from '#directory/connections/metadata-age.ts';
import { within, type Now, type Random } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import type { Outbox } from '#outbox/outbox.ts';
import {
  afterReport,
  gateOf,
  lookAgainAtMs,
  shareOf,
  spreadMs,
  type Gate,
  type HealthReport,
} from '#refresh/standing/connection-health.ts';
import { healthReportOf } from '#refresh/standing/health-report.ts';
import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import { forGrant, isNewer, newest, versionOf } from '#providers/clients.ts';
import { MCP } from '#providers/mcp.ts';
import { connectionEventData } from '#webhooks/event.ts';
import type { Vault } from '#objects/vault.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../../rows.ts';
import type { AccountStore } from '../../store.ts';
import type { AttemptJournal } from '../attempts.ts';

/** The directory is asked before a refresh, and not waited for longer. */
export const DIRECTORY_LIMIT_MS = 300;
/**
 * How long the health of a connection whose client is refused counts, beside the second for which the isolate may have
 * had it: new settings are to be noticed at once.
 */
const REFUSED_SEEN_MS = 1_000;
/** A run of failures is told by its last two. */
const RUN = 3;
const LEASE_TRIES = 3;
/** As many as are known to have refreshed, and one report more. */
const MAX_ASKED = 4;

/** Why no account calls now: until when, and when a timer looks again. */
export interface Closed {
  readonly why: Extract<Gate, { kind: 'wait' }>['why'];
  readonly untilMs: number;
  readonly lookAgainAtMs: number;
}

/** What the directory says of the connection; nulls: nothing newer, not known. */
export interface Look {
  readonly newer: ConnectionSettings | null;
  /** Of the client that the grant was made with. */
  readonly stored: StoredHealth | null;
  /** Version of the settings that a call would use. */
  readonly version: number;
}

/** The question whether the provider takes the client of a connection. */
export interface ClientQuestion {
  readonly connection: string;
  /** Which: an organization's own by its id; null or left out: the connection's. */
  readonly client?: string | null;
  /** False: not with a grant that was brought unproven and never renewed, whose refusal would say nothing. */
  readonly untriedToo?: boolean;
}

export interface WatchPowers {
  readonly config: Config;
  readonly store: AccountStore;
  readonly attempts: AttemptJournal;
  readonly outbox: Outbox;
  readonly vault: Pick<Vault, 'withKey'>;
  readonly now: Now;
  readonly random: Random;
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Wakes another account, whose news has been left lying. */
  readonly wakeHolder: (accountId: string) => Promise<unknown>;
  /** Has another account refresh at once, to find out whose trouble a refused client is. False: it cannot. */
  readonly prove: (accountId: string, question: ClientQuestion) => Promise<boolean>;
}

interface Seen {
  readonly stored: StoredHealth;
  readonly version: number;
  readonly atMs: number;
  /** Whose health it is; null: of the connection's client. */
  readonly client: string | null;
}

type OfConnection = Pick<AccountRow, 'accountId' | 'organization' | 'connection'>;

export class ConnectionWatch {
  readonly #powers: WatchPowers;
  /** The health and the version that were read last, and when. */
  #seen: Seen | null = null;

  /** The incident in which a probe of this account was refused, by its beginning. */
  #vainSinceMs: number | null = null;

  constructor(powers: WatchPowers) {
    this.#powers = powers;
  }

  /**
   * Newer settings and the connection's health, if they come quickly. Never throws.
   * @param client that the grant was made with, as its row says
   * @param anew true: as they are now, and not as this isolate has seen them a moment ago
   */
  async look(
    account: OfConnection,
    known: ConnectionSettings,
    client: string | null,
    anew = false,
  ): Promise<Look> {
    const { config, outbox, now } = this.#powers;
    const [found] = await Promise.all([
      (anew ? loadConnection : recentConnection)(
        config.directory,
        { id: known.id, organization: account.organization },
        DIRECTORY_LIMIT_MS,
        config.masterKeys,
      ),
      // The endpoints that subscribe to plain refreshes are known before this refresh is settled.
      outbox.look(account.organization, DIRECTORY_LIMIT_MS),
    ]);
    if (found === null || found === 'unavailable') {
      this.#seen = null;
      return { newer: null, stored: null, version: versionOf(forGrant(known, client)) };
    }
    const newer = isNewer(found.settings, known) ? newest(found.settings, known) : null;
    const version = versionOf(forGrant(newer ?? known, client));
    const stored = healthOf(found, client);
    this.#seen = stored === null ? null : { stored, version, atMs: now(), client };
    if (found.strandedHolder !== null) this.#wake(account.accountId, found.strandedHolder);
    return { newer, stored, version };
  }

  /** The gate as it was seen last, where it is still to be believed: a caller in a loop costs the directory nothing. */
  remembered(account: OfConnection, grant: GrantRow): Closed | null {
    const seen = this.#seen;
    if (seen === null || seen.client !== (grant.client ?? null)) return null;
    const { nowMs, gate } = this.#gate(account, grant, { ...seen, newer: null });
    const ageMs = nowMs - seen.atMs;
    if (gate.kind !== 'wait' || ageMs < 0) return null;
    if (gate.why === 'misconfigured' && ageMs > REFUSED_SEEN_MS) return null;
    return this.#closed(seen.stored, gate);
  }

  /** Whether this account may call now. `probe`: if it gets the lease. Without a directory no account is held. */
  gate(account: OfConnection, grant: GrantRow, look: Look): 'call' | 'probe' | Closed {
    const { gate } = this.#gate(account, grant, look);
    return gate.kind === 'wait' && look.stored !== null
      ? this.#closed(look.stored, gate)
      : (gate.kind as 'call' | 'probe');
  }

  #gate(account: OfConnection, grant: GrantRow, { stored, version }: Look): { nowMs: number; gate: Gate } {
    const nowMs = this.#powers.now();
    if (stored === null) return { nowMs, gate: { kind: 'call' } };
    const { health, othersCanProbe } = stored;
    const { accountId } = account;
    const tokenEndsAtMs = grant.hasAccessToken ? grant.accessExpiresAtMs : health.sinceMs;
    const share = shareOf(accountId, health.sinceMs);
    const probedInVain = this.#vainSinceMs === health.sinceMs;
    const asked = { nowMs, version, account: accountId, othersCanProbe, probedInVain, share, tokenEndsAtMs };
    return { nowMs, gate: gateOf(health, asked) };
  }

  #closed({ health }: StoredHealth, wait: Extract<Gate, { kind: 'wait' }>): Closed {
    const { why, untilMs } = wait;
    return { why, untilMs, lookAgainAtMs: lookAgainAtMs(health, wait, this.#powers.random) };
  }

  /** Takes the lease of the probe. Null: this account calls. Never throws. */
  async takeProbe(account: OfConnection, grant: GrantRow, look: Look): Promise<Closed | null> {
    const { directory } = this.#powers.config;
    const { connection } = account;
    const client = grant.client ?? null;
    const place = placeOf(account, client);
    let { stored } = look;
    for (let tries = 0; stored !== null && tries < LEASE_TRIES; tries += 1) {
      try {
        const isTaken = await takeHealthProbe(directory, place, stored, this.#powers.now());
        forgetConnection(directory, connection);
        if (isTaken) return null;
      } catch (error) {
        log('warn', 'a probe could not be taken', { connection, error });
        return null;
      }
      // Another account holds the lease, or the row has changed: the row as it is now decides.
      stored = await this.#health(account, client);
      if (stored === null) return null;
      this.#seen = { stored, version: look.version, atMs: this.#powers.now(), client };
      const gate = this.gate(account, grant, { ...look, stored });
      if (gate !== 'probe') return gate === 'call' ? null : gate;
    }
    return null;
  }

  /**
   * Tells what a settled attempt says of the connection, where that is news, and has another account asked where a refused
   * client may be this one's own trouble. Never throws.
   *
   * @param client that the grant was made with
   * @param untried its grant was brought unproven and was never renewed
   * @returns the connection's health afterwards; null: unknown
   */
  async report(
    account: OfConnection,
    settled: SettleArgument,
    client: string | null,
    untried = false,
  ): Promise<StoredHealth | null> {
    const { config, attempts, now, prove } = this.#powers;
    const { accountId: holder, connection } = account;
    // An import that an operator brings says nothing about the connection.
    const recent = attempts
      .newest(2 * RUN)
      .filter(({ trigger }) => trigger !== 'import')
      .slice(0, RUN);
    const report = healthReportOf(settled, { nowMs: now(), account: holder, recent, untried });
    const seen = this.#seen?.client === client ? this.#seen : null;
    if (report === null || this.#isNoNews(seen, report, settled.connectionVersion))
      return seen?.stored ?? null;
    const place = placeOf(account, client);
    try {
      const unable: string[] = [];
      for (let tries = 0; tries < MAX_ASKED; tries += 1) {
        const said = report.kind === 'client_rejected' ? { ...report, unable } : report;
        const after = await reportHealth(config, { place, holder, report: said, nowMs: now() });
        forgetConnection(config.directory, connection);
        if (after === null) return null;
        this.#seen = { stored: after, version: settled.connectionVersion, atMs: now(), client };
        if (report.kind === 'client_rejected') this.#vainSinceMs = after.health.sinceMs;
        if (after.changed) await this.takeNews(holder);
        if (after.ask === undefined) return after;
        if (await prove(after.ask, { connection, client, untriedToo: false })) break;
        unable.push(after.ask);
      }
      // The asked account has reported its own outcome by now.
      return await this.#health(account, client);
    } catch (error) {
      // The next attempt says the same again.
      log('warn', 'the health of a connection was not told', { connection, error });
      return null;
    }
  }

  /** This account calls no more: where its refusal closed the connection, another finds out at once. Never throws. */
  async leave(account: OfConnection): Promise<void> {
    const { config, now, prove } = this.#powers;
    const { accountId, connection } = account;
    try {
      for (const client of await this.#refusedClients(account)) {
        const left = { place: placeOf(account, client), account: accountId, nowMs: now() };
        const other = await leaveProbe(config.directory, left);
        forgetConnection(config.directory, connection);
        if (other !== null) await prove(other, { connection, client });
      }
    } catch (error) {
      log('warn', 'a connection was not told that an account has left', { connection, error });
    }
  }

  /** There is no token endpoint any more where it was: a server whose metadata can be read again is asked. Never throws. */
  async moved({ connection, provider }: Pick<AccountRow, 'connection' | 'provider'>): Promise<void> {
    if (provider !== MCP) return;
    const { config, now } = this.#powers;
    const wanted = wantMetadata(config.directory, connection, now());
    await wanted.catch((error: unknown) => log('warn', 'metadata was not asked for', { connection, error }));
  }

  /** The clients whose refusal this account may have told: the connection's, and its organization's that are refused. */
  async #refusedClients(account: OfConnection): Promise<readonly (string | null)[]> {
    if (account.organization === '') return [null];
    const found = await this.#load(account);
    const own = found === null ? [] : [...found.ownHealth];
    return [null, ...own.filter(([, { health }]) => health.state === 'misconfigured').map(([id]) => id)];
  }

  /** Null: there is none, or the directory does not say. */
  async #load({ connection: id, organization }: OfConnection): Promise<LoadedConnection | null> {
    const { directory, masterKeys } = this.#powers.config;
    const found = await loadConnection(directory, { id, organization }, DIRECTORY_LIMIT_MS, masterKeys);
    return found === 'unavailable' ? null : found;
  }

  async #health(account: OfConnection, client: string | null): Promise<StoredHealth | null> {
    const found = await this.#load(account);
    return found === null ? null : healthOf(found, client);
  }

  /** A provider that answers and has been answering: the directory need not be asked. */
  #isNoNews(seen: Seen | null, report: HealthReport, version: number): boolean {
    if (report.kind !== 'succeeded' && report.kind !== 'answered') return false;
    if (seen === null) return false;
    const { health, client } = seen.stored;
    const nowMs = this.#powers.now();
    return (
      afterReport(health, report, { nowMs, version, client, accounts: 0, perSecond: null }).health === health
    );
  }

  /**
   * Takes the news that this account made into its outbox, and tells the directory so. If the object or the call dies
   * in between, the step is repeated: the event's id keeps it in the outbox once, and the row stays until the event is
   * there. @throws ProblemError
   */
  async takeNews(accountId: string): Promise<void> {
    const { config, store, vault, outbox } = this.#powers;
    const news = await newsHeldBy(config.directory, accountId);
    if (news.length === 0) return;
    const taken = await vault.withKey((mac) =>
      store.transaction(() => {
        for (const { id, type, atMs, ...connection } of news)
          outbox.appendOnce(mac, id, { type, atMs, data: connectionEventData(connection) });
        return true;
      }),
    );
    // Under a wrong ring nothing is written: it waits for the right one.
    if (taken === null) return;
    // The output gate holds this until the rows above are durable.
    await newsTaken(
      config.directory,
      news.map(({ id }) => id),
    );
  }

  #wake(self: string, holder: string): void {
    const { waitUntil, wakeHolder } = this.#powers;
    const work = holder === self ? this.takeNews(self) : wakeHolder(holder);
    waitUntil(
      work.catch((error: unknown) => log('warn', 'news of a connection still waits', { holder, error })),
    );
  }
}

/** Whose health a grant of this client is judged by. */
function placeOf({ connection, organization }: OfConnection, client: string | null): HealthPlace {
  return { connection, own: client === null ? null : { organization, clientId: client } };
}

/**
 * The time that all accounts of the connection need at its own rate, for one that is overdue: it is not alone. 0 where
 * the connection has no rate, or the directory does not say how many there are.
 */
export async function overdueSpreadMs(
  config: Config,
  settings: ConnectionSettings,
  nowMs: number,
): Promise<number> {
  const { id, maxRefreshesPerSecond } = settings;
  if (maxRefreshesPerSecond == null) return 0;
  const accounts = await within(DIRECTORY_LIMIT_MS, roughCountOf(config.directory, id, nowMs), 0);
  return spreadMs(accounts, maxRefreshesPerSecond);
}
