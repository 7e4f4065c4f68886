/**
 * What stands between an account and its token beside its own status: the seal, a cut-off, its connection's health. In
 * words, for `explain`. Pure, and no decision: each reason is asked of the function that the door asks.
 */

import { isRenewedType } from '#contract/machine/kinds.ts';
import type { Code } from '#contract/codes.ts';
import type { Explanation } from '#contract/accounts/account-insight.ts';
import { healthOf, type LoadedConnection } from '#directory/connections/connections.ts';
import type { CutOffs } from '#directory/revocations/cut-offs.ts';
import { isoTime } from '#lib/clock.ts';
import { forGrant, newest, versionOf } from '#providers/clients.ts';
import { gateOf, shareOf, type Gate } from '#refresh/standing/connection-health.ts';
import { accessLives } from '#refresh/lifetimes.ts';
import { statusRefusal } from '../door/refusals.ts';
import { deletedRefusal, proxyOnlyRefusal } from '../ending/cut-offs.ts';
import { revokedRefusal } from '../ending/matched.ts';
import type { AccountState } from '../store.ts';

/** What the directory says now. */
export interface Surroundings {
  /** Null: the connection is gone; `unavailable`: unknown. */
  readonly connection: LoadedConnection | null | 'unavailable';
  readonly cutOffs: CutOffs | null;
  /** Variables that the URL of the account's API needs and that are still unknown. */
  readonly missing?: readonly string[];
}

export interface Obstacles {
  /** Why the credential leaves for no caller, in any status. */
  readonly shut: readonly string[];
  /** What the connection's health keeps from this account; null: nothing. */
  readonly health: string | null;
  /** The code that an agent gets whose rules allow everything; null: it gets a token. */
  readonly refusedWith: Code | null;
  readonly next: Explanation['next'];
  /** Short stable names and codes. */
  readonly evidence: readonly string[];
}

export function obstaclesOf(state: AccountState, around: Surroundings, nowMs: number): Obstacles {
  const shut = whatShuts(state, around);
  const closed = closedGate(state, around.connection, nowMs);
  const lives = state.grants.some((grant) => accessLives(grant, nowMs));
  return {
    shut: shut.map(({ why }) => why),
    health: closed === null ? null : healthWords(state, closed, { lives, leaves: shut.length === 0 }),
    refusedWith:
      shut[0]?.code ??
      statusRefusal(state.account, () => null)?.code ??
      (closed === null || lives ? null : CODES[closed.why]),
    next: closed === null ? [] : [{ what: NEXT[closed.why], at: isoTime(closed.untilMs) }],
    evidence: [
      ...shut.map(({ name }) => name),
      ...(around.connection === 'unavailable' ? ['directory_unavailable'] : []),
      ...(closed === null
        ? []
        : [`connection_${closed.why}`, ...(closed.reason === null ? [] : [closed.reason])]),
    ],
  };
}

interface Shut {
  readonly why: string;
  readonly code: Code;
  readonly name: string;
}

/** In the door's order: the first one's code is what agents get. */
function whatShuts(state: AccountState, { connection, cutOffs, missing = [] }: Surroundings): Shut[] {
  const { account } = state;
  const shut: Shut[] = [];
  const known = connection === 'unavailable' ? null : connection;
  const settings = known === null ? state.settings : newest(known.settings, state.settings);
  const kept = proxyOnlyRefusal(account, settings, cutOffs);
  if (connection === null || deletedRefusal(account, settings, cutOffs) !== null) {
    shut.push({
      why: `the connection ${account.connection} was deleted, and its accounts end with it: agents get account_revoked (409)`,
      code: 'account_revoked',
      name: 'connection_deleted',
    });
  } else if (kept !== null) {
    shut.push({
      why: `the connection ${account.connection} is set to token_access proxy_only: credentials of its accounts are used by the proxy and tools alone, and agents that ask for one get account_sealed (409), whatever their rules`,
      code: kept.code,
      name: 'connection_proxy_only',
    });
  }
  if (account.status !== 'revoked' && revokedRefusal(account, state.grants, cutOffs) !== null) {
    shut.push({
      why: 'what the account held was revoked by the kill switch: agents get account_revoked (409), and the account itself is about to be told',
      code: 'account_revoked',
      name: 'cut_off',
    });
  }
  if (account.sealed) {
    shut.push({
      why: 'the account is sealed: its credential is used by the proxy and tools alone, and agents that ask for it get account_sealed (409), whatever their rules',
      code: 'account_sealed',
      name: 'account_sealed',
    });
  }
  if (missing.length > 0 && account.status === 'active') {
    shut.push({
      why: `the URL of its API needs ${missing.join(' and ')}, which the provider did not tell: agents get conflict (409) until an operator gives it (PATCH, \`variables\`)`,
      code: 'conflict',
      name: 'variable_unknown',
    });
  }
  return shut;
}

interface ClosedGate {
  readonly why: Extract<Gate, { kind: 'wait' }>['why'];
  readonly sinceMs: number;
  readonly reason: string | null;
  readonly untilMs: number;
}

/** Why this account may not call its provider now; null: it may, or it never has to. */
function closedGate(
  { account, settings, grants }: AccountState,
  connection: Surroundings['connection'],
  nowMs: number,
): ClosedGate | null {
  if (connection === null || connection === 'unavailable') return null;
  if (!isRenewedType(account.credentialType)) return null;
  const grant = grants.find((row) => !accessLives(row, nowMs)) ?? grants[0];
  const client = grant?.client ?? null;
  const stored = healthOf(connection, client);
  if (stored === null) return null;
  const { health } = stored;
  const gate = gateOf(health, {
    nowMs,
    version: versionOf(forGrant(newest(connection.settings, settings), client)),
    account: account.accountId,
    othersCanProbe: stored.othersCanProbe,
    probedInVain: false,
    share: shareOf(account.accountId, health.sinceMs),
    tokenEndsAtMs: grant?.hasAccessToken === true ? grant.accessExpiresAtMs : health.sinceMs,
  });
  const { sinceMs, reason } = health;
  if (gate.kind === 'wait') return { why: gate.why, sinceMs, reason, untilMs: gate.untilMs };
  // The probe is due: the next account that has to call is the one.
  return gate.kind === 'probe' && health.state !== 'ok'
    ? { why: health.state, sinceMs, reason, untilMs: nowMs }
    : null;
}

const CODES = {
  outage: 'provider_unavailable',
  misconfigured: 'misconfigured_connection',
  recovering: 'provider_unavailable',
} as const satisfies Record<ClosedGate['why'], Code>;

const NEXT: Readonly<Record<ClosedGate['why'], string>> = {
  outage: 'probe of the provider by one account of the connection: its first success ends the outage',
  misconfigured:
    'probe of the provider by one account of the connection, unless the connection is changed before',
  recovering: 'its turn to refresh, now that the provider of the connection is back',
};

function healthWords(
  { account }: AccountState,
  closed: ClosedGate,
  { lives, leaves }: { lives: boolean; leaves: boolean },
): string | null {
  if (account.status !== 'active' && account.status !== 'pending') return null;
  const since = isoTime(closed.sinceMs);
  const reason = closed.reason === null ? '' : ` (${closed.reason})`;
  const provider = `the provider of the connection ${account.connection}`;
  const words = {
    outage: `${provider} does not answer since ${since}${reason}: one account asks it now and then, the others wait`,
    misconfigured: `${provider} has refused its client${reason} since ${since}: the user can do nothing, an operator has to mend the connection`,
    recovering: `${provider} is back since ${since}: its accounts refresh one after another, this one from ${isoTime(closed.untilMs)} on`,
  }[closed.why];
  if (account.status === 'pending') return `${words}; a connect meets the same`;
  if (lives) return `${words}; the stored token still lives${leaves ? ' and is handed out' : ''}`;
  return leaves ? `${words}; without a living token agents get ${CODES[closed.why]} (503)` : words;
}
