/** Requests that an operator imagines, and what an agent would be told: asked of what decides a real one. */

import type { Context } from 'hono';
import { offeredAsAsked } from '#accounts/door/scopes.ts';
import type { ImaginedRequest } from '#accounts/insight/reach.ts';
import { accountStub } from '#accounts/stub.ts';
import { agentStub } from '#agents/stub.ts';
import { unwrap } from '#contract/answer.ts';
import type { ImaginedUse } from '#contract/policy-check.ts';
import { ProblemError } from '#contract/problem.ts';
import { accountId } from '#crypto/digest.ts';
import { connectionSettings } from '#directory/connections.ts';
import { systemNow, timeOf } from '#lib/clock.ts';
import { decideAtDoor1, decideAtDoor2 } from '#policy/decide.ts';
import { limitOf, rateKeyOf } from '#policy/fields/rate.ts';
import type { Action, Place, PolicyAgent } from '#policy/request.ts';
import type { AppEnv } from '../context.ts';
import { askKnown, isAccountThere } from '../known.ts';

interface Verdict {
  readonly allowed: boolean;
  readonly reason: string | null;
  readonly rule: number | null;
}

function actionOf({ action, tool, method, path }: ImaginedUse): Action {
  if (action != null) return action;
  if (tool != null) return 'tool';
  return method != null || path != null ? 'proxy' : 'token';
}

export function imaginedRequest(asked: ImaginedUse): ImaginedRequest {
  const { tool, method, path, purpose, scope, at } = asked;
  return {
    use: {
      action: actionOf(asked),
      tool: tool ?? null,
      method: method ?? null,
      path: path ?? null,
      purpose: purpose ?? null,
    },
    scopes: scope?.split(' ') ?? null,
    atMs: (at == null ? null : timeOf(at)) ?? systemNow(),
  };
}

/** What the agent would be told, spent rules left out where the question is about now. @throws ProblemError */
export async function verdictWithRates(
  c: Context<AppEnv>,
  agent: PolicyAgent,
  place: Place,
  imagined: ImaginedRequest,
  isNow: boolean,
): Promise<Verdict> {
  const spent: number[] = [];
  for (;;) {
    const verdict = await verdictOn(c, agent, place, { ...imagined, spent });
    const { rules } = agent.policy;
    const rule = verdict.rule === null ? undefined : rules[verdict.rule];
    const limit = rule === undefined ? null : limitOf(rule);
    if (!isNow || verdict.rule === null || limit === null) return verdict;
    const key = rateKeyOf(rules, verdict.rule);
    const answer = await agentStub(c.get('config'), agent.id).peekRate({ key, ...limit });
    if (!answer.ok || answer.waitMs === 0) return verdict;
    spent.push(verdict.rule);
  }
}

/** What the agent would be told by the two doors. @throws ProblemError where the account cannot be asked */
async function verdictOn(
  c: Context<AppEnv>,
  agent: PolicyAgent,
  place: Place,
  imagined: ImaginedRequest,
): Promise<Verdict> {
  const request = { ...imagined.use, ...place, nowMs: imagined.atMs, spent: imagined.spent ?? [] };
  const first = decideAtDoor1(agent, request);
  if (!first.allowed) return first;
  const told = await toldByAccount(c, agent, place, imagined);
  if (told !== null) return told;
  const settings = await connectionSettings(c.get('config'), place.connection);
  const decision = decideAtDoor2(agent, request, offeredAsAsked(settings, imagined.scopes));
  return decision.allowed ? { allowed: true, reason: null, rule: decision.rule } : decision;
}

/** Null: there is no such account. */
async function toldByAccount(
  c: Context<AppEnv>,
  agent: PolicyAgent,
  { organization, connection, identifier }: Place,
  imagined: ImaginedRequest,
): Promise<Verdict | null> {
  const id = accountId(organization, connection, identifier);
  const explain = () => accountStub(c.get('config'), id).explain({ organization: null, agent, imagined });
  try {
    return unwrap(await askKnown(c, 'account', id, explain, isAccountThere)).agent ?? null;
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'not_found') return null;
    throw error;
  }
}
