/** Which organizations an operator reaches: the one that it is bound to, or all of them. Pure. */

import type { OperatorProof } from './proof.ts';

/** May this operator know of what belongs to `organization` (empty for none)? If not, it is `not_found` to it. */
export function reachesOrganization(
  operator: Pick<OperatorProof, 'organization'>,
  organization: string,
): boolean {
  return operator.organization === null || operator.organization === organization;
}

/**
 * The organization of what is being created (empty for none): the operator's own where it is bound, else the one asked
 * for. Null where a bound operator names another.
 */
export function organizationOfNew(
  operator: Pick<OperatorProof, 'organization'>,
  asked: string | undefined,
): string | null {
  if (operator.organization === null) return asked ?? '';
  return asked === undefined || asked === operator.organization ? operator.organization : null;
}
