/**
 * Variables of an account: those that an operator gives, for URLs that the provider's answers do not fill, and which of
 * those that the provider tells when it is asked are stored. Decisions over rows and opened values; what they fill is in
 * `providers/variables/account-variables.ts`.
 */

import { mergePatch } from '#lib/merge-patch.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { accountUrls, changesHost, givenProblem } from '#providers/variables/account-variables.ts';
import type { LearntVariables } from '#refresh/exchange/outcome.ts';
import type { Account } from '../account.ts';
import type { AccountRow, GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';
import type { Living, Obstacle } from './living.ts';

/** The merged metadata breaks its limits, or a variable is none; nothing was changed. */
export interface Misfit {
  readonly code: 'invalid_request';
  readonly path: string;
  readonly message: string;
}

/** What the grants of an account have captured, opened, and of which grants that is. */
export interface Captured {
  readonly values: readonly Readonly<Record<string, string>>[];
  isOf(state: AccountState): boolean;
}

const keyOf = ({ grants }: AccountState): string =>
  JSON.stringify(grants.map(({ id, generation, captured }) => [id, generation, captured]));

export async function readCaptured(
  object: Account,
  { opened, state }: Living,
): Promise<Result<Captured, Obstacle>> {
  const values: Record<string, string>[] = [];
  for (const grant of state.grants) {
    if (grant.captured === null) values.push({});
    else {
      const text = await object.vault.decrypt(opened, grant.id, 'captured', grant.generation, grant.captured);
      if (!text.ok) return err({ code: 'record_corrupt' });
      values.push(JSON.parse(text.value));
    }
  }
  const key = keyOf(state);
  return ok({ values, isOf: (other) => keyOf(other) === key });
}

/** RFC 7396 over what is there. */
export function mergedVariables(
  account: AccountRow,
  patch: Readonly<Record<string, string | null>> | null | undefined,
): Readonly<Record<string, string>> {
  if (patch === undefined) return account.variables;
  return patch === null ? {} : (mergePatch(account.variables, patch) as Record<string, string>);
}

/** Why these may not be this account's; null: they may. */
export function variablesProblem(
  { account, settings, grants }: AccountState,
  variables: Readonly<Record<string, string>>,
  captured: Captured,
): Misfit | Obstacle | null {
  const { descriptor } = settings;
  for (const [name, value] of Object.entries(variables)) {
    // A value that is there already may be of an older connection: it is no reason to refuse another change.
    if (account.variables[name] === value) continue;
    const message = givenProblem(descriptor, name, value);
    if (message !== null) return { code: 'invalid_request', path: `variables.${name}`, message };
  }
  // A dead grant is never handed out; a disabled account may be enabled.
  const isLiving = grants.length > 0 && (account.status === 'active' || account.status === 'disabled');
  const before = account.variables;
  if (!isLiving || !captured.values.some((one) => changesHost(descriptor, one, before, variables)))
    return null;
  return {
    code: 'conflict',
    detail:
      'a living credential would be used at another host: revoke the account first, then change the variables and connect again',
  };
}

/**
 * The grant with the variables that the provider told of it; null: they are not its. They hold for the generation that
 * was asked about and what it had captured then; a value that an operator has given meanwhile stands, and an answer
 * about another user than the account's says nothing of the account.
 *
 * @param generation that was asked about
 * @param subject the user whom the same answer names; null: none
 */
export function withLearnt(
  { account, settings }: Pick<AccountState, 'account' | 'settings'>,
  grant: GrantRow,
  told: {
    readonly generation: number;
    readonly subject: string | null;
    readonly learnt?: LearntVariables | undefined;
  },
): GrantRow | null {
  const { generation, subject, learnt } = told;
  if (learnt === undefined || grant.generation !== generation || grant.captured !== learnt.replaces)
    return null;
  if (account.subject !== null && subject !== null && account.subject !== subject) return null;
  const isGiven = (name: string): boolean => {
    const value = Object.hasOwn(account.variables, name) ? account.variables[name] : undefined;
    return value !== undefined && givenProblem(settings.descriptor, name, value) === null;
  };
  return learnt.names.some(isGiven) ? null : { ...grant, captured: learnt.captured };
}

/** Names of what is needed and known of none of the grants. */
export function missingVariables({ account, settings }: AccountState, captured: Captured): readonly string[] {
  const given = account.variables;
  const missing = captured.values.map(
    (one) => accountUrls(settings.descriptor, { captured: one, given }).missing,
  );
  return missing.find((names) => names.length > 0) ?? [];
}
