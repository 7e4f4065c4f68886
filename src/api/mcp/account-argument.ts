/** The argument that names the account of a call, in the schema of a tool that has several. Pure. */

export const ACCOUNT_ARGUMENT = 'connected_account_id';

/** Accounts that a description or a refusal names. */
export const MOST_NAMED = 20;

export function accountArgument(
  accounts: readonly { readonly accountId: string; readonly identifier: string }[],
): Readonly<Record<string, string>> {
  const named = accounts
    .slice(0, MOST_NAMED)
    .map(({ accountId, identifier }) => `${accountId}: ${identifier}`);
  const more = accounts.length > MOST_NAMED ? `; and ${accounts.length - MOST_NAMED} more` : '';
  return { type: 'string', description: `Whose account: ${named.join(', ')}${more}` };
}
