/**
 * Rows that wait in an account and were obtained at or before a cut-off of the kill switch: grants that nobody has confirmed,
 * imports that are being proven, and flows whose code is on its way to a grant. Each would become a grant of the account
 * after the account was told, so it ends with the grants. Refuses to end what came later.
 */

import type { Revoked } from '#directory/revocations/cut-offs.ts';
import type { Account } from '../account.ts';
import { isOpen } from '../flows/sessions/session.ts';
import { armSessions, end } from '../flows/sessions/upkeep.ts';
import type { Living } from '../life/living.ts';
import { isOld } from './matched.ts';
import { revokeLater } from './revocation.ts';

/** What of an account waits and is old, by the ids of its sessions and attempts. */
export interface OldWaiting {
  readonly sessions: ReadonlySet<string>;
  readonly proofs: ReadonlySet<string>;
}

/** @throws CorruptRowError */
export function oldWaiting({ store }: Account, mac: Uint8Array, cutOff: Pick<Revoked, 'atMs'>): OldWaiting {
  const { flows } = store;
  const came = new Map(flows.candidates(mac).map(({ sessionId, grant }) => [sessionId, grant]));
  const sessions = flows.sessions(mac).filter(({ id, status, claimedAtMs }) => {
    const grant = came.get(id);
    // A code that was taken before the cut-off, and whose grant has not come home.
    const isTaken = claimedAtMs !== null && claimedAtMs <= cutOff.atMs;
    return isOpen(status) && (grant === undefined ? isTaken : isOld(grant, cutOff));
  });
  const proofs = flows.proofs(mac).filter(({ grant }) => isOld(grant, cutOff));
  return {
    sessions: new Set(sessions.map(({ id }) => id)),
    proofs: new Set(proofs.map(({ sessionId }) => sessionId)),
  };
}

/** Inside a transaction. `atProvider`: the grants end at their provider too. */
export function endWaiting(
  object: Account,
  { opened, state }: Living,
  { sessions, proofs }: OldWaiting,
  atProvider: boolean,
): void {
  const { flows } = object.store;
  const { mac } = opened.key;
  const nowMs = object.now();
  for (const { sessionId, grant, proof } of flows.proofs(mac)) {
    if (!proofs.has(sessionId)) continue;
    if (atProvider)
      revokeLater(object, mac, { ...state, ...proof, grant, subject: null, cause: 'account_revoked' });
    flows.deleteCandidate(mac, sessionId);
  }
  for (const session of flows.sessions(mac)) {
    if (!sessions.has(session.id)) continue;
    if (!atProvider) flows.deleteCandidate(mac, session.id);
    end({ object, mac, nowMs }, session, 'failed', 'revoked');
  }
  armSessions({ object, mac, nowMs });
}
