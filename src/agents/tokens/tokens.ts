/**
 * What an agent's object has to say to tokens of the broker that name it: that one may be made, once per assertion, and
 * that one has ended. Each is one transaction with its record; the tokens themselves are stored nowhere.
 */

import { freeField, type RequestContext } from '#audit/record.ts';
import { failed, type Outcome } from '../outcome.ts';
import { record, withAgent, type AgentObject } from '../object.ts';
import type { Viewed } from '../lifecycle.ts';
import { viewOf, type EndedTokens } from '../record.ts';

/** Assertions that still live at once. Theirs is two minutes: an agent takes a token with a few an hour. */
export const MAX_ASSERTIONS = 1_000;
/** Proofs of keys that still live at once: each use of a token that is bound to a key brings one, for a minute and a half. */
export const MAX_PROOFS = 10_000;
/** Ended tokens that would still live at once. */
const MAX_ENDED_TOKENS = 200;

/** A client's assertion: the digest of its `jti`, and until when it would be taken. */
export interface UsedAssertion {
  readonly digest: string;
  readonly expiresAtMs: number;
}

/** A token that is exchanged: itself and those that it comes from, by their `jti`, the newest first, and its `iat`. */
export interface TokenSource {
  readonly ids: readonly string[];
  readonly issuedAtS: number;
}

/** Whether a token, or one that it comes from, has been ended. */
function hasEnded({ ended, endedBeforeMs }: EndedTokens, { ids, issuedAtS }: TokenSource): boolean {
  if (endedBeforeMs !== null && issuedAtS <= secondOf(endedBeforeMs)) return true;
  return ended.some(({ id }) => ids.includes(id));
}

/** A proof that a key is at hand (RFC 9449): the digest of its key and `jti`, and until when it would be taken. */
export type UsedProof = UsedAssertion;

/** Whether something that counts once may count. */
export type Use = 'first' | 'replayed' | 'busy';

export interface IssueInput {
  /** The `jti` of the token to be. */
  readonly tokenId: string;
  /** Of the key that asks; null: another method does. */
  readonly keyId: string | null;
  readonly incarnation: number;
  /** The token that asks; left out: none does. */
  readonly from?: TokenSource;
  /** The assertion that asks; null: none does. */
  readonly assertion: UsedAssertion | null;
  /** Of the key that the token is bound to; null or left out: to none. */
  readonly keyProof?: UsedProof | null;
  /** The bundle of signing keys, kept for a time in which the directory is away; null: it is not at hand. */
  readonly signing: string | null;
  readonly context: RequestContext;
}

/**
 * - `gone`: the agent that proved itself is not there any more, or the key or token that proved it is not.
 * - `replayed`: the assertion has been used.
 * - `busy`: more assertions live than are remembered.
 * - `proof_replayed`, `proof_busy`: the same of proofs of a key.
 */
export type IssueRefusal = 'gone' | 'suspended' | 'replayed' | 'busy' | 'proof_replayed' | 'proof_busy';

/** `issuedAtS`: the token's `iat`, in seconds: later than every end of tokens before it. */
export type Issued = Outcome<{ readonly issuedAtS: number } | { readonly refused: IssueRefusal }>;

const secondOf = (atMs: number): number => Math.floor(atMs / 1000);

export function issueToken(object: AgentObject, input: IssueInput): Promise<Issued> {
  const { tokenId, keyId, incarnation, from, assertion, keyProof = null, signing, context } = input;
  return withAgent<Issued & { ok: true }>(object, ({ agent }, life) => {
    const nowMs = object.now();
    const refused = (why: IssueRefusal) => ({ ok: true, refused: why }) as const;
    if (agent.incarnation !== incarnation || (keyId !== null && !agent.keyIds.includes(keyId)))
      return refused('gone');
    if (from !== undefined && hasEnded(agent.tokens, from)) return refused('gone');
    if (agent.status !== 'active') return refused('suspended');
    return object.store.transaction(() => {
      const { store } = object;
      if (keyProof !== null) {
        const used = store.useProof(keyProof, nowMs, MAX_PROOFS);
        if (used !== 'first') return refused(`proof_${used}`);
      }
      if (assertion !== null) {
        const used = store.useAssertion(assertion, nowMs, MAX_ASSERTIONS);
        if (used !== 'first') return refused(used);
      }
      if (signing !== null && store.signingCopy() !== signing) store.keepSigningCopy(signing);
      record(
        object,
        life,
        { action: 'agent.token.issue', outcome: 'ok', evidence: evidenceOf(tokenId, from?.ids ?? []) },
        context,
      );
      const { endedBeforeMs } = agent.tokens;
      const issuedAtS = Math.max(secondOf(nowMs), endedBeforeMs === null ? 0 : secondOf(endedBeforeMs) + 1);
      return { ok: true, issuedAtS };
    });
  });
}

function evidenceOf(tokenId: string, [source]: readonly string[]): string[] {
  return [`token:${tokenId}`, ...(source === undefined ? [] : [`from:${source}`])];
}

export function useAssertion(
  object: AgentObject,
  assertion: UsedAssertion,
): Promise<Outcome<{ readonly used: Use }>> {
  return withAgent<{ ok: true; used: Use }>(object, () =>
    object.store.transaction(() => ({
      ok: true,
      used: object.store.useAssertion(assertion, object.now(), MAX_ASSERTIONS),
    })),
  );
}

/** At the use of a token that is bound to a key. */
export function useProof(object: AgentObject, proof: UsedProof): Promise<Outcome<{ readonly used: Use }>> {
  return withAgent<{ ok: true; used: Use }>(object, () =>
    object.store.transaction(() => ({
      ok: true,
      used: object.store.useProof(proof, object.now(), MAX_PROOFS),
    })),
  );
}

export interface EndTokenInput {
  /** The `jti`. */
  readonly tokenId: string;
  readonly expiresAtMs: number;
  /** Those that it comes from, the newest first; left out: none. */
  readonly ancestors?: readonly string[];
  /** Through whom it was handed on, the newest first; left out: it was not. Who ends it is another. */
  readonly chain?: readonly string[];
  readonly context: RequestContext;
}

/** Ends one token; `conflict` where so many ended ones would still live that no more are remembered. */
export function endToken(
  object: AgentObject,
  { tokenId, expiresAtMs, ancestors = [], chain = [], context }: EndTokenInput,
): Promise<Outcome> {
  return withAgent<{ ok: true }>(object, ({ agent }, life) => {
    const { ended } = agent.tokens;
    if (ended.some(({ id }) => id === tokenId)) return { ok: true };
    const living = ended.filter((one) => one.expiresAtMs > object.now());
    if (living.length >= MAX_ENDED_TOKENS)
      return failed('conflict', `more than ${MAX_ENDED_TOKENS} ended tokens still live`);
    const tokens = { ...agent.tokens, ended: [...living, { id: tokenId, expiresAtMs }] };
    return object.store.transaction(() => {
      object.store.saveAgent(life.mac, { ...agent, tokens });
      record(
        object,
        life,
        {
          action: 'agent.token.revoke',
          outcome: 'ok',
          evidence: [
            ...evidenceOf(tokenId, ancestors),
            ...chain.map((one) => `through:${freeField(one, life.mac)}`),
          ],
        },
        context,
      );
      return { ok: true };
    });
  });
}

/** Ends every token that was issued until now, those of this second too. */
export function endTokens(object: AgentObject, context: RequestContext): Promise<Viewed> {
  return withAgent<Viewed & { ok: true }>(object, ({ agent }, life) =>
    object.store.transaction(() => {
      const { endedBeforeMs } = agent.tokens;
      const tokens = {
        ...agent.tokens,
        endedBeforeMs: Math.max(object.now(), endedBeforeMs ?? 0),
        ended: [],
      };
      const after = { ...agent, tokens };
      object.store.saveAgent(life.mac, after);
      record(object, life, { action: 'agent.token.revoke', outcome: 'ok', evidence: ['all'] }, context);
      return { ok: true, agent: viewOf(after) };
    }),
  );
}

/** The bundle of signing keys that was at hand when a token was last made; null: none was. */
export function signingCopy(object: AgentObject): Promise<Outcome<{ readonly signing: string | null }>> {
  return withAgent(object, () => ({ ok: true, signing: object.store.signingCopy() }));
}
