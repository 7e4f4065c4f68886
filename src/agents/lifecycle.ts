/**
 * How an agent begins, changes and ends. Each change, its audit records, its event and the index timer are one
 * transaction.
 * What is awaited (opening and drawing keys) happens before it, and what was found then is looked at again inside.
 */

import type { RequestContext } from '#audit/record.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import { NO_PROOFS, type AgentProofs } from '#contract/callers/agent-proofs.ts';
import type { Policy } from '#contract/agents/policy.ts';
import type { FreshKey } from '#crypto/api-keys.ts';
import { agentOwner } from '#crypto/places.ts';
import { isAgentIndexed } from '#directory/indexes/agent-index.ts';
import { agentEventData, anomalyEventData, type AgentAnomaly } from '#webhooks/event.ts';
import { addKeyTo, drawAgentKey, type NewKey } from './keys.ts';
import { failed, NO_AGENT, type Failure, type Outcome } from './outcome.ts';
import {
  changed,
  differing,
  NO_ENDED_TOKENS,
  touched,
  viewOf,
  type AgentChanges,
  type AgentRow,
  type AgentStatus,
  type AgentView,
} from './record.ts';
import { enter, record, withAgent, type AgentObject, type Life } from './object.ts';

export interface CreateInput {
  readonly agentId: string;
  /** Empty for none. */
  readonly organization: string;
  readonly name: string | null;
  /** The full form. */
  readonly policy: Policy;
  /** Left out: none. */
  readonly proofs?: AgentProofs;
  /** Also makes the first key. */
  readonly withKey: boolean;
  readonly context: RequestContext;
}

export type UpdateInput = AgentChanges & { readonly context: RequestContext };

export type Viewed = Outcome<{ readonly agent: AgentView }>;
/** `key` is null unless one was asked for; this is the only time that it is shown. */
export type Created = Outcome<{ readonly agent: AgentView; readonly key: NewKey | null }>;

/** A key that nothing is stored under yet. */
interface DrawnKey {
  readonly wrapped: string;
  readonly mac: Uint8Array;
}

/** A fresh data key for a life that is about to begin. */
async function draw(
  { vault, name }: AgentObject,
  organization: string,
  incarnation: number,
): Promise<({ ok: true } & DrawnKey) | Failure> {
  const drawn = await vault.keyForNewLife(agentOwner(name, organization, incarnation), null);
  if (!drawn.ok) return failed(drawn.error.code, drawn.error.detail);
  const { wrapped, life } = drawn.value;
  return { ok: true, wrapped, mac: life.key.mac };
}

function takenName(agentId: string): Failure {
  return failed('already_exists', `there is an agent "${agentId}" already`);
}

function presentLife(object: AgentObject): Promise<{ ok: true; life: Life | null } | Failure> {
  return enter<{ ok: true; life: Life | null }>(object, (life) => ({ ok: true, life }));
}

/** @throws Error ("internal") for a name that no agent may have, or another object's. */
export async function createAgent(object: AgentObject, input: CreateInput): Promise<Created> {
  if (input.agentId !== object.name || !NAME_PATTERN.test(input.agentId)) {
    throw new Error('internal: an agent is created in the object of its name');
  }
  const found = await presentLife(object);
  if (!found.ok) return found;
  if (found.life?.living === true) return takenName(object.name);
  if (found.life === null && (await isLost(object))) return LOST;
  const incarnation = found.life?.incarnation ?? 1;
  const drawn = await draw(object, input.organization, incarnation);
  if (!drawn.ok) return drawn;
  const fresh = input.withKey ? await drawAgentKey(object) : null;
  if (fresh !== null && !fresh.ok) return fresh;
  return enter<Created>(object, (before) => {
    if (before?.living === true) return takenName(object.name);
    if ((before?.incarnation ?? 1) !== incarnation) {
      return failed('conflict', 'the agent was created and deleted meanwhile');
    }
    return object.store.transaction(() => begin(object, input, before, incarnation, drawn, fresh));
  });
}

/** The agent, for operators. */
export function viewAgent(object: AgentObject): Promise<Viewed> {
  return withAgent<Viewed & { ok: true }>(object, ({ agent }) => ({ ok: true, agent: viewOf(agent) }));
}

const LOST = failed('record_corrupt', 'the agent has been here, and the rows that name it are gone');
const KNOWN_WITHIN_MS = 2_000;

/**
 * Nothing is here that names an agent, and yet there was one: its other rows are left, or the directory has heard of it.
 * Asked for operators only: a key of an agent that is not there costs as much as a wrong one.
 */
async function isLost({ store, config, name }: AgentObject): Promise<boolean> {
  if (store.material() !== null) return false;
  return store.hasTables() || isAgentIndexed(config.directory, name, KNOWN_WITHIN_MS);
}

/** What an operator is told: that there is no such agent only where there was none. */
export async function unlessLost<T extends { readonly ok: boolean }>(
  object: AgentObject,
  answer: Promise<T>,
): Promise<T | Failure> {
  const told: { readonly ok: boolean; readonly code?: string } = await answer;
  return !told.ok && told.code === NO_AGENT.code && (await isLost(object)) ? LOST : (told as T);
}

/** Which fields, and not what stands in them: a way in that was opened shall be found. */
function fieldEvidence(fields: readonly string[]): readonly string[] | null {
  return fields.length === 0 ? null : fields.map((field) => `field:${field}`);
}

function begin(
  object: AgentObject,
  input: CreateInput,
  before: Life | null,
  incarnation: number,
  drawn: DrawnKey,
  fresh: FreshKey | null,
): Created {
  const nowMs = object.now();
  if (before !== null) {
    // The number of this life is the tombstone's word: it must be authentic before it is believed.
    object.store.tombstone(before.mac);
    object.ring.resign(before.mac, drawn.mac);
    object.outbox.resign(before.mac, drawn.mac);
  }
  const life: Life = { living: true, incarnation, organization: input.organization, mac: drawn.mac };
  const agent: AgentRow = {
    agentId: object.name,
    organization: input.organization,
    name: input.name,
    status: 'active',
    policy: input.policy,
    proofs: input.proofs ?? NO_PROOFS,
    proofFailAtMs: null,
    tokens: NO_ENDED_TOKENS,
    keyIds: [],
    incarnation,
    dataKey: drawn.wrapped,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  object.store.saveAgent(life.mac, agent);
  const evidence = fieldEvidence(differing(NO_PROOFS, agent.proofs));
  record(object, life, { action: 'agent.create', outcome: 'ok', evidence }, input.context);
  const key = fresh === null ? null : addKeyTo(object, life, agent, fresh, input.context);
  object.timers.set('index', nowMs);
  return { ok: true, agent: viewOf(agent), key };
}

/** The agent after the change. Values that are already there are no change and leave no record. */
export function updateAgent(object: AgentObject, input: UpdateInput): Promise<Viewed> {
  return withAgent<Viewed & { ok: true }>(object, ({ agent }, life) => {
    const change = changed(agent, input, object.now());
    if (change === null) return { ok: true, agent: viewOf(agent) };
    return object.store.transaction(() => {
      object.store.saveAgent(life.mac, change.after);
      for (const action of change.actions) {
        const evidence = action === 'agent.update' ? fieldEvidence(change.fields) : null;
        record(object, life, { action, outcome: 'ok', evidence }, input.context);
      }
      object.timers.set('index', object.now());
      return { ok: true, agent: viewOf(change.after) };
    });
  });
}

/** Inside the transaction that suspends it. */
export function tellSuspended(object: AgentObject, { mac }: Life, { agentId, organization }: AgentRow): void {
  const data = agentEventData({ agent: agentId, organization });
  object.outbox.append(mac, { type: 'agent.suspended', data, atMs: object.now() });
}

/** An anomaly of the agent is told as an event of its own. */
export function tellAnomaly(object: AgentObject, anomaly: AgentAnomaly): Promise<Outcome> {
  return withAgent<{ ok: true }>(object, ({ agent: { agentId, organization } }, { mac }) =>
    object.store.transaction(() => {
      const data = anomalyEventData({ agent: agentId, organization }, anomaly);
      object.outbox.append(mac, { type: 'agent.anomaly', data, atMs: object.now() });
      return { ok: true };
    }),
  );
}

/** Suspends or resumes; an agent that is so already stays as it is, without a record. */
export function setStatus(
  object: AgentObject,
  status: AgentStatus,
  context: RequestContext,
): Promise<Viewed> {
  return withAgent<Viewed & { ok: true }>(object, ({ agent }, life) => {
    if (agent.status === status) return { ok: true, agent: viewOf(agent) };
    const after = touched(agent, { status }, object.now());
    return object.store.transaction(() => {
      object.store.saveAgent(life.mac, after);
      const action = status === 'suspended' ? 'agent.suspend' : 'agent.resume';
      record(object, life, { action, outcome: 'ok' }, context);
      if (status === 'suspended') tellSuspended(object, life, after);
      object.timers.set('index', object.now());
      return { ok: true, agent: viewOf(after) };
    });
  });
}

/**
 * Erases the agent and its keys. The chain goes on: a tombstone keeps the number of the next life, and a data key under
 * which what stays is authenticated once the agent's own is gone.
 */
export async function removeAgent(object: AgentObject, context: RequestContext): Promise<Outcome> {
  const found = await withAgent(object, ({ agent }) => ({ ok: true, agent }));
  if (!found.ok) return found;
  const { incarnation, organization } = found.agent;
  const drawn = await draw(object, organization, incarnation + 1);
  if (!drawn.ok) return drawn;
  return withAgent<{ ok: true }>(object, ({ agent }, life) => {
    if (agent.incarnation !== incarnation) return NO_AGENT;
    const nowMs = object.now();
    return object.store.transaction(() => {
      record(object, life, { action: 'agent.delete', outcome: 'ok' }, context);
      object.ring.resign(life.mac, drawn.mac);
      object.outbox.resign(life.mac, drawn.mac);
      object.store.bury(drawn.mac, {
        agentId: object.name,
        organization,
        incarnation: incarnation + 1,
        dataKey: drawn.wrapped,
        deletedAtMs: nowMs,
      });
      object.timers.set('index', nowMs);
      return { ok: true };
    });
  });
}
