/** Rules that can never allow anything, and fields that limit less than their author may think: worth a warning. */

import { identifierProblem, NAME_PATTERN } from '#contract/ids.ts';
import type { Rule } from '#contract/agents/policy.ts';
import { ACTIONS } from '#contract/rules/fields.ts';
import { timeOf } from '#lib/clock.ts';
import { allowsAction } from '../conditions.ts';

export interface RuleWarning {
  /** The field that it is about. */
  readonly field: keyof Rule;
  readonly message: string;
}

/** No name of a connection or an organization: nothing is called so. */
const isNoName = (pattern: string) => !pattern.includes('*') && !NAME_PATTERN.test(pattern);

/** Stars stand for what makes the rest an identifier; a rest that never is one is none with them either. */
const isNoIdentifier = (pattern: string) => identifierProblem(pattern.replaceAll('*', 'x')) !== null;

/** What is worth saying of a rule by itself, at that moment. */
export function warningsOf(rule: Rule, nowMs: number): RuleWarning[] {
  const { connection, identifiers, organizations, actions, tools, requests, not_after: end } = rule;
  const warnings: RuleWarning[] = [];
  const say = (field: keyof Rule, message: string) => warnings.push({ field, message });
  if (isNoName(connection))
    say('connection', 'no connection is called so: the rule can never allow anything');
  if (identifiers?.every(isNoIdentifier) === true)
    say('identifiers', 'no identifier is spelled so: the rule can never allow anything');
  if (organizations?.every(isNoName) === true)
    say('organizations', 'no organization is called so: the rule can never allow anything');
  if (end !== undefined && (timeOf(end) ?? 0) < nowMs)
    say('not_after', 'lies in the past: the rule can never allow anything');
  if (!ACTIONS.some((action) => allowsAction(rule, action)))
    say(
      'actions',
      'names `token` alone, which `tools` and `requests` exclude: the rule can never allow anything',
    );
  if (tools !== undefined && requests === undefined && actions === undefined)
    say('tools', 'limits tools alone, and the proxy is open: set `actions` or `requests` too');
  if (requests !== undefined && tools === undefined && actions === undefined)
    say('requests', 'limits the proxy alone, and tools are open: set `actions` or `tools` too');
  return warnings;
}
