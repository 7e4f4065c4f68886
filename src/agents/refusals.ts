/**
 * What was refused before it reached an account, in the agent's own chain: requests outside its policy (door 1, and the
 * walls that door 2 found), and wrong secrets under one of its keys. A stranger's guesses fill no ring: only a key that
 * exists is recorded, once a minute.
 */

import { asFreeNames, type AuditFields, type RequestContext } from '#audit/record.ts';
import type { StoredRecord } from '#audit/ring.ts';
import { chainPage, organizationOf, type ChainPage } from '#audit/shown.ts';
import type { Verification } from '#audit/unkeyed.ts';
import { NO_AGENT, type Outcome } from './outcome.ts';
import type { AgentState } from './record.ts';
import { enter, record, withAgent, type AgentObject } from './object.ts';

export interface RefusalInput {
  readonly fields: AuditFields;
  /** `connection` and `identifier` are an account's own; left out: what the request said. */
  readonly known?: boolean;
  readonly context: RequestContext;
}

const MINUTE_MS = 60_000;

/** Whether a wrong secret is to be recorded: the first of its minute. */
export function isFirstOfMinute(lastAtMs: number | null, atMs: number): boolean {
  return lastAtMs === null || Math.floor(lastAtMs / MINUTE_MS) !== Math.floor(atMs / MINUTE_MS);
}

/** What the agent's rules spell out, and the agent's own id, are no caller's text. */
function isNamedByPolicy({ agent }: AgentState, name: 'connection' | 'identifier', value: string): boolean {
  if (name === 'identifier' && value === agent.agentId) return true;
  return agent.policy.rules.some((rule) =>
    name === 'connection' ? rule.connection === value : rule.identifiers?.includes(value) === true,
  );
}

/** @param known connection and identifier are those of an account that exists; else they are what the caller wrote */
export function recordRefusal(
  object: AgentObject,
  { fields, known = false, context }: RefusalInput,
): Promise<Outcome> {
  return withAgent<{ ok: true }>(object, (state, life) =>
    object.store.transaction(() => {
      const isOurs = (name: 'connection' | 'identifier', value: string): boolean =>
        known || isNamedByPolicy(state, name, value);
      record(object, life, asFreeNames(fields, isOurs, life.mac), context);
      return { ok: true };
    }),
  );
}

/** A proof of this agent that was wrong. `method` and `reason` left out: a wrong secret under one of its keys. */
export interface AuthFailInput {
  /** Null: no key, but another method. */
  readonly keyId: string | null;
  readonly method?: string;
  readonly reason?: string;
  readonly context: RequestContext;
}

/** `context` is the request's; the claimed agent is put in here, because nothing has proved it. */
export function recordAuthFail(
  object: AgentObject,
  { keyId, method = 'agent_key', reason = 'wrong_secret', context }: AuthFailInput,
): Promise<Outcome<{ readonly recorded: boolean }>> {
  return withAgent<{ ok: true; recorded: boolean }>(object, ({ agent, keys }, life) => {
    const key = keyId === null ? null : keys.find(({ id }) => id === keyId);
    const nowMs = object.now();
    const lastAtMs = key === null ? agent.proofFailAtMs : key?.authFailAtMs;
    if (lastAtMs === undefined || !isFirstOfMinute(lastAtMs, nowMs)) return { ok: true, recorded: false };
    const actor = { type: 'agent', id: object.name, method, key_id: keyId } as const;
    return object.store.transaction(() => {
      if (key == null) object.store.saveAgent(life.mac, { ...agent, proofFailAtMs: nowMs });
      else object.store.saveKey(life.mac, { ...key, authFailAtMs: nowMs });
      const fields: AuditFields = { action: 'auth.fail', outcome: 'refused', reason };
      record(object, life, fields, { ...context, actor });
      return { ok: true, recorded: true };
    });
  });
}

/** Walks the chain, also that of a deleted agent. */
export function verifyAudit(object: AgentObject): Promise<Outcome<{ readonly verification: Verification }>> {
  return enter<Outcome<{ readonly verification: Verification }>>(object, (life) =>
    life === null ? NO_AGENT : { ok: true, verification: object.ring.verify(life.mac) },
  );
}

/**
 * A page of the chain, also of a deleted agent. A name may have belonged to several organizations, one life after the
 * other: a caller bound to one organization sees its records alone, and none of an agent that belongs to another now.
 */
export function auditRecords(
  object: AgentObject,
  asked: { readonly organization: string | null; readonly before: number | null; readonly limit: number },
): Promise<Outcome<{ readonly page: ChainPage }>> {
  return enter<Outcome<{ readonly page: ChainPage }>>(object, (life) => {
    const { organization } = asked;
    if (life === null || (organization !== null && life.organization !== organization)) return NO_AGENT;
    const list = (before: number | null, limit: number) => object.ring.list(before, limit);
    const isWanted = (record: StoredRecord) =>
      organization === null || organizationOf(record) === organization;
    return { ok: true, page: chainPage(list, asked.before, asked.limit, isWanted) };
  });
}
