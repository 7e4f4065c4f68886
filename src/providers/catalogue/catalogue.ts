/**
 * The providers that are known by name. It owns the list and the lookup; an entry is data in a file of its own, and
 * this folder is the only place where a provider has a name.
 */

import { Descriptor } from '../descriptor.ts';
import { ENTRIES } from './entries.ts';

/** Entries are checked at their first use: an isolate that serves one provider does not pay for the others. */
const checked = new Map<string, Descriptor>();

/** The ids of all providers, in their order. Costs nothing: no entry is made for it. */
export function providerIds(): string[] {
  return Object.keys(ENTRIES).toSorted();
}

/**
 * The descriptor of a provider, or undefined for one that is not in the catalogue.
 *
 * Every call returns the same object: it is shared and must not be changed.
 */
export function findDescriptor(id: string): Descriptor | undefined {
  const known = checked.get(id);
  if (known !== undefined) return known;
  const entry = Object.hasOwn(ENTRIES, id) ? ENTRIES[id] : undefined;
  if (entry === undefined) return undefined;
  const descriptor = Descriptor.parse(entry());
  checked.set(id, descriptor);
  return descriptor;
}

/** All descriptors, by id: checks every entry, so it is for tests and tools; a list of a few goes by providerIds. */
export function allDescriptors(): Descriptor[] {
  return providerIds()
    .map((id) => findDescriptor(id))
    .filter((one) => one !== undefined);
}
