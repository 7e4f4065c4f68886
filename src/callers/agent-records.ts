/** Agents' records as one isolate keeps them, for less than a second: the same for every method that proves an agent. */

import type { Outcome as Answer } from '#agents/outcome.ts';
import type { AuthRecord } from '#agents/record.ts';
import { agentStub } from '#agents/stub.ts';
import type { Config } from '#env.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { perObject } from '#lib/memory/per-object.ts';
import { lookupFailure, type AgentProof, type AuthFailure } from './proof.ts';
import { RecordCache, type Dated } from './record-cache.ts';

export type AgentLookup = Answer<{ readonly agent: AuthRecord }>;

const RETRY_AFTER_S = 60;

export const agentRecords = perObject(
  (config: Config): RecordCache<AgentLookup> =>
    new RecordCache((agentId) => agentStub(config, agentId).lookup({})),
);

/** The record of an answer; null: there is no such agent. */
export function recordIn({ answer }: Dated<AgentLookup>): Result<AuthRecord | null, AuthFailure> {
  if (answer.ok) return ok(answer.agent);
  return answer.code === 'not_found'
    ? ok(null)
    : err(lookupFailure(answer.code, answer.detail, RETRY_AFTER_S));
}

/** What an agent's proof takes from its record, whatever proves it. */
export function ofRecord({
  id,
  organization,
  status,
  policy,
  incarnation = 1,
  endedTokens,
}: AuthRecord): Pick<AgentProof, 'plane' | 'id' | 'life' | 'organization' | 'status' | 'policy'> {
  const life = `${incarnation}.${endedTokens?.endedBeforeMs ?? 0}`;
  return { plane: 'agent', id, life, organization, status, policy };
}
