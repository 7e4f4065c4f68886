/**
 * What the scopes of a connection are called. A connection keeps the descriptor that was known when it was made; names
 * that the catalogue has learnt since count for it too, so they are looked up in the catalogue first.
 */

import type { Descriptor } from '../descriptor.ts';
import type { ScopeFacts } from '../scopes/scopes.ts';
import { findDescriptor } from './catalogue.ts';

export function scopeFactsOf(connection: {
  readonly provider: string;
  readonly descriptor: Descriptor;
}): ScopeFacts {
  return findDescriptor(connection.provider) ?? connection.descriptor;
}
