/**
 * What the functions of this room are given: the parts of one agent's object and the powers passed in.
 * A plain record, so that each function names what it uses and none reaches for `this.ctx`.
 */

import type { AuditFields, RequestContext } from '#audit/record.ts';
import type { AuditRing } from '#audit/ring.ts';
import { isoTime, type Now, type Random } from '#lib/clock.ts';
import type { Outbox } from '#outbox/outbox.ts';
import type { IndexTimer } from './index-timer.ts';
import { NO_AGENT, type Failure } from './outcome.ts';
import type { AgentState } from './record.ts';
import type { AgentStore } from './store.ts';
import type { Life, Vault } from './vault.ts';

export interface Room {
  /** The object's name. */
  readonly agentId: string;
  /** Whoever asks knows of this organization's agents alone; null or left out: of all. */
  readonly boundTo?: string | null;
  readonly store: AgentStore;
  readonly vault: Vault;
  readonly ring: AuditRing;
  readonly index: IndexTimer;
  readonly outbox: Outbox;
  readonly directory: D1Database;
  readonly now: Now;
  readonly random: Random;
}

/** Appends one record to the agent's chain. Inside a transaction only. */
export function record(room: Room, life: Life, fields: AuditFields, context: RequestContext): void {
  const organization = life.organization === '' ? null : life.organization;
  const { begins } = room.ring.append({ organization, ...fields }, context, isoTime(room.now()), life.mac);
  if (begins) room.store.noteChain(life.mac);
}

/** Runs `step` with the living agent, or answers `not_found`. `step` awaits nothing. */
export function withAgent<T extends { readonly ok: true }>(
  room: Room,
  step: (state: AgentState, life: Life) => T | Failure,
): Promise<T | Failure> {
  return room.vault.enter((life) => {
    if (life === null || !life.living) return NO_AGENT;
    const state = room.store.state(life.mac);
    if (state === null || (room.boundTo != null && state.agent.organization !== room.boundTo))
      return NO_AGENT;
    return step(state, life);
  });
}
