/**
 * Asks the provider about an access token that an operator brings alone, over a living grant that is one alone too: it
 * cannot be exchanged, but where there is a userinfo endpoint a bad one is told from a good one. Changes nothing.
 */

import { within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { forNewGrant } from '#providers/clients.ts';
import type { TokenVerdict } from '#refresh/refused-token.ts';
import type { Account } from '../../account.ts';
import { settingsFor } from '../../refreshing/lifetime.ts';
import { endpointOf } from '../../refreshing/provider/token-check.ts';
import type { ConnectionSettings, GrantRow } from '../../rows.ts';
import type { Living } from '../living.ts';

/** The question has five seconds of its own; the operator is not held for longer than this. */
const ASK_LIMIT_MS = 8_000;

/** The outcome of checking an imported token. */
export type Checked =
  | {
      readonly kind: 'good';
      /** The endpoint that accepted it; null: it said that the token lives, and no more. */
      readonly acceptedAt: string | null;
    }
  | { readonly kind: 'bad' }
  /** The provider was asked and did not say. */
  | { readonly kind: 'unsure' }
  /** There is nowhere to ask. */
  | { readonly kind: 'unaskable' };

/** Never throws. @param grant as it would be stored, with ciphertexts for its own place */
export async function checkBrought(
  object: Account,
  { state: { account } }: Living,
  grant: GrantRow,
  settings: ConnectionSettings,
): Promise<Checked> {
  const endpoint = endpointOf({ account, settings });
  if (endpoint === null) return { kind: 'unaskable' };
  const asked = object.checkToken({
    accountId: account.accountId,
    organization: account.organization,
    incarnation: account.incarnation,
    dataKey: account.dataKey,
    grantId: grant.id,
    generation: grant.generation,
    accessToken: grant.accessToken ?? '',
    captured: grant.captured,
    variables: account.variables,
    settings: forNewGrant(settingsFor(account, settings)),
  }) as Promise<TokenVerdict>;
  const told = asked.catch((error: unknown) => {
    log('warn', 'a provider could not be asked about an imported token', { error });
    return 'unsure' as const;
  });
  const verdict = await within(ASK_LIMIT_MS, told, 'unsure' as const);
  switch (verdict) {
    case 'accepted':
      return { kind: 'good', acceptedAt: endpoint };
    case 'insufficient':
      return { kind: 'good', acceptedAt: null };
    case 'refused':
    case 'dead':
      return { kind: 'bad' };
    case 'unsure':
      return { kind: 'unsure' };
    case 'unaskable':
      return { kind: 'unaskable' };
  }
}
