/**
 * Whether the provider still takes the token of a grant that nothing renews: asked at most once in half a minute,
 * however many say that it does not. Refuses to judge what follows (`refresh/refused-token.ts`).
 */

import { within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import type { TokenVerdict } from '#refresh/refused-token.ts';
import type { Room } from './room.ts';
import type { GrantRow } from './rows.ts';
import type { AccountState } from './store.ts';

const APART_MS = 30_000;
/** The question has five seconds of its own; callers are not held for longer than this. */
const ASK_LIMIT_MS = 8_000;

interface Asked {
  readonly generation: number;
  readonly atMs: number;
  readonly verdict: Promise<TokenVerdict>;
}

export class TokenCheck {
  readonly #room: Pick<Room, 'checkToken' | 'now'>;
  #last: Asked | null = null;

  constructor(room: Pick<Room, 'checkToken' | 'now'>) {
    this.#room = room;
  }

  /** The provider's verdict on this very token, as it was last told. Never throws. */
  verdict({ account, settings }: AccountState, grant: GrantRow): Promise<TokenVerdict> {
    const nowMs = this.#room.now();
    const last = this.#last;
    if (last?.generation === grant.generation && Math.abs(nowMs - last.atMs) < APART_MS) return last.verdict;
    const asked = this.#room.checkToken({
      accountId: account.accountId,
      organization: account.organization,
      incarnation: account.incarnation,
      dataKey: account.dataKey,
      grantId: grant.id,
      generation: grant.generation,
      accessToken: grant.accessToken ?? '',
      captured: grant.captured,
      variables: account.variables,
      settings,
    });
    const told = asked.catch((error: unknown) => {
      log('warn', 'a provider could not be asked about a token', { error });
      return 'unsure' as const;
    }) as Promise<TokenVerdict>;
    const verdict = within(ASK_LIMIT_MS, told, 'unsure' as const);
    this.#last = { generation: grant.generation, atMs: nowMs, verdict };
    return verdict;
  }
}
