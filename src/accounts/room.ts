/**
 * What the functions of this room are given: the parts of one account's object and the powers passed in.
 * A plain record, so that each function names what it uses and none reaches for `this.ctx`.
 */

import type { AuditRing } from '#audit/ring.ts';
import type { AuditFields, RequestContext } from '#audit/record.ts';
import type { Config } from '#env.ts';
import { isoTime, type Now, type Random } from '#lib/clock.ts';
import type { IdentifyRequest } from '#refresh/code-exchange.ts';
import type { RevocationRequest } from '#refresh/revocation.ts';
import type { Outbox } from '#outbox/outbox.ts';
import type { AttemptJournal } from './attempts.ts';
import type { OpeningLimit } from './call-limit.ts';
import type { CommitPump } from './pump.ts';
import type { AccountRow } from './rows.ts';
import type { AccountStore } from './store.ts';
import type { Timers } from './timers.ts';
import type { Vault } from './vault.ts';
import type { Waiting } from './waiting.ts';

/** The stateless entrypoints, as the object calls them: ciphertexts go out, and what is learnt comes back. */
export interface Entrypoints {
  readonly Exchanger: Record<
    'exchange' | 'identify' | 'checkToken' | 'revoke',
    (request: unknown) => Promise<unknown>
  >;
  readonly Deliverer: { deliver(request: unknown): Promise<unknown> };
}

export interface Room {
  readonly store: AccountStore;
  readonly attempts: AttemptJournal;
  readonly timers: Timers;
  readonly outbox: Outbox;
  readonly ring: AuditRing;
  readonly vault: Vault;
  readonly pump: CommitPump;
  readonly config: Config;
  readonly now: Now;
  readonly random: Random;
  /** Keeps the object alive until the work is done. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Asks the provider whose token it is. */
  readonly identify: (request: IdentifyRequest) => Promise<unknown>;
  /** Asks the provider whether it still takes a token. */
  readonly checkToken: (request: IdentifyRequest) => Promise<unknown>;
  /** Has a token ended at its provider. */
  readonly revoke: (request: RevocationRequest) => Promise<unknown>;
  readonly waiting: Waiting;
  /** When a credential last left, exact while the object is awake; the row is at most an hour behind. */
  readonly lastUse: { atMs: number | null };
  /** How often browsers have authorization requests left at the provider. */
  readonly openings: OpeningLimit;
  /** When the provider was last asked whose the token is: a question that a request may cause. */
  readonly lastAsk: { subjectAtMs: number | null };
}

/** Appends one record about this account to its chain. Inside a transaction only. */
export function record(
  room: Room,
  account: Pick<AccountRow, 'accountId' | 'connection' | 'identifier' | 'organization'>,
  mac: Uint8Array,
  fields: AuditFields,
  context: RequestContext,
): void {
  const { begins } = room.ring.append(
    {
      ...fields,
      connected_account_id: account.accountId,
      connection: account.connection,
      identifier: account.identifier,
      organization: account.organization === '' ? null : account.organization,
    },
    context,
    isoTime(room.now()),
    mac,
  );
  if (begins) room.store.noteChain(mac);
}
