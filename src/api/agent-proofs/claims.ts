/**
 * What an operator writes of an agent's proofs: every URL in it passes the guard, and the directory takes the proofs for
 * the agent before its object has them, so that no two agents are ever proved by the same one. A claim whose change came
 * to nothing is given up; one that a crash left behind is found out when another agent asks for the same.
 */

import type { Context } from 'hono';
import { agentStub } from '#agents/stub.ts';
import { thumbprintOf, trustsOf, type AgentProofs } from '#contract/callers/agent-proofs.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import {
  CLAIM_LIFE_MS,
  claimProofs,
  dropHolder,
  releaseProofs,
  rowsOf,
  settleProofs,
  type Holder,
  type ProofKind,
  type ProofRow,
} from '#directory/callers/agent-proofs.ts';
import { guardOptions, targetProblem } from '#egress/guard/guard.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import type { AppEnv } from '../context.ts';

type Given = { readonly [F in keyof AgentProofs]?: AgentProofs[F] | undefined };

/**
 * Those of the four that a body names. Of `jwks` and `jwks_uri` one replaces the other.
 * @throws ProblemError 400 at a URL that may not be called
 */
export function proofsOf(c: Context<AppEnv>, body: Given): Partial<AgentProofs> {
  const { jwks, jwks_uri: jwksUri, oidc, certificate_thumbprint: thumbprint } = body;
  const guard = guardOptions(c.get('config'), new URL(c.req.url).host);
  const check = (path: string, url: string): void => {
    const problem = targetProblem(url, guard);
    if (problem !== null) throw invalid(path, problem);
  };
  if (jwksUri != null) check('jwks_uri', jwksUri);
  for (const [index, { issuer }] of trustsOf(oidc ?? null).entries()) {
    check(Array.isArray(oidc) ? `oidc.${index}.issuer` : 'oidc.issuer', issuer);
  }
  return {
    ...(jwks === undefined ? {} : { jwks, ...(jwks === null ? {} : { jwks_uri: null }) }),
    ...(jwksUri === undefined ? {} : { jwks_uri: jwksUri, ...(jwksUri === null ? {} : { jwks: null }) }),
    ...(oidc === undefined ? {} : { oidc }),
    ...(thumbprint === undefined
      ? {}
      : { certificate_thumbprint: thumbprint === null ? null : thumbprintOf(thumbprint) }),
  };
}

/**
 * What `act` answers, where the directory has the proofs for this agent. After it they are all that the agent has there.
 * @throws ProblemError `conflict` where another agent's let in the same; `unavailable`; and what `act` throws
 */
export async function withProofs<T>(
  c: Context<AppEnv>,
  agentId: string,
  proofs: Partial<AgentProofs>,
  act: () => Promise<T>,
): Promise<T> {
  const kinds: ProofKind[] = [
    ...(proofs.oidc === undefined ? [] : (['oidc'] as const)),
    ...(proofs.certificate_thumbprint === undefined ? [] : (['certificate'] as const)),
  ];
  if (kinds.length === 0) return act();
  const { oidc = null, certificate_thumbprint = null } = proofs;
  const rows = rowsOf({ oidc, certificate_thumbprint });
  const config = c.get('config');
  const { directory } = config;
  const added = rows.length === 0 ? [] : await claimed(config, agentId, rows);
  let answer: T;
  try {
    answer = await act();
  } catch (error) {
    // Where it is not known whether the change came, the claim stays: the agent's own report or the next one to ask for
    // the same finds out.
    if (error instanceof ProblemError) await releaseProofs(directory, agentId, added).catch(() => undefined);
    throw error;
  }
  // The change is made: what is left in the directory of the time before it leads to an agent that knows better.
  await settleProofs(directory, agentId, kinds, rows).catch(() => undefined);
  return answer;
}

/** What a deleted agent was proved by is free at once. Where the directory does not say so now, it does when it is asked for. */
export async function withoutProofs(c: Context<AppEnv>, agentId: string): Promise<void> {
  const { directory } = c.get('config');
  await settleProofs(directory, agentId, ['oidc', 'certificate'], []).catch(() => undefined);
}

/** Holders whose rows may be left over from a change that never came: each costs a question to its agent. */
const MAX_LEFT_OVER = 5;

async function claimed(
  config: Config,
  agentId: string,
  rows: readonly ProofRow[],
): Promise<readonly ProofRow[]> {
  for (let left = MAX_LEFT_OVER; ; left -= 1) {
    const outcome = await claimProofs(config.directory, agentId, rows, systemNow());
    if (outcome.ok) return outcome.added;
    const { holder } = outcome;
    if (left === 0 || !(await isLeftOver(config, holder))) throw taken(holder.row);
    await dropHolder(config.directory, holder);
  }
}

/** Whether the holder's own object does not have that proof, though there was time enough for it to have it. */
async function isLeftOver(config: Config, holder: Holder): Promise<boolean> {
  if (systemNow() - holder.claimedAtMs < CLAIM_LIFE_MS) return false;
  const found = await agentStub(config, holder.agentId).view({});
  if (!found.ok) return found.code === 'not_found';
  const { proofs } = found.agent;
  if (proofs === undefined) return true;
  const { kind, issuer, audience, subject } = holder.row;
  return !rowsOf(proofs).some(
    (row) =>
      row.kind === kind && row.issuer === issuer && row.audience === audience && row.subject === subject,
  );
}

/** Of the other agent nothing is said: it may be another organization's. */
function taken({ kind }: ProofRow): ProblemError {
  return new ProblemError('conflict', {
    detail:
      kind === 'certificate'
        ? '`certificate_thumbprint` is that of another agent'
        : '`oidc` lets in a workload that another agent’s lets in: a workload is one agent',
  });
}
