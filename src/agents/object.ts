/**
 * What the functions of this room are given: the parts of one agent's object. A plain record, so that each function
 * names what it uses and none reaches for `this.ctx`.
 */

import type { AuditFields, RequestContext } from '#audit/record.ts';
import { log } from '#lib/log.ts';
import { NewerSchemaError } from '#lib/object-schema.ts';
import { isDamage } from '#lib/platform-errors.ts';
import { CorruptRowError } from '#objects/corrupt-row.ts';
import { partsOf, record as recordIn, type ObjectParts } from '#objects/parts.ts';
import { Vault } from '#objects/vault.ts';
import { failed, NO_AGENT, type Failure } from './outcome.ts';
import type { AgentState } from './record.ts';
import { AgentStore } from './store.ts';
import { AgentTimerRows, type TimerName } from './clock/timers.ts';

/** `name` is the agent's id. */
export interface AgentObject extends ObjectParts<TimerName, AgentStore> {
  /** The caller knows of this organization's agents alone; null or left out: of all. */
  readonly boundTo?: string | null;
}

/** The life that the rows speak of. */
export interface Life {
  /** False: deleted; `incarnation` is that of the next life. */
  readonly living: boolean;
  readonly incarnation: number;
  readonly organization: string;
  /** Authenticates rows and audit of this life. */
  readonly mac: Uint8Array;
}

/** Builds the parts and touches no row: a name that was never created stays without a table. */
export function agentObject(ctx: DurableObjectState, env: unknown): AgentObject {
  return partsOf<TimerName, AgentStore, Vault>(ctx, env, {
    kind: 'agent',
    store: (storage, auditSeq) => new AgentStore(storage, auditSeq),
    vault: (store, { masterKeys }, name) => new Vault(store, masterKeys, { name }),
    timerRows: (sql, store, outbox) => new AgentTimerRows(sql, () => store.hasTables(), outbox),
  });
}

/** Appends one record to the agent's chain. Inside a transaction only. */
export function record(
  object: AgentObject,
  life: Pick<Life, 'organization' | 'mac'>,
  fields: AuditFields,
  context: RequestContext,
): void {
  const organization = life.organization === '' ? null : life.organization;
  recordIn(object, life.mac, { organization, ...fields }, context);
}

/**
 * What `step` returns, given the present life (null: nothing was ever created). A locked vault, a record that is not
 * authentic and rows of newer code are failures; a transaction inside `step` is then rolled back. `step` awaits nothing.
 */
export async function enter<T>(
  { vault, name }: AgentObject,
  step: (life: Life | null) => T,
): Promise<T | Failure> {
  try {
    const entered = await vault.enter((life) => {
      if (life === null) return step(null);
      const { living, owner, key } = life;
      const { incarnation, organization } = owner;
      return step({ living, incarnation, organization, mac: key.mac });
    });
    return entered.ok ? entered.value : failed(entered.error.code, entered.error.detail);
  } catch (error) {
    if (error instanceof CorruptRowError) return failed('record_corrupt', error.message);
    if (isDamage(error)) {
      log('error', 'an agent’s storage is damaged', { agent: name, error });
      return failed('record_corrupt', 'the agent’s tables were changed outside the broker');
    }
    if (error instanceof NewerSchemaError) {
      return failed('newer_schema', 'the agent was stored by a newer version of the broker');
    }
    throw error;
  }
}

/** Runs `step` with the living agent, or answers `not_found`. `step` awaits nothing. */
export function withAgent<T extends { readonly ok: true }>(
  object: AgentObject,
  step: (state: AgentState, life: Life) => T | Failure,
): Promise<T | Failure> {
  return enter(object, (life) => {
    if (life === null || !life.living) return NO_AGENT;
    const state = object.store.state(life.mac);
    if (state === null || (object.boundTo != null && state.agent.organization !== object.boundTo))
      return NO_AGENT;
    return step(state, life);
  });
}
