/**
 * The providers that are known by name. It owns the list and the lookup; an entry is data in a file of its own, and
 * this folder is the only place where a provider has a name.
 */

import { Descriptor } from '../descriptor.ts';
import type { DescriptorInput } from '../descriptor.ts';
import { google } from './google.ts';
import { hubspot } from './hubspot.ts';
import { slack } from './slack.ts';

const ENTRIES: ReadonlyMap<string, DescriptorInput> = new Map(
  [google, hubspot, slack].map((entry) => [entry.id, entry]),
);
/** Entries are checked at their first use: an isolate that serves one provider does not pay for the others. */
const checked = new Map<string, Descriptor>();

/**
 * The descriptor of a provider, or undefined for one that is not in the catalogue.
 *
 * Every call returns the same object: it is shared and must not be changed.
 */
export function findDescriptor(id: string): Descriptor | undefined {
  const known = checked.get(id);
  if (known !== undefined) return known;
  const entry = ENTRIES.get(id);
  if (entry === undefined) return undefined;
  const descriptor = Descriptor.parse(entry);
  checked.set(id, descriptor);
  return descriptor;
}

/** All descriptors, by id. */
export function allDescriptors(): Descriptor[] {
  return [...ENTRIES.keys()]
    .toSorted()
    .map((id) => findDescriptor(id))
    .filter((one) => one !== undefined);
}
