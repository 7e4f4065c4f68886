/**
 * The keys of an agent: made, listed, used and deleted. A key is shown once, by the call that makes it; what is stored
 * proves it and says nothing about it.
 */

import type { RequestContext } from '#audit/record.ts';
import { createSignedAgentKey, type FreshKey } from '#crypto/api-keys.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { failed, type Failure, type Outcome } from './outcome.ts';
import type { AgentRow, KeyRow } from './record.ts';
import { record, withAgent, type AgentObject, type Life } from './object.ts';

/** Enough for replacing keys one by one; beyond it an operator makes keys and never deletes them. */
export const MAX_KEYS = 20;
/** `last_used_at` says whether a key is in use, not when exactly: one row an hour and key. */
export const TOUCH_INTERVAL_MS = 60 * 60_000;

export interface NewKey {
  readonly id: string;
  /** The whole key. Shown once, stored nowhere. */
  readonly key: string;
  readonly createdAtMs: number;
  /** Null: it has no end. */
  readonly expiresAtMs: number | null;
}

/** What operators see of a key. */
export interface KeyView {
  readonly id: string;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number | null;
  readonly expiresAtMs: number | null;
}

/** Is this use worth a row? Also after the clock went back, so that a time in the future does not stay for ever. */
export function isWorthTouching(lastUsedAtMs: number | null, atMs: number): boolean {
  return lastUsedAtMs === null || Math.abs(atMs - lastUsedAtMs) >= TOUCH_INTERVAL_MS;
}

/** The contract's fields have no place for the key a record speaks of; the actor's is the one that was used. */
function keyEvidence(keyId: string): readonly string[] {
  return [`key:${keyId}`];
}

/** A fresh key of the agent. Nothing is stored yet. */
export async function drawAgentKey({
  config,
  name,
}: AgentObject): Promise<({ readonly ok: true } & FreshKey) | Failure> {
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) return failed(ring.error.code, ring.error.detail);
  return { ok: true, ...(await createSignedAgentKey(ring.value, name)) };
}

/**
 * Adds a key that was drawn to `agent`, which is saved with it. Inside a transaction; the caller has counted.
 *
 * @param lifeMs how long it proves anybody; null: it has no end
 */
export function addKeyTo(
  object: AgentObject,
  life: Life,
  agent: AgentRow,
  made: FreshKey,
  context: RequestContext,
  lifeMs: number | null = null,
): NewKey {
  const nowMs = object.now();
  const row: KeyRow = {
    id: made.keyId,
    digest: made.digest,
    createdAtMs: nowMs,
    lastUsedAtMs: null,
    authFailAtMs: null,
    expiresAtMs: lifeMs === null ? null : nowMs + lifeMs,
  };
  object.store.saveKey(life.mac, row);
  object.store.saveAgent(life.mac, { ...agent, keyIds: [...agent.keyIds, row.id] });
  record(object, life, { action: 'agent.key.create', outcome: 'ok', evidence: keyEvidence(row.id) }, context);
  const { id, createdAtMs, expiresAtMs } = row;
  return { id, key: made.key, createdAtMs, expiresAtMs };
}

/**
 * `conflict` where the agent holds as many keys as it may. Ended keys make room first: an operator who replaces keys by
 * their end never has to delete a key.
 */
export async function addKey(
  object: AgentObject,
  context: RequestContext,
  lifeMs: number | null = null,
): Promise<Outcome<NewKey>> {
  const there = await withAgent(object, () => ({ ok: true }));
  if (!there.ok) return there;
  const drawn = await drawAgentKey(object);
  if (!drawn.ok) return drawn;
  return withAgent<{ ok: true } & NewKey>(object, ({ agent, keys }, life) => {
    const isFull = agent.keyIds.length >= MAX_KEYS;
    const over = isFull
      ? keys.filter(({ expiresAtMs }) => expiresAtMs !== null && expiresAtMs <= object.now())
      : [];
    if (isFull && over.length === 0) {
      return failed('conflict', `an agent may have ${MAX_KEYS} keys: delete one that is not used`);
    }
    return object.store.transaction(() => {
      const gone = new Set(over.map(({ id }) => id));
      for (const id of gone) eraseKey(object, life, id, context);
      const rest = { ...agent, keyIds: agent.keyIds.filter((id) => !gone.has(id)) };
      return { ok: true, ...addKeyTo(object, life, rest, drawn, context, lifeMs) };
    });
  });
}

/** Erases a key's row, with its record; the caller saves the agent without it. Inside a transaction. */
export function eraseKey(object: AgentObject, life: Life, keyId: string, context: RequestContext): void {
  object.store.deleteKey(keyId);
  record(object, life, { action: 'agent.key.delete', outcome: 'ok', evidence: keyEvidence(keyId) }, context);
}

/** Newest first. */
export function listKeys(object: AgentObject): Promise<Outcome<{ readonly keys: readonly KeyView[] }>> {
  return withAgent(object, ({ keys }) => ({
    ok: true,
    keys: keys
      .map(({ id, createdAtMs, lastUsedAtMs, expiresAtMs }) => ({
        id,
        createdAtMs,
        lastUsedAtMs,
        expiresAtMs,
      }))
      .toReversed(),
  }));
}

export function deleteKey(object: AgentObject, keyId: string, context: RequestContext): Promise<Outcome> {
  return withAgent<{ ok: true }>(object, ({ agent }, life) => {
    if (!agent.keyIds.includes(keyId)) return failed('not_found', 'there is no such key');
    return object.store.transaction(() => {
      object.store.saveAgent(life.mac, { ...agent, keyIds: agent.keyIds.filter((id) => id !== keyId) });
      eraseKey(object, life, keyId, context);
      return { ok: true };
    });
  });
}

/** Notes that a key was used, at most once an hour. A key that is gone meanwhile is no error worth telling. */
export function touchKey(
  object: AgentObject,
  keyId: string,
  atMs: number,
): Promise<Outcome<{ readonly written: boolean }>> {
  return withAgent<{ ok: true; written: boolean }>(object, ({ keys }, life) => {
    const key = keys.find(({ id }) => id === keyId);
    if (key === undefined || !isWorthTouching(key.lastUsedAtMs, atMs)) return { ok: true, written: false };
    return object.store.transaction(() => {
      object.store.saveKey(life.mac, { ...key, lastUsedAtMs: Math.trunc(atMs) });
      return { ok: true, written: true };
    });
  });
}
