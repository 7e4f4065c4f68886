/**
 * Refusals of the door as the wire will show them: what each says, and what it keeps to itself. Pure; whether one is
 * due is decided in `decide.ts`; `outcomes.ts` records it.
 */

import { isRenewedType, isSignedType } from '#contract/machine/kinds.ts';
import type { Reason } from '#policy/decide.ts';
import { isoTime } from '#lib/clock.ts';
import type { AccountRow } from '../rows.ts';
import type { Refusal } from './answer.ts';

/**
 * Refuses an account behind the wall of organization, connection or identifier: by account id it does not exist, else
 * it is named.
 */
export function wallRefusal(byId: boolean, reason: string, account: AccountRow | null): Refusal {
  const hidden =
    reason === 'not_found' || (byId && reason !== 'agent_suspended' && reason !== 'action_not_allowed');
  return {
    code: hidden ? 'not_found' : 'policy_denied',
    ...(hidden ? {} : { members: { reason } }),
    wall: { reason, connection: account?.connection ?? null, identifier: account?.identifier ?? null },
  };
}

/** Why the credential of a sealed account does not leave, in any status; null: it may. */
export function sealRefusal({ sealed }: Pick<AccountRow, 'sealed'>): Refusal | null {
  return sealed ? { code: 'account_sealed' } : null;
}

/** Why a credential that signs does not leave, in any status; null: it is of another kind. */
export function signedRefusal({ accountId, credentialType: type }: AccountRow): Refusal | null {
  if (!isSignedType(type)) return null;
  return {
    code: 'conflict',
    detail: `a credential of the type ${type} signs each request and is handed to nobody: call the API through the proxy (/v1/connected-accounts/${accountId}/proxy/…) or with a tool`,
    members: { connected_account_id: accountId },
  };
}

/** Why an account in this status answers no request; null: it may. `repairUrl` makes the link of a dead grant, `connectUrl` that of an account without one, where the agent may have it. */
export function statusRefusal(
  account: AccountRow,
  repairUrl: () => string | null,
  connectUrl: () => string | null = () => null,
): Refusal | null {
  switch (account.status) {
    case 'active':
      return null;
    case 'pending':
      return pendingRefusal(account.accountId, connectUrl());
    case 'disabled':
      return { code: 'account_disabled' };
    case 'revoked':
      return { code: 'account_revoked' };
    case 'reauth_required':
      return {
        code: 'reauth_required',
        members: {
          reauth_url: repairUrl(),
          reason: account.statusReason,
          provider_error: account.statusProviderError,
          connected_account_id: account.accountId,
          since: isoTime(account.statusSinceMs),
        },
      };
  }
}

const TOO_MUCH =
  'more was granted than may be handed out: connect a grant of just the allowed scopes, or use the proxy';
const UNKNOWN_SCOPES =
  'it is not known what was granted: say it with the import (`scope`) or with the connection (`scopes`), or connect a grant of just the allowed scopes';

/** The account is not connected yet. `url`: a link for its user, where the agent may have one. */
function pendingRefusal(accountId: string, url: string | null): Refusal {
  const link = url === null ? {} : { connect_url: url };
  return { code: 'account_pending', members: { connected_account_id: accountId, ...link } };
}

/** The headers that this API takes cannot be made: what is missing, and how it comes. */
export function unfilledHeaders(account: AccountRow, names: readonly string[]): Refusal {
  const how = isRenewedType(account.credentialType)
    ? 'the provider tells it when a user connects: make a connect link'
    : 'import the credential again with it';
  return {
    code: 'conflict',
    detail: `the API's headers need ${names.join(' and ')}, which this account does not have; ${how}`,
    members: { variables: names, connected_account_id: account.accountId },
  };
}

/** The credential lies in a secret of the deployment, which is not there: which one, and how it comes. */
export function absentSecret(account: AccountRow, source: string): Refusal {
  return {
    code: 'conflict',
    detail: `the credential of this account lies in ${source}, and this deployment has no usable secret of that name: an operator sets it, or imports the credential itself`,
    members: { connected_account_id: account.accountId },
  };
}

/** A call cannot be made with this credential, though it could be handed out: what the connection does not say. */
export function uncallable(account: AccountRow, lacks: 'place' | 'address'): Refusal {
  const what =
    lacks === 'place'
      ? 'where its API takes the credential (`token_header` or `token_query`)'
      : 'where its API is (`api_base_urls`)';
  return {
    code: 'conflict',
    detail: `the connection ${account.connection} does not say ${what}: PATCH /v1/connections/${account.connection} with it in provider_config`,
    members: { connected_account_id: account.accountId },
  };
}

/** The tool is for accounts of another provider. */
export function otherProvider(provider: string): Refusal {
  const errors = [{ path: 'connected_account_id', message: `this tool is not for accounts of ${provider}` }];
  return { code: 'invalid_request', members: { errors } };
}

/** A part of the URL of this account's API is unknown: which part, and how to give it. */
export function unknownVariables(account: AccountRow, names: readonly string[]): Refusal {
  const values = Object.fromEntries(names.map((name) => [name, '…']));
  return {
    code: 'conflict',
    detail: `the URL of this account's API needs ${names.join(' and ')}, which the provider did not tell: PATCH /v1/connected-accounts/${account.accountId} ${JSON.stringify({ variables: values })}`,
    members: { variables: names, connected_account_id: account.accountId },
  };
}

/** A policy's refusal; scopes are shown where they are what the caller can do something about. */
export function policyRefusal(
  reason: Reason,
  scopes: { granted: readonly string[] | null; allowed: readonly string[] | null },
): Refusal {
  // How long is what the Worker knows, which counts.
  if (reason === 'rate_limited') return { code: 'rate_limited' };
  const named = reason === 'missing_scopes' || reason === 'cannot_downscope';
  return {
    code: 'policy_denied',
    ...(reason === 'cannot_downscope' ? { detail: scopes.granted === null ? UNKNOWN_SCOPES : TOO_MUCH } : {}),
    members: { reason, ...(named ? scopes : {}) },
  };
}
