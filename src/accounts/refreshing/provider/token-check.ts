/**
 * Whether the provider still takes the token of a grant that nothing renews: asked at most once in half a minute,
 * however many say that it does not, and however they take turns between an account's grants. Refuses to judge what follows (`refresh/refused-token.ts`).
 */

import { purposeDigest } from '#crypto/digest.ts';
import { within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { forGrant } from '#providers/clients.ts';
import type { TokenVerdict } from '#refresh/refused-token.ts';
import type { Account } from '../../account.ts';
import type { GrantRow } from '../../rows.ts';
import type { AccountState } from '../../store.ts';

const APART_MS = 30_000;
/** The question has five seconds of its own; callers are not held for longer than this. */
const ASK_LIMIT_MS = 8_000;

interface Asked {
  readonly generation: number;
  readonly atMs: number;
  readonly verdict: Promise<TokenVerdict>;
}

/**
 * The key by which this account's userinfo endpoint is recognized: an endpoint that has accepted a grant may be
 * believed when it refuses it. Null: there is no such endpoint.
 */
export function endpointOf({ account, settings }: Pick<AccountState, 'account' | 'settings'>): string | null {
  const url = settings.descriptor.userinfo_url;
  if (url === null) return null;
  const variables = Object.entries(account.variables).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return purposeDigest('userinfo endpoint', JSON.stringify([url, variables]));
}

/** The provider's verdict on one grant as it was then. */
export interface ToldOfGrant {
  readonly grantId: number;
  readonly generation: number;
  readonly verdict: TokenVerdict;
}

export class TokenCheck {
  readonly #object: Pick<Account, 'checkToken' | 'now'>;
  /** By the id of the grant. No request asks about a grant that has gone, so old entries are dropped. */
  readonly #last = new Map<number, Asked>();

  constructor(object: Pick<Account, 'checkToken' | 'now'>) {
    this.#object = object;
  }

  /** The provider's verdict on this very token, as it was last told. Never throws. */
  verdict({ account, settings }: AccountState, grant: GrantRow): Promise<TokenVerdict> {
    const nowMs = this.#object.now();
    const last = this.#last.get(grant.id);
    if (last?.generation === grant.generation && Math.abs(nowMs - last.atMs) < APART_MS) return last.verdict;
    const asked = this.#object.checkToken({
      accountId: account.accountId,
      organization: account.organization,
      incarnation: account.incarnation,
      dataKey: account.dataKey,
      grantId: grant.id,
      generation: grant.generation,
      accessToken: grant.accessToken ?? '',
      captured: grant.captured,
      variables: account.variables,
      settings: forGrant(settings, grant.client),
    });
    const told = asked.catch((error: unknown) => {
      log('warn', 'a provider could not be asked about a token', { error });
      return 'unsure' as const;
    }) as Promise<TokenVerdict>;
    const verdict = within(ASK_LIMIT_MS, told, 'unsure' as const);
    for (const [id, { atMs }] of this.#last) if (Math.abs(nowMs - atMs) >= APART_MS) this.#last.delete(id);
    this.#last.set(grant.id, { generation: grant.generation, atMs: nowMs, verdict });
    return verdict;
  }
}
