/** Requests that an operator imagines, and what an agent would be told: asked of what decides a real one. */

import type { Context } from 'hono';
import { offeredAsAsked } from '#accounts/door/scopes.ts';
import { demandedBy, type ImaginedRequest } from '#accounts/insight/reach.ts';
import { accountStub } from '#accounts/stub.ts';
import { agentStub } from '#agents/stub.ts';
import { unwrap } from '#contract/answer.ts';
import type { DemandedApproval, ImaginedUse } from '#contract/agents/policy-check.ts';
import { ProblemError } from '#contract/problem.ts';
import { accountId } from '#crypto/digest.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import { systemNow, timeOf } from '#lib/clock.ts';
import { decideAtDoor1, decideAtDoor2 } from '#policy/decide.ts';
import { limitOf, rateKeyOf } from '#policy/fields/rate.ts';
import type { Action, Place, PolicyAgent } from '#policy/request.ts';
import type { Config } from '#env.ts';
import { demandOf } from '#tools/demand.ts';
import { findTool } from '#tools/list.ts';
import type { AppEnv } from '../context.ts';
import { customTools } from '../tools/context.ts';
import { askKnown, isAccountThere } from '../known.ts';

interface Verdict {
  readonly allowed: boolean;
  readonly reason: string | null;
  readonly rule: number | null;
  readonly approval: DemandedApproval | null;
}

function actionOf({ action, tool, method, path }: ImaginedUse): Action {
  if (action != null) return action;
  if (tool != null) return 'tool';
  return method != null || path != null ? 'proxy' : 'token';
}

/** @throws ProblemError where it names a tool and the operators' own cannot be read */
export async function imaginedRequest(config: Config, asked: ImaginedUse): Promise<ImaginedRequest> {
  const { tool, method, path, purpose, scope, at } = asked;
  const known = tool == null ? null : await findTool({ customTools: () => customTools(config) }, tool);
  return {
    ...(known === null || actionOf(asked) !== 'tool' ? {} : { demand: demandOf(known) }),
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
    const decided = verdict.rule ?? verdict.approval?.rule ?? null;
    const rule = decided === null ? undefined : rules[decided];
    const limit = rule === undefined ? null : limitOf(rule);
    if (!isNow || decided === null || limit === null) return verdict;
    const key = rateKeyOf(rules, decided);
    const answer = await agentStub(c.get('config'), agent.id).peekRate({ key, ...limit });
    if (!answer.ok || answer.waitMs === 0) return verdict;
    spent.push(decided);
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
  if (!first.allowed) return { ...first, approval: null };
  const told = await toldByAccount(c, agent, place, imagined);
  if (told !== null) return told;
  const settings = await connectionSettings(c.get('config'), place.connection, place.organization);
  const decision = decideAtDoor2(agent, request, offeredAsAsked(settings, imagined.scopes));
  if (!decision.allowed) return { ...decision, approval: null };
  const approval = demandedBy(decision);
  return approval === null
    ? { allowed: true, reason: null, rule: decision.rule, approval }
    : { allowed: false, reason: 'approval_required', rule: null, approval };
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
