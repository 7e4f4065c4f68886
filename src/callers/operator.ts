/** Proves an operator, by `ADMIN_KEY` first and by an admin key then, and says which organizations it reaches. */

import type { Role } from '#contract/roles.ts';
import type { Config } from '#env.ts';
import type { Now } from '#lib/clock.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { isAdminKey } from './admin-key.ts';
import { proveAdminKey } from './admin-keys.ts';
import { proveAgentKey, type AgentCaller } from './agent.ts';
import { namedAdminKeyId } from './bearer.ts';
import { knock } from './knock.ts';
import type { AuthFailure, RequestPieces } from './proof.ts';
import { MAX_AGE_MS } from './record-cache.ts';

/** Whoever proves itself at the control plane. */
export interface OperatorCaller {
  readonly role: Role;
  /** The organization that it is bound to; null: all of them. */
  readonly organization: string | null;
  /** As records show it. */
  readonly id: string;
  readonly method: 'admin_key';
  readonly keyId: string | null;
}

/** The deployment's own operator: there is one `ADMIN_KEY`, and the key itself is never an id. */
const ADMIN: OperatorCaller = {
  role: 'admin',
  organization: null,
  id: 'admin',
  method: 'admin_key',
  keyId: null,
};

/** Whoever has proved itself, of either plane. */
export type AnyCaller =
  | { readonly kind: 'operator'; readonly operator: OperatorCaller; readonly provedAtMs: number }
  | { readonly kind: 'agent'; readonly agent: AgentCaller; readonly provedAtMs: number };

/** For routes of both planes: one credential, proved once, as what it is. */
export async function authenticateEither(
  headers: Headers,
  url: string,
  config: Config,
  request: RequestPieces,
  now: Now,
): Promise<Result<AnyCaller, AuthFailure>> {
  const knocked = await knock(headers, url, config, request, now);
  if (!knocked.ok) return knocked;
  const presented = knocked.value;
  if (presented.kind === 'bearer') {
    const { token } = presented;
    if (isAdminKey(config, token)) return ok({ kind: 'operator', operator: ADMIN, provedAtMs: now() });
    const proved = await proveOther(token, config, request, now);
    if (proved.ok || proved.error.code !== 'unauthenticated') return proved;
  }
  if (config.adminKeyProblem !== null) {
    return err({ code: 'unauthenticated', detail: `nobody is an operator here: ${config.adminKeyProblem}` });
  }
  const detail = presented.kind === 'bearer' ? 'this is not a valid key' : presented.detail;
  return err({ code: 'unauthenticated', detail });
}

/** An agent key that proves itself is a valid proof of the other plane: `forbidden`. */
export async function authenticateOperator(
  headers: Headers,
  url: string,
  config: Config,
  request: RequestPieces,
  now: Now,
): Promise<Result<OperatorCaller, AuthFailure>> {
  const caller = await authenticateEither(headers, url, config, request, now);
  if (!caller.ok) return caller;
  if (caller.value.kind === 'operator') return ok(caller.value.operator);
  return err({ code: 'forbidden', detail: 'an agent key does not reach the control plane' });
}

/** An admin key, or an agent's. */
async function proveOther(
  token: string,
  config: Config,
  request: RequestPieces,
  now: Now,
): Promise<Result<AnyCaller, AuthFailure>> {
  if (namedAdminKeyId(token) !== null) {
    const key = await proveAdminKey(token, config, request, now);
    if (!key.ok) return key;
    const { id, role, organization } = key.value;
    const operator: OperatorCaller = { role, organization, id, method: 'admin_key', keyId: id };
    // What is remembered of the key may be as old as this.
    return ok({ kind: 'operator', operator, provedAtMs: now() - MAX_AGE_MS });
  }
  const agent = await proveAgentKey(token, config, request, now);
  if (!agent.ok) return agent;
  return ok({ kind: 'agent', agent: agent.value, provedAtMs: agent.value.provedAtMs });
}

/** May this operator know of what belongs to `organization` (empty for none)? If not, it is `not_found` to it. */
export function reachesOrganization(
  operator: Pick<OperatorCaller, 'organization'>,
  organization: string,
): boolean {
  return operator.organization === null || operator.organization === organization;
}

/**
 * The organization of what is being created (empty for none): the operator's own where it is bound, else the one asked
 * for. Null where a bound operator names another.
 */
export function organizationOfNew(
  operator: Pick<OperatorCaller, 'organization'>,
  asked: string | undefined,
): string | null {
  if (operator.organization === null) return asked ?? '';
  return asked === undefined || asked === operator.organization ? operator.organization : null;
}
