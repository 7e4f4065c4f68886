/** Gathers what `explain` is made from: rows of the account, and what the directory says of its connection now. */

import type { Explanation } from '#contract/accounts/account-insight.ts';
import { loadConnection } from '#directory/connections/connections.ts';
import { cutOffs } from '#directory/revocations/cut-offs.ts';
import { arrivedAgent, type SentAgent } from '#policy/granted.ts';
import { FOR_TOKEN } from '#policy/request.ts';
import type { Account } from '../account.ts';
import type { Living } from '../life/living.ts';
import { missingVariables, readCaptured } from '../life/variables.ts';
import { explain } from './explain.ts';
import { obstaclesOf } from './obstacles.ts';
import { reachOf, type ImaginedRequest } from './reach.ts';

/** A person waits, and is told more than an agent; but not for ever. */
const DIRECTORY_LIMIT_MS = 2_000;
const SHOWN_ATTEMPTS = 20;

/**
 * @param agent the agent that the question is also about; null: none
 * @param imagined what the agent would ask for; null: the token, now
 */
export async function explanation(
  object: Account,
  living: Living,
  agent: SentAgent | null,
  imagined: ImaginedRequest | null = null,
): Promise<Explanation> {
  const { config, now, waitUntil } = object;
  const { state } = living;
  const attempts = object.attempts.newest(SHOWN_ATTEMPTS);
  const timers = object.timers.all();
  const [connection, list, captured] = await Promise.all([
    loadConnection(
      config.directory,
      { id: state.account.connection, organization: state.account.organization },
      DIRECTORY_LIMIT_MS,
      config.masterKeys,
    ),
    cutOffs(config.directory, waitUntil),
    readCaptured(object, living),
  ]);
  const nowMs = now();
  const missing = captured.ok ? missingVariables(state, captured.value) : [];
  const obstacles = obstaclesOf(state, { connection, cutOffs: list, missing }, nowMs);
  const explained = explain({ state, obstacles, attempts, timers, nowMs });
  if (agent === null) return explained;
  const asked = imagined ?? { use: FOR_TOKEN, scopes: null, atMs: nowMs };
  return { ...explained, agent: reachOf(state, obstacles, arrivedAgent(agent), asked, nowMs) };
}
