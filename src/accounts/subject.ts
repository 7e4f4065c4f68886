/**
 * Whose account it is, where an operator brought the credential: the provider is asked when a link is made, so that it
 * is known before the user comes back. What it says pins the account to its user, so that a reconnect by the same one needs no confirmation.
 */

import { hasUserinfo } from '#providers/identity.ts';
import type { Identified } from '#refresh/code-exchange.ts';
import { backoffMs } from '#refresh/backoff.ts';
import type { Room } from './room.ts';
import type { AccountState } from './store.ts';
import type { OpenedAccount } from './vault.ts';

/** A provider that does not answer now and then; one that never does is left alone. */
const MAX_ATTEMPTS = 6;

/** Sets the timer where somebody could be asked and it matters. Inside a transaction. */
export function askSubjectSoon(room: Room, state: AccountState): void {
  if (!state.grants.some(({ hasAccessToken }) => hasAccessToken)) return;
  if (state.account.credentialType !== 'oauth2' || state.account.subject !== null) return;
  if (hasUserinfo(state.settings.descriptor)) room.timers.set('subject', room.now());
}

/** The timer's work. */
export async function learnSubject(room: Room, opened: OpenedAccount): Promise<void> {
  const { mac } = opened.key;
  const state = room.store.state(mac);
  const grant = state?.grants[0];
  const timer = room.timers.get('subject');
  // Without an access token there is nothing to ask with; the next link asks again.
  if (state == null || timer === null || state.account.subject !== null || grant?.accessToken == null) {
    room.store.transaction(() => room.timers.clear('subject'));
    return;
  }
  const answer = (await room.identify({
    accountId: state.account.accountId,
    organization: state.account.organization,
    incarnation: state.account.incarnation,
    dataKey: state.account.dataKey,
    grantId: grant.id,
    generation: grant.generation,
    accessToken: grant.accessToken,
    captured: grant.captured,
    settings: state.settings,
  })) as Identified;
  room.store.transaction(() => {
    const now = room.store.state(mac);
    const same = now?.grants.find((row) => row.id === grant.id);
    // Refreshed, replaced or deleted meanwhile: it is asked again with what is there now.
    const isSame = now != null && same !== undefined && same.grantedAtMs === grant.grantedAtMs;
    if (answer.kind === 'unsure' || !isSame) {
      if (timer.attempts + 1 >= MAX_ATTEMPTS || now === null) return room.timers.clear('subject');
      const failures = timer.attempts + 1;
      const waitMs = backoffMs({ failures, accessTokenLives: true, retryAfterMs: null, random: room.random });
      return room.timers.postpone('subject', room.now() + waitMs);
    }
    room.timers.clear('subject');
    if (answer.subject === null || now.account.subject !== null) return undefined;
    const account = {
      ...now.account,
      subject: answer.subject,
      subjectLabel: answer.label,
      updatedAtMs: Math.max(room.now(), now.account.updatedAtMs),
    };
    room.store.saveAccount(mac, account);
    room.timers.set('index', room.now());
    return undefined;
  });
}
