/**
 * Whose account it is, where an operator brought the credential: the provider is asked when a link is made, so that it
 * is known before the user comes back, and by the Exchanger after a refresh. What it says pins the account to its user,
 * so that a reconnect by the same one needs no confirmation. What is known is never overwritten here.
 */

import { hasUserinfo } from '#providers/identity.ts';
import type { Identified } from '#refresh/code-exchange.ts';
import { backoffMs } from '#refresh/backoff.ts';
import type { SubjectTold } from '#refresh/outcome.ts';
import { CorruptRowError } from '#objects/corrupt-row.ts';
import type { Room } from './room.ts';
import type { AccountRow } from './rows.ts';
import type { AccountState } from './store.ts';
import { endpointOf } from './token-check.ts';
import { newestOf } from './usable.ts';
import type { OpenedAccount } from './vault.ts';

/** A provider that does not answer now and then; one that never does is left alone. */
const MAX_ATTEMPTS = 6;
/** Links are made as often as anybody likes; the provider is not asked with each. */
const ASKED_APART_MS = 30_000;

/** Sets the timer where somebody could be asked and it matters. Inside a transaction. */
export function askSubjectSoon(room: Room, state: AccountState): void {
  if (newestOf(state.grants)?.hasAccessToken !== true) return;
  if (state.account.credentialType !== 'oauth2' || state.account.subject !== null) return;
  if (!hasUserinfo(state.settings.descriptor)) return;
  const nowMs = room.now();
  const askedAtMs = room.lastAsk.subjectAtMs;
  const isFresh = askedAtMs !== null && Math.abs(nowMs - askedAtMs) < ASKED_APART_MS;
  room.timers.set('subject', isFresh ? Math.max(nowMs, askedAtMs + ASKED_APART_MS) : nowMs);
}

/** The timer's work. */
export async function learnSubject(room: Room, opened: OpenedAccount): Promise<void> {
  const { mac } = opened.key;
  const state = room.store.state(mac);
  const grant = state == null ? undefined : newestOf(state.grants);
  const timer = room.timers.get('subject');
  // Without an access token there is nothing to ask with; the next link asks again.
  if (state == null || timer === null || state.account.subject !== null || grant?.accessToken == null) {
    room.store.transaction(() => room.timers.clear('subject'));
    return;
  }
  room.lastAsk.subjectAtMs = room.now();
  const answer = (await room.identify({
    accountId: state.account.accountId,
    organization: state.account.organization,
    incarnation: state.account.incarnation,
    dataKey: state.account.dataKey,
    grantId: grant.id,
    generation: grant.generation,
    accessToken: grant.accessToken,
    captured: grant.captured,
    variables: state.account.variables,
    settings: state.settings,
  })) as Identified;
  room.store.transaction(() => {
    const now = room.store.state(mac);
    const newest = now === null ? undefined : newestOf(now.grants);
    const same = newest?.id === grant.id ? newest : undefined;
    // Refreshed, replaced or deleted meanwhile: it is asked again with what is there now.
    const isSame = now != null && same !== undefined && same.grantedAtMs === grant.grantedAtMs;
    if (answer.kind === 'unsure' || !isSame) {
      if (timer.attempts + 1 >= MAX_ATTEMPTS || now === null) return room.timers.clear('subject');
      const failures = timer.attempts + 1;
      const waitMs = backoffMs({ failures, accessTokenLives: true, retryAfterMs: null, random: room.random });
      return room.timers.postpone(timer, room.now() + waitMs);
    }
    room.timers.clear('subject');
    if (answer.userinfo === true && same.generation === grant.generation && same.acceptedAt == null)
      room.store.saveGrant(mac, { ...same, acceptedAt: endpointOf(state) });
    if (answer.subject !== null) pin(room, mac, now.account, answer.subject, answer.label);
    return undefined;
  });
}

/** What became of a word about the account's user. */
export type Kept = 'kept' | 'known' | 'overtaken' | 'record_corrupt';

/**
 * What the Exchanger was told with a token that it has just brought home. A grant that is another by now (imported,
 * replaced, renewed again, of another life) takes nothing from it, and neither does one beside which a later one stands:
 * the refresh of what is there asks anew.
 */
export async function keepSubject(room: Room, told: SubjectTold): Promise<Kept> {
  const opened = await room.vault.open();
  if (!opened.ok || opened.value === null) return 'overtaken';
  const { mac } = opened.value.key;
  try {
    return room.store.transaction(() => {
      const now = room.store.state(mac);
      if (now === null || now.account.incarnation !== told.incarnation) return 'overtaken';
      const newest = newestOf(now.grants);
      if (newest?.id !== told.grantId || newest.generation !== told.generation) return 'overtaken';
      room.timers.clear('subject');
      return pin(room, mac, now.account, told.subject, told.label);
    });
  } catch (error) {
    if (error instanceof CorruptRowError) return 'record_corrupt';
    throw error;
  }
}

/** Inside a transaction. */
function pin(
  room: Room,
  mac: Uint8Array,
  account: AccountRow,
  subject: string,
  label: string | null,
): 'kept' | 'known' {
  if (account.subject !== null) return 'known';
  const updatedAtMs = Math.max(room.now(), account.updatedAtMs);
  room.store.saveAccount(mac, { ...account, subject, subjectLabel: label, updatedAtMs });
  room.timers.set('index', room.now());
  return 'kept';
}
