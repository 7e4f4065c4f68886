/**
 * What the answer to a machine grant means: as that to a refresh, but nothing rotates, a refresh token that comes along
 * is not used, and a refused client is the account's own death where the account brought it. Pure, and never throws.
 */

import { classify, type Answer, type Classified, type ClassifyContext } from '../answers/classify.ts';
import { parseBody } from '../answers/body.ts';
import type { Descriptor } from '../descriptor.ts';
import type { MachineType } from '#contract/machine/kinds.ts';
import { statedObjects } from './scope-objects.ts';

export interface MachineContext extends Omit<ClassifyContext, 'inDoubt'> {
  readonly type: MachineType;
  /** The credential that was refused is no other account's (`bringsOwnClient`). */
  readonly isOwnClient: boolean;
}

/** The word with which RFC 6749 (5.2) says that a client is who it is, and may not do this. */
const NOT_ALLOWED = 'unauthorized_client';

export function classifyMachine(descriptor: Descriptor, answer: Answer, context: MachineContext): Classified {
  const classified = classify(descriptor, answer, { ...context, inDoubt: false });
  switch (classified.outcome) {
    case 'refreshed': {
      const scopes = objectScopes(descriptor, answer, context) ?? classified.tokens.scopes;
      const tokens = { ...classified.tokens, scopes, refreshToken: null, refreshTokenUnusable: false };
      return { ...classified, doubt: false, tokens };
    }
    case 'client_rejected':
      if (classified.kind !== 'credentials' || !context.isOwnClient) return classified;
      return {
        outcome: 'grant_dead',
        doubt: false,
        reason: classified.providerError === NOT_ALLOWED ? 'admin_policy' : 'grant_revoked',
        providerError: classified.providerError,
        evidence: classified.evidence,
      };
    case 'malformed':
      return { ...classified, successor: null, doubt: true };
    case 'grant_dead':
    case 'throttled':
    case 'transient':
      return classified;
  }
}

function objectScopes(
  { scope_objects: facts }: Descriptor,
  answer: Answer,
  { narrowed }: MachineContext,
): string[] | null {
  if (facts === undefined || answer.kind === 'failure') return null;
  const parsed = parseBody(answer.body, answer.headers['content-type'] ?? null);
  return parsed.kind === 'json' ? statedObjects(facts, parsed.value, !narrowed) : null;
}
