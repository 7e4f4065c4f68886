/**
 * The kill switch for one agent: it is suspended, and everything issued to it until then ends for good. One transaction
 * with its records and its event; the same revocation told again changes nothing, so that an agent that was resumed
 * meanwhile stays so. Proofs of another issuer are not the broker's to end: they wait for the resume.
 */

import type { RequestContext } from '#audit/record.ts';
import { eraseKey } from '../keys.ts';
import { tellSuspended } from '../lifecycle.ts';
import { record, withAgent, type AgentObject } from '../object.ts';
import type { Outcome } from '../outcome.ts';
import { touched, type AgentRow } from '../record.ts';

export interface RevokeAgentInput {
  /** `rev_…` */
  readonly revocation: string;
  /** Keys and tokens issued at or before that time end. */
  readonly atMs: number;
  readonly context: RequestContext;
  /** By the request that asks for it: what the agent has by then was issued before, whatever the clocks say. */
  readonly isAsked?: true;
}

export function revokeAgent(
  object: AgentObject,
  { revocation, atMs: givenAtMs, context, isAsked }: RevokeAgentInput,
): Promise<Outcome> {
  return withAgent<{ ok: true }>(object, ({ agent, keys }, life) => {
    const isTold = agent.tokens.revocation === revocation;
    const known = [agent.createdAtMs, agent.updatedAtMs, ...keys.map(({ createdAtMs }) => createdAtMs)];
    const atMs = isAsked === true ? Math.max(givenAtMs, ...known) : givenAtMs;
    // A life that began after it is another agent's.
    if (isTold || agent.createdAtMs > atMs) return { ok: true };
    const evidence = [`revocation:${revocation}`];
    return object.store.transaction(() => {
      const over = new Set(keys.filter(({ createdAtMs }) => createdAtMs <= atMs).map(({ id }) => id));
      for (const id of over) eraseKey(object, life, id, context);
      const { endedBeforeMs, ended } = agent.tokens;
      const after: AgentRow = touched(
        agent,
        {
          status: 'suspended',
          keyIds: agent.keyIds.filter((id) => !over.has(id)),
          tokens: { endedBeforeMs: Math.max(atMs, endedBeforeMs ?? atMs), ended, revocation },
        },
        object.now(),
      );
      object.store.saveAgent(life.mac, after);
      record(object, life, { action: 'agent.suspend', outcome: 'ok', evidence }, context);
      if (agent.status !== 'suspended') tellSuspended(object, life, after);
      object.timers.set('index', object.now());
      return { ok: true };
    });
  });
}
