/**
 * What the functions of this room are given: the parts of one account's object and the powers passed in.
 * A plain record, so that each function names what it uses and none reaches for `this.ctx`.
 */

import type { AuditFields, RequestContext } from '#audit/record.ts';
import { record as recordIn, type ObjectParts } from '#objects/parts.ts';
import type { IdentifyRequest } from '#refresh/exchange/code-exchange.ts';
import type { RevocationRequest } from '#refresh/revocation.ts';
import type { OpenCalls } from './calls/open-calls.ts';
import type { CommitPump } from './door/pump.ts';
import type { Waiting } from './insight/waiting.ts';
import type { AttemptJournal } from './refreshing/attempts.ts';
import type { OpeningLimit } from './refreshing/provider/call-limit.ts';
import type { AccountRow } from './rows.ts';
import type { AccountStore } from './store.ts';
import type { AccountVault } from './vault.ts';

/** `approval:…`: a request that a person is asked about, until lists know how it stands and while it can lapse. `connect`: sessions that end by themselves. `revoke`: grants that end at their provider. `calls`: calls without an end. */
export type TimerName =
  | `refresh:${number}`
  | `reconcile:${string}`
  | `approval:${string}`
  | 'index'
  | 'outbox'
  | 'beat'
  | 'expiring'
  | 'connect'
  | 'subject'
  | 'revoke'
  | 'calls';

/** The stateless entrypoint, as the object calls it: ciphertexts go out, and what is learnt comes back. */
export interface Entrypoints {
  readonly Exchanger: Record<
    'exchange' | 'identify' | 'checkToken' | 'revoke',
    (request: unknown) => Promise<unknown>
  >;
}

export interface Account extends ObjectParts<TimerName, AccountStore, AccountVault> {
  readonly attempts: AttemptJournal;
  readonly pump: CommitPump;
  /** Asks the provider whose token it is. */
  readonly identify: (request: IdentifyRequest) => Promise<unknown>;
  /** Asks the provider whether it still takes a token. */
  readonly checkToken: (request: IdentifyRequest) => Promise<unknown>;
  /** Has a token ended at its provider. */
  readonly revoke: (request: RevocationRequest) => Promise<unknown>;
  readonly waiting: Waiting;
  readonly calls: OpenCalls;
  /** When a credential last left, exact while the object is awake; the row is at most an hour behind. */
  readonly lastUse: { atMs: number | null };
  /** How often browsers have authorization requests left at the provider. */
  readonly openings: OpeningLimit;
  /** When the provider was last asked whose the token is: a question that a request may cause. */
  readonly lastAsk: { subjectAtMs: number | null };
}

/** Appends one record about this account to its chain. Inside a transaction only. @returns its number */
export function record(
  object: Account,
  account: Pick<AccountRow, 'accountId' | 'connection' | 'identifier' | 'organization'>,
  mac: Uint8Array,
  fields: AuditFields,
  context: RequestContext,
): number {
  const names = {
    connected_account_id: account.accountId,
    connection: account.connection,
    identifier: account.identifier,
    organization: account.organization === '' ? null : account.organization,
  };
  return recordIn(object, mac, { ...fields, ...names }, context);
}
