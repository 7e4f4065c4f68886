/**
 * How an agent begins, changes and ends. Each change, its audit records, its event and the index timer are one
 * transaction.
 * What is awaited (opening and drawing keys) happens before it, and what was found then is looked at again inside.
 */

import type { RequestContext } from '#audit/record.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import type { Policy } from '#contract/policy.ts';
import type { FreshKey } from '#crypto/api-keys.ts';
import { isAgentIndexed } from '#directory/agent-index.ts';
import { agentEventData } from '#webhooks/event.ts';
import { addKeyTo, type NewKey } from './keys.ts';
import { failed, NO_AGENT, type Failure, type Outcome } from './outcome.ts';
import {
  changed,
  touched,
  viewOf,
  type AgentChanges,
  type AgentRow,
  type AgentStatus,
  type AgentView,
} from './record.ts';
import { record, withAgent, type Room } from './room.ts';
import type { DrawnKey, Life } from './vault.ts';

export interface CreateInput {
  readonly agentId: string;
  /** Empty for none. */
  readonly organization: string;
  readonly name: string | null;
  /** The full form. */
  readonly policy: Policy;
  /** Also makes the first key. */
  readonly withKey: boolean;
  readonly context: RequestContext;
}

export type UpdateInput = AgentChanges & { readonly context: RequestContext };

export type Viewed = Outcome<{ readonly agent: AgentView }>;
/** `key` is null unless one was asked for; this is the only time that it is shown. */
export type Created = Outcome<{ readonly agent: AgentView; readonly key: NewKey | null }>;

function takenName(agentId: string): Failure {
  return failed('already_exists', `there is an agent "${agentId}" already`);
}

function presentLife(room: Room): Promise<{ ok: true; life: Life | null } | Failure> {
  return room.vault.enter<{ ok: true; life: Life | null }>((life) => ({ ok: true, life }));
}

/** @throws Error ("internal") for a name that no agent may have, or another object's. */
export async function createAgent(room: Room, input: CreateInput): Promise<Created> {
  if (input.agentId !== room.agentId || !NAME_PATTERN.test(input.agentId)) {
    throw new Error('internal: an agent is created in the object of its name');
  }
  const found = await presentLife(room);
  if (!found.ok) return found;
  if (found.life?.living === true) return takenName(room.agentId);
  if (found.life === null && (await isLost(room))) return LOST;
  const incarnation = found.life?.incarnation ?? 1;
  const drawn = await room.vault.draw(input.organization, incarnation);
  if (!drawn.ok) return drawn;
  const fresh = input.withKey ? await room.vault.drawAgentKey() : null;
  if (fresh !== null && !fresh.ok) return fresh;
  return room.vault.enter<Created>((before) => {
    if (before?.living === true) return takenName(room.agentId);
    if ((before?.incarnation ?? 1) !== incarnation) {
      return failed('conflict', 'the agent was created and deleted meanwhile');
    }
    return room.store.transaction(() => begin(room, input, before, incarnation, drawn, fresh));
  });
}

/** The agent, for operators. */
export function viewAgent(room: Room): Promise<Viewed> {
  return withAgent<Viewed & { ok: true }>(room, ({ agent }) => ({ ok: true, agent: viewOf(agent) }));
}

const LOST = failed('record_corrupt', 'the agent has been here, and the rows that name it are gone');
const KNOWN_WITHIN_MS = 2_000;

/**
 * Nothing is here that names an agent, and yet there was one: its other rows are left, or the directory has heard of it.
 * Asked for operators only: a key of an agent that is not there costs as much as a wrong one.
 */
async function isLost({ store, directory, agentId }: Room): Promise<boolean> {
  if (store.material() !== null) return false;
  return store.hasTables() || isAgentIndexed(directory, agentId, KNOWN_WITHIN_MS);
}

/** What an operator is told: that there is no such agent only where there was none. */
export async function unlessLost<T extends { readonly ok: boolean }>(
  room: Room,
  answer: Promise<T>,
): Promise<T | Failure> {
  const told: { readonly ok: boolean; readonly code?: string } = await answer;
  return !told.ok && told.code === NO_AGENT.code && (await isLost(room)) ? LOST : (told as T);
}

function begin(
  room: Room,
  input: CreateInput,
  before: Life | null,
  incarnation: number,
  drawn: DrawnKey,
  fresh: FreshKey | null,
): Created {
  const nowMs = room.now();
  if (before !== null) {
    // The number of this life is the tombstone's word: it must be authentic before it is believed.
    room.store.tombstone(before.mac);
    room.ring.resign(before.mac, drawn.mac);
    room.outbox.resign(before.mac, drawn.mac);
  }
  const life: Life = { living: true, incarnation, organization: input.organization, mac: drawn.mac };
  const agent: AgentRow = {
    agentId: room.agentId,
    organization: input.organization,
    name: input.name,
    status: 'active',
    policy: input.policy,
    keyIds: [],
    incarnation,
    dataKey: drawn.wrapped,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  room.store.saveAgent(life.mac, agent);
  record(room, life, { action: 'agent.create', outcome: 'ok' }, input.context);
  const key = fresh === null ? null : addKeyTo(room, life, agent, fresh, input.context);
  room.index.mark(nowMs);
  return { ok: true, agent: viewOf(agent), key };
}

/** The agent after the change. Values that are already there are no change and leave no record. */
export function updateAgent(room: Room, input: UpdateInput): Promise<Viewed> {
  return withAgent<Viewed & { ok: true }>(room, ({ agent }, life) => {
    const change = changed(agent, input, room.now());
    if (change === null) return { ok: true, agent: viewOf(agent) };
    return room.store.transaction(() => {
      room.store.saveAgent(life.mac, change.after);
      for (const action of change.actions) record(room, life, { action, outcome: 'ok' }, input.context);
      room.index.mark(room.now());
      return { ok: true, agent: viewOf(change.after) };
    });
  });
}

function tellSuspended(room: Room, { mac }: Life, { agentId, organization }: AgentRow): void {
  const data = agentEventData({ agent: agentId, organization });
  room.outbox.append(mac, { type: 'agent.suspended', data, atMs: room.now() });
}

/** Suspends or resumes; an agent that is so already stays as it is, without a record. */
export function setStatus(room: Room, status: AgentStatus, context: RequestContext): Promise<Viewed> {
  return withAgent<Viewed & { ok: true }>(room, ({ agent }, life) => {
    if (agent.status === status) return { ok: true, agent: viewOf(agent) };
    const after = touched(agent, { status }, room.now());
    return room.store.transaction(() => {
      room.store.saveAgent(life.mac, after);
      const action = status === 'suspended' ? 'agent.suspend' : 'agent.resume';
      record(room, life, { action, outcome: 'ok' }, context);
      if (status === 'suspended') tellSuspended(room, life, after);
      room.index.mark(room.now());
      return { ok: true, agent: viewOf(after) };
    });
  });
}

/**
 * Erases the agent and its keys. The chain goes on: a tombstone keeps the number of the next life, and a data key under
 * which what stays is authenticated once the agent's own is gone.
 */
export async function removeAgent(room: Room, context: RequestContext): Promise<Outcome> {
  const found = await withAgent(room, ({ agent }) => ({ ok: true, agent }));
  if (!found.ok) return found;
  const { incarnation, organization } = found.agent;
  const drawn = await room.vault.draw(organization, incarnation + 1);
  if (!drawn.ok) return drawn;
  return withAgent<{ ok: true }>(room, ({ agent }, life) => {
    if (agent.incarnation !== incarnation) return NO_AGENT;
    const nowMs = room.now();
    return room.store.transaction(() => {
      record(room, life, { action: 'agent.delete', outcome: 'ok' }, context);
      room.ring.resign(life.mac, drawn.mac);
      room.outbox.resign(life.mac, drawn.mac);
      room.store.bury(drawn.mac, {
        agentId: room.agentId,
        organization,
        incarnation: incarnation + 1,
        dataKey: drawn.wrapped,
        deletedAtMs: nowMs,
      });
      room.index.mark(nowMs);
      return { ok: true };
    });
  });
}
