/**
 * What an operator does to an agent, in one call: whether the agent is one that the operator may know of is asked in
 * the same step that acts. An agent that was deleted and made again for another organization in between is not touched.
 */

import { addKey, deleteKey, listKeys } from './keys.ts';
import { removeAgent, setStatus, unlessLost, updateAgent, viewAgent } from './lifecycle.ts';
import { NO_AGENT } from './outcome.ts';
import type { AgentObject } from './object.ts';
import type { Operation, OperationAnswers } from './stub.ts';
import { endTokens } from './tokens/tokens.ts';

type Answer = OperationAnswers[keyof OperationAnswers];

/** `not_found` also for an agent of another organization, in any state. */
export async function operate(object: AgentObject, operation: Operation): Promise<Answer> {
  const { organization } = operation;
  const lies = object.store.material()?.owner.organization;
  // Before a key is opened: a caller may not learn how another organization's agent is damaged. An unauthentic row only
  // refuses.
  if (organization !== null && lies !== organization) return NO_AGENT;
  return unlessLost(object, done({ ...object, boundTo: organization }, operation));
}

function done(bound: AgentObject, operation: Operation): Promise<Answer> {
  switch (operation.do) {
    case 'view':
      return viewAgent(bound);
    case 'update':
      return updateAgent(bound, operation);
    case 'remove':
      return removeAgent(bound, operation.context);
    case 'suspend':
      return setStatus(bound, 'suspended', operation.context);
    case 'resume':
      return setStatus(bound, 'active', operation.context);
    case 'end_tokens':
      return endTokens(bound, operation.context);
    case 'add_key':
      return addKey(bound, operation.context, operation.lifeMs ?? null);
    case 'list_keys':
      return listKeys(bound);
    case 'delete_key':
      return deleteKey(bound, operation.keyId, operation.context);
  }
}
