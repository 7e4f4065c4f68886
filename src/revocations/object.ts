/** What the functions of this room are given: the parts of one revocation's object, and how it calls the others. */

import type { AccountRpc } from '#accounts/stub.ts';
import type { AgentRpc } from '#agents/stub.ts';
import { partsOf, type ObjectParts } from '#objects/parts.ts';
import { Vault } from '#objects/vault.ts';
import { accountStub } from '#accounts/stub.ts';
import { agentStub } from '#agents/stub.ts';
import { RevocationStore } from './store.ts';

/** How an object is called; no agent's id has a colon. */
export const NAME_PREFIX = 'revocation:';

export interface RevocationObject extends ObjectParts<'step' | 'outbox', RevocationStore> {
  /** `rev_…` */
  readonly id: string;
  readonly account: (id: string) => Pick<AccountRpc, 'noteCutOff'>;
  readonly agent: (id: string) => Pick<AgentRpc, 'revoke'>;
}

/** Builds the parts and touches no row. */
export function revocationObject(ctx: DurableObjectState, env: unknown): RevocationObject {
  const id = ctx.id.name?.slice(NAME_PREFIX.length) ?? '';
  const parts = partsOf<'step', RevocationStore, Vault>(ctx, env, {
    // It makes no event, so that no Deliverer looks for it.
    kind: 'agent',
    store: (storage, auditSeq) => new RevocationStore(storage, auditSeq),
    vault: (store, { masterKeys }) => new Vault(store, masterKeys, { name: id }),
  });
  const { config } = parts;
  return {
    ...parts,
    id,
    account: (accountId) => accountStub(config, accountId),
    agent: (agentId) => agentStub(config, agentId),
  };
}
