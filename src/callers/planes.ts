/** What an outcome of `prove` is worth at a route of the one plane, of the other, or of both. Pure. */

import type { Config } from '#env.ts';
import { err, ok, type Result } from '#lib/result.ts';
import {
  ENDED_KEY,
  WRONG_KEY,
  type AgentProof,
  type AuthFailure,
  type OperatorProof,
  type Outcome,
} from './proof.ts';

type AdminKeyProblem = Pick<Config, 'adminKeyProblem'>;

/** For routes of agents. A valid proof of the other plane is `forbidden`. */
export function asAgent(outcome: Outcome): Result<AgentProof, AuthFailure> {
  if (!outcome.ok) return outcome;
  if (outcome.value.plane === 'agent') return ok(outcome.value);
  const detail = 'an operator uses the control plane; this route is for agents';
  return err({ code: 'forbidden', detail });
}

/** For routes of both planes. Where there is no `ADMIN_KEY` yet, the refusal says so. */
export function asEither(outcome: Outcome, { adminKeyProblem }: AdminKeyProblem): Outcome {
  if (outcome.ok || outcome.error.code !== 'unauthenticated') return outcome;
  if (adminKeyProblem !== null) {
    return err({ code: 'unauthenticated', detail: `nobody is an operator here: ${adminKeyProblem}` });
  }
  return outcome.error === ENDED_KEY ? err(WRONG_KEY) : outcome;
}

/** For routes of operators. A valid proof of the other plane is `forbidden`. */
export function asOperator(outcome: Outcome, config: AdminKeyProblem): Result<OperatorProof, AuthFailure> {
  const either = asEither(outcome, config);
  if (!either.ok) return either;
  if (either.value.plane === 'operator') return ok(either.value);
  return err({ code: 'forbidden', detail: 'an agent does not reach the control plane' });
}
