/** What the timers of an agent do: its row in the directory, and its outbox. */

import { kidOf } from '#crypto/envelope.ts';
import { deleteAgentIndex, upsertAgentIndex } from '#directory/indexes/agent-index.ts';
import { reportProofs } from '#directory/callers/agent-proofs.ts';
import type { TimerKinds } from '#objects/alarm.ts';
import { reportIndex } from '#objects/index-report.ts';
import type { Timer } from '#objects/timers.ts';
import type { OpenedLife } from '#objects/vault.ts';
import type { AgentObject } from '../object.ts';
import { viewOf } from '../record.ts';
import type { TimerName } from './timers.ts';

/** What the timers of an agent do. */
export function timerKinds(object: AgentObject): TimerKinds<TimerName> {
  return {
    index: { rank: 0, run: (life, timer) => indexAgent(object, life, timer) },
    outbox: { rank: 1, run: () => object.outbox.start() },
  };
}

function indexAgent(object: AgentObject, life: OpenedLife | null, timer: Timer<TimerName>): Promise<void> {
  const { store, timers, name, now } = object;
  const { directory } = object.config;
  const state = life === null ? null : store.state(life.key.mac);
  // A change made while the directory was written has set the timer anew.
  const isCurrent = (): boolean => timers.get('index')?.payload === timer.payload;
  const reported = async (index: () => Promise<void>): Promise<void> => {
    await index();
    await reportProofs(directory, name, state === null ? null : state.agent.proofs, now());
  };
  if (state === null)
    return reportIndex(object, { write: () => reported(() => deleteAgentIndex(directory, name)), isCurrent });
  const agent = viewOf(state.agent);
  const row = {
    ...agent,
    resource: JSON.stringify(agent),
    kid: kidOf(state.agent.dataKey),
    indexedAtMs: now(),
  };
  return reportIndex(object, { write: () => reported(() => upsertAgentIndex(directory, row)), isCurrent });
}
