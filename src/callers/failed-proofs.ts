/**
 * The record of a proof that was wrong: in the chain of the agent that it would have proved, once a minute, after the
 * answer has left, so that its time tells nothing. What would have proved nobody is not recorded.
 */

import { agentStub } from '#agents/stub.ts';
import { actorOf, type ProofMethod, type RequestPieces } from './proof.ts';
import { sleep, type Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { Allowance } from '#lib/allowance.ts';
import { log } from '#lib/log.ts';

const MINUTE_MS = 60_000;
const REMEMBERED_AGENTS = 1_000;
/** Wrong proofs whose agents one isolate looks up in a minute: they are made up faster than they are worth a question. */
const LOOKED_UP = 60;

/** What one isolate remembers of wrong proofs of one method. */
export class FailedProofs {
  readonly #method: ProofMethod;
  /** The minute in which an agent's was told last. */
  readonly #told = new BoundedMap<string, number>(REMEMBERED_AGENTS);
  readonly #looks = new Allowance(LOOKED_UP, MINUTE_MS);

  constructor(method: ProofMethod) {
    this.#method = method;
  }

  /** @param agentsOf whose proof it would have been; asked after the answer */
  note(
    request: RequestPieces,
    now: Now,
    reason: string,
    agentsOf: () => Promise<readonly string[]> | readonly string[],
  ): void {
    if (!this.#looks.take(now())) return;
    const work = sleep(0).then(async () => {
      for (const agentId of await agentsOf()) await this.#tell(request, now, reason, agentId);
    });
    const failed = (error: unknown) =>
      log('warn', 'auth.fail not written', { correlation_id: request.correlationId, error });
    request.waitUntil(work.catch(failed));
  }

  async #tell(
    { config, correlationId, toolCallId, client }: RequestPieces,
    now: Now,
    reason: string,
    agentId: string,
  ): Promise<void> {
    const minute = Math.floor(now() / MINUTE_MS);
    if (this.#told.get(agentId) === minute) return;
    this.#told.set(agentId, minute);
    const method = this.#method;
    const actor = actorOf({ plane: 'agent', id: agentId, method, keyId: null });
    await agentStub(config, agentId).recordAuthFail({
      keyId: null,
      method,
      reason,
      context: { actor, correlationId, toolCallId, client },
    });
  }
}
