/** The guards of the two planes: which callers pass to a route, and what a record says of them. */

import type { Context, MiddlewareHandler } from 'hono';
import { agentStub } from '#agents/stub.ts';
import type { AuditAction, RequestContext } from '#audit/record.ts';
import { asAgent, asEither, asOperator } from '#callers/planes.ts';
import {
  actorOf,
  type AgentProof,
  type AuthFailure,
  type OperatorProof,
  type Proof,
} from '#callers/proof.ts';
import { prove } from '#callers/prove.ts';
import { ProblemError } from '#contract/problem.ts';
import { LEAST_ROLE, roleReaches } from '#contract/roles.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { migrateInDevelopment } from '#directory/migrate.ts';
import { refuseNewerDirectory } from '#directory/schema-major.ts';
import type { Config } from '#env.ts';
import { systemNow, within } from '#lib/clock.ts';
import type { Action, Use } from '#policy/request.ts';
import { arrivalOf, type Arrival } from './arrival.ts';
import type { AppEnv } from './context.ts';
import { idempotently } from './idempotency.ts';
import { singleValues } from './http/input.ts';

/** Where there are no keys yet no caller can prove itself: then the refusal says what to do first. */
export async function refusal(failure: AuthFailure, config: Config): Promise<ProblemError> {
  const { code, detail, ...told } = failure;
  const ring = code === 'unauthenticated' && !config.masterKeys ? await ringOf(config.masterKeys) : null;
  const said = ring === null || ring.ok ? detail : `${detail}; ${ring.error.detail}`;
  return new ProblemError(code, { ...told, detail: said });
}

/** Longer than making the tables takes, shorter than what a caller gives up after. */
const SCHEMA_PATIENCE_MS = 3_000;

/**
 * Development makes its own tables. An obstacle to making them is no refusal yet: the routes that need them
 * say so, and the others go on.
 */
export async function ensureSchema(c: Context<AppEnv>): Promise<void> {
  const work = migrateInDevelopment(c.get('config'), new URL(c.req.url).host).catch(() => undefined);
  c.executionCtx.waitUntil(work);
  await within(SCHEMA_PATIENCE_MS, work, undefined);
}

/**
 * Lets operators whose role reaches the route pass and sets `c.var.operator`. Behind it lies what needs the directory's
 * schema, and an unproved caller costs no question to D1. @throws ProblemError for everyone else
 */
export const requireOperator: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { req } = c;
  const config = c.get('config');
  const { url } = req.raw;
  const caller = asOperator(await prove(arrivalOf(c), systemNow), config);
  if (!caller.ok) throw await refusal(caller.error, config);
  requireRole(c, caller.value);
  singleValues(url, c.get('queryNames'));
  c.set('operator', caller.value);
  await ensureSchema(c);
  await refuseNewerDirectory(config.directory);
  return idempotently(c, next);
};

/** @throws ProblemError `forbidden` where the table of roles does not let this operator use the route */
function requireRole(c: Context<AppEnv>, { role }: OperatorProof): void {
  const route = c.get('route');
  const least = LEAST_ROLE[route];
  if (least === undefined) throw new Error(`internal: ${route} has no role in contract/roles.ts`);
  if (roleReaches(role, least)) return;
  throw new ProblemError('forbidden', { detail: `the role ${role} does not reach this: it takes ${least}` });
}

/**
 * The agent that asks. A suspended one is a caller too: the route refuses it with `agent_suspended` and records that.
 * @throws ProblemError where no caller has proved itself, or an operator has
 */
export async function requireAgent(arrival: Arrival): Promise<AgentProof> {
  const caller = asAgent(await prove(arrival, systemNow));
  if (!caller.ok) throw await refusal(caller.error, arrival.config);
  return caller.value;
}

/** For the few routes of both planes. @throws ProblemError */
export async function requireEither(c: Context<AppEnv>): Promise<Proof> {
  const config = c.get('config');
  const caller = asEither(await prove(arrivalOf(c), systemNow), config);
  if (!caller.ok) throw await refusal(caller.error, config);
  if (caller.value.plane === 'operator') {
    requireRole(c, caller.value);
    c.set('operator', caller.value);
  }
  return caller.value;
}

/** What every record made for this request carries. */
export function recordContext(
  { correlationId, toolCallId, client }: Pick<Arrival, 'correlationId' | 'toolCallId' | 'client'>,
  caller: Proof,
): RequestContext {
  return { actor: actorOf(caller), correlationId, toolCallId, client };
}

/** The same of a request that the app has taken in. */
export function contextOf(c: Context<AppEnv>, caller: Proof): RequestContext {
  return recordContext(arrivalOf(c), caller);
}

/** What a refused request asked for, as far as it said so. */
export interface RefusedRequest {
  readonly reason: string;
  readonly connection: string | null;
  readonly identifier: string | null;
  /** Connection and identifier are an account's own, and not what the request said. */
  readonly known: boolean;
  /** Left out: the credential itself. */
  readonly use?: Pick<Use, 'action'> & Partial<Use>;
}

/** What a request of this use is called in a record. */
const RECORDED = {
  token: 'token.issue',
  proxy: 'proxy.call',
  tool: 'tool.execute',
  mcp: 'tool.execute',
} as const satisfies Record<Action, AuditAction>;

/**
 * Records in the agent's own chain that a request was refused, durably before the refusal is answered.
 * @throws ProblemError where it cannot be written: a refusal without its record does not leave either
 */
export async function recordRefusal(
  config: Config,
  caller: AgentProof,
  context: RequestContext,
  { known, use = { action: 'token' }, ...refused }: RefusedRequest,
): Promise<void> {
  const organization = caller.organization === '' ? null : caller.organization;
  const { action, tool = null, method = null, path = null } = use;
  const asked = { action: RECORDED[action], tool, method, path };
  const fields = { ...asked, outcome: 'refused', ...refused, organization } as const;
  const recorded = await agentStub(config, caller.id).recordRefusal({ fields, known, context });
  // Deleted since it proved itself: there is no chain that could take the record, and nothing was handed out.
  if (recorded.ok || recorded.code === 'not_found') return;
  const { code: failure } = recorded;
  const code = failure === 'vault_locked' || failure === 'record_corrupt' ? failure : 'unavailable';
  throw new ProblemError(code, { detail: recorded.detail, retryAfterS: 30 });
}
