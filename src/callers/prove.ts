/** Proves a caller: once per request, by the first method whose form the request carries. Decides nothing of routes. */

import type { Now } from '#lib/clock.ts';
import { err } from '#lib/result.ts';
import { isUnderDpop, NOT_BOUND } from './binding/binding.ts';
import { knock } from './knock.ts';
import { accessJwt } from './methods/access-jwt.ts';
import { adminKey } from './methods/admin-key.ts';
import { agentKey } from './methods/agent-key.ts';
import { brokerToken } from './methods/broker-token.ts';
import { clientCertificate } from './methods/client-certificate.ts';
import { rootKey } from './methods/root-key.ts';
import { workloadJwt } from './methods/workload-jwt.ts';
import { WRONG_KEY, type Method, type Outcome, type RequestPieces } from './proof.ts';

/**
 * `ADMIN_KEY` may be any text, also one in the form of another key: it is compared first. `brokerToken` takes the tokens
 * that the broker has made and stands before `workloadJwt`, which takes whatever has the form of one.
 */
const METHODS: readonly Method[] = [
  rootKey,
  adminKey,
  agentKey,
  brokerToken,
  workloadJwt,
  accessJwt,
  clientCertificate,
];

/** The proof that a request carries; `planes.ts` says what it is worth at a route. */
export async function prove(request: RequestPieces, now: Now): Promise<Outcome> {
  const knocked = await knock(request, now);
  if (!knocked.ok) return knocked;
  const presented = knocked.value;
  // A credential in a wrong place proves nobody, whatever stands beside it.
  if (presented.kind === 'misplaced') return err({ code: 'unauthenticated', detail: presented.detail });
  const token = presented.kind === 'bearer' ? presented.token : null;
  if (token !== null && isUnderDpop(request.headers))
    return (await brokerToken(request, token, now)) ?? err(NOT_BOUND);
  for (const method of METHODS) {
    const outcome = method(request, token, now);
    if (outcome !== null) return outcome;
  }
  return err(presented.kind === 'none' ? { code: 'unauthenticated', detail: presented.detail } : WRONG_KEY);
}
