/** A policy as an operator writes it: whose it may be, who may write which fields of it, and what is worth saying. */

import type { Context } from 'hono';
import type { Policy, PolicyInput } from '#contract/agents/policy.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import { globsWithoutConnection } from '#directory/indexes/reachable.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { warningsOf } from '#policy/fields/never.ts';
import { expandPolicy } from '#policy/shorthand.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { unknownScopeWarnings } from '#providers/scopes/scope-warnings.ts';
import type { AppEnv } from './context.ts';

/** Connections that are looked up for one answer; a policy that names more is warned about for these. */
const MAX_LOOKUPS = 20;

/**
 * The full form of a checked body.
 *
 * @param of the agent that it is for, and where the body stands, with its dot
 * @throws ProblemError 400 where it names another agent; 403 where this operator may not write a field of it
 */
export function policyOf(
  c: Context<AppEnv>,
  body: PolicyInput | null | undefined,
  of: { readonly id: string; readonly at: string },
): Policy {
  if (body?.agent_id !== undefined && body.agent_id !== of.id)
    throw invalid(`${of.at}agent_id`, 'is not the id of this agent');
  const policy = expandPolicy(body);
  const isTenants = policy.rules.some(({ organizations }) => organizations !== undefined);
  if (isTenants && c.get('operator').organization !== null) {
    throw new ProblemError('forbidden', {
      detail: 'a rule with `organizations` is written by an admin of all organizations only',
    });
  }
  return policy;
}

/** An agent of one organization stays in it. @throws ProblemError 400 for a rule that says otherwise */
export function refuseTenants(policy: Policy, organization: string, at: string): void {
  const index = policy.rules.findIndex((rule) => rule.organizations !== undefined);
  if (organization === '' || index < 0) return;
  throw invalid(`${at}rules.${index}.organizations`, 'is for agents without an organization of their own');
}

/** `warnings` of an answer, where there is something to say. Never throws: the policy is stored by now. */
export async function warned(
  c: Context<AppEnv>,
  policy: Policy,
  at: string,
): Promise<{ warnings?: string[] }> {
  const named = [
    ...new Set(policy.rules.flatMap(({ connection, scopes }) => (scopes?.length ? [connection] : []))),
  ];
  const looked = named.filter((connection) => !connection.includes('*')).slice(0, MAX_LOOKUPS);
  const found = await Promise.all(
    looked.map((connection) => warningsFor(c.get('config'), policy, connection, at)),
  );
  const nowMs = systemNow();
  const byRule = policy.rules.flatMap((rule, index) =>
    warningsOf(rule, nowMs).map(({ field, message }) => `${at}rules.${index}.${field}: ${message}`),
  );
  const warnings = [...byRule, ...(await unfitting(c.get('config'), policy, at)), ...found.flat()];
  return warnings.length === 0 ? {} : { warnings };
}

/** Globs that no connection of the deployment fits now. Where the directory does not answer there is nothing to say. */
async function unfitting({ directory }: Config, policy: Policy, at: string): Promise<string[]> {
  const globs = policy.rules.flatMap(({ connection }, index) =>
    connection.includes('*') && connection.replaceAll('*', '') !== '' ? [{ connection, index }] : [],
  );
  const empty = await globsWithoutConnection(directory, [
    ...new Set(globs.map(({ connection }) => connection)),
  ]).catch((): string[] => []);
  return globs
    .filter(({ connection }) => empty.includes(connection))
    .map(({ connection, index }) => `${at}rules.${index}.connection: no connection fits ${connection} now`);
}

async function warningsFor(
  config: Config,
  policy: Policy,
  connection: string,
  at: string,
): Promise<string[]> {
  try {
    const settings = await connectionSettings(config, connection, '');
    return policy.rules.flatMap((rule, index) => {
      if (rule.connection !== connection) return [];
      const where = `${at}rules.${index}.scopes`;
      if (settings === null)
        return [`${where}: there is no connection ${connection} yet, so nothing knows its scopes`];
      return unknownScopeWarnings(scopeFactsOf(settings), rule.scopes ?? [], where, settings.scopes);
    });
  } catch {
    return [];
  }
}
