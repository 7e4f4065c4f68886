/** Descriptors and answers for the tests of this room. */

import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import type { Answer } from '#providers/answers/classify.ts';
import { ProviderConfig, customDescriptor } from '#providers/custom.ts';
import type { Descriptor } from '#providers/descriptor.ts';

/** 2026-11-21T10:00:00Z. */
export const NOW_MS = 1_795_255_200_000;

/** A custom provider of which only the endpoint is known, or more. */
export function custom(config: Record<string, unknown> = {}): Descriptor {
  const made = customDescriptor(ProviderConfig.parse({ token_url: 'https://id.example/token', ...config }));
  if (!made.ok) throw new Error(JSON.stringify(made.errors));
  return made.descriptor;
}

export function known(id: string): Descriptor {
  const descriptor = findDescriptor(id);
  if (descriptor === undefined) throw new Error(`no descriptor ${id}`);
  return descriptor;
}

export const response = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  kind: 'response',
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
