/**
 * What a new grant leaves to the one that it renews. A second consent of the same user often brings no refresh token:
 * then the grant that has one stays where it is, with its refresh token, its journal and a refresh that may be under way,
 * and takes the new access token over. Ciphertexts are bound to their place, so they are made anew for it, before the
 * transaction: inside one nothing is awaited.
 */

import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import type { GrantRow } from '../rows.ts';
import { keptBy, provenSubject } from './arrival.ts';
import type { CandidateRow } from './sessions/candidate-row.ts';
import type { Scene } from './sessions/upkeep.ts';

/** New ciphertexts for the place of the grant that stays. */
export interface Carried {
  readonly grantId: number;
  readonly generation: number;
  readonly accessToken: string;
  /** Null: the new grant brought no values, and the captured values of the grant that stays remain. */
  readonly captured: string | null;
}

/** A refresh takes longer than these steps; more than a few in a row is a fault. */
const MAX_ROUNDS = 8;

/** The scene as it is after something was awaited; null: the account is gone. */
function sceneNow(scene: Scene): Scene | null {
  const state = scene.object.store.state(scene.mac);
  if (state === null || state.account.incarnation !== scene.account.incarnation) return null;
  return { ...scene, state, account: state.account, nowMs: scene.object.now() };
}

/** The grant that stays for this candidate, as the account is now. */
export function keptFor(
  { state, account }: Pick<Scene, 'state' | 'account'>,
  candidate: Pick<CandidateRow, 'grant' | 'subject'>,
): GrantRow | null {
  const known = provenSubject(account.subject, [state.settings]);
  const same = candidate.subject !== null && candidate.subject === known;
  return keptBy(candidate.grant, state.grants, same, scopeFactsOf(state.settings));
}

/**
 * Runs `step` with what was made for the grant that stays: null where none does. Nothing happens between the last look
 * and `step`, which begins a transaction.
 *
 * @returns null where the account has gone meanwhile, or a stored value does not open: `step` did not run
 */
export async function withCarried<T>(
  scene: Scene,
  candidate: Pick<CandidateRow, 'grant' | 'subject'>,
  step: (scene: Scene, carried: Carried | null) => T,
): Promise<{ readonly done: T } | 'gone' | 'corrupt'> {
  let present: Scene | null = scene;
  let carried: Carried | null = null;
  for (let round = 0; round < MAX_ROUNDS && present !== null; round += 1) {
    const kept = keptFor(present, candidate);
    if (kept === null) return { done: step(present, null) };
    if (carried?.grantId === kept.id && carried.generation === kept.generation)
      return { done: step(present, carried) };
    carried = await carriedTo(kept, candidate.grant, present);
    if (carried === null) return 'corrupt';
    present = sceneNow(scene);
  }
  if (present === null) return 'gone';
  throw new Error('internal: a grant is renewed faster than anything can be carried to it');
}

/** Null: a stored value does not open. */
async function carriedTo(
  kept: GrantRow,
  incoming: GrantRow,
  { object, opened }: Scene,
): Promise<Carried | null> {
  const moved = async (field: 'access_token' | 'captured', text: string): Promise<string | null> => {
    const plain = await object.vault.decrypt(opened, incoming.id, field, incoming.generation, text);
    return plain.ok ? object.vault.encrypt(opened, kept.id, field, kept.generation, plain.value) : null;
  };
  const accessToken = await moved('access_token', incoming.accessToken ?? '');
  const captured = incoming.captured === null ? null : await moved('captured', incoming.captured);
  if (accessToken === null || (captured === null && incoming.captured !== null)) return null;
  return { grantId: kept.id, generation: kept.generation, accessToken, captured };
}

/**
 * The grant that stays, with the new access token and the time of the new consent. The facts about its refresh token
 * stay known.
 */
export function withNewToken(kept: GrantRow, incoming: GrantRow, carried: Carried): GrantRow {
  const { tokenType, grantedAtMs, accessExpiresAtMs, tokenAtMs, lifetimeMs } = incoming;
  return {
    ...kept,
    accessToken: carried.accessToken,
    captured: carried.captured ?? kept.captured,
    hasAccessToken: true,
    tokenType,
    grantedAtMs,
    accessExpiresAtMs,
    tokenAtMs,
    lifetimeMs,
    cycle: 0,
    rejectHoldUntilMs: null,
  };
}
