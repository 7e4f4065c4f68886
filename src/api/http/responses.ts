/** Response parts of route descriptions: the answer's schema and the problems that a route can have. */

import type { RouteConfig, z } from '@hono/zod-openapi';
import { CODES, type Code } from '#contract/codes.ts';
import { ProblemDocument } from '#contract/problem.ts';

type Responses = RouteConfig['responses'];
type Answer = Responses[string];

/** Every route of ours can have these: a caller's own proof is a stored record, which is opened first. */
const ALWAYS: readonly Code[] = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'internal',
  'unavailable',
  'vault_locked',
  'record_corrupt',
];

/** What a route that creates answers beside its own codes when an `Idempotency-Key` comes twice. */
export const REPEATED = ['conflict', 'idempotency_mismatch'] as const satisfies readonly Code[];

const DONE: Readonly<Record<string, string>> = {
  200: 'Done',
  201: 'Made',
  202: 'Accepted: the work goes on',
  204: 'Done; there is nothing to show',
};

/** A refusal with one of these codes, which share their status: what each means, and an example of each. */
export function problemAnswer(codes: readonly Code[]): Answer {
  return {
    description: codes.map((code) => `\`${code}\`: ${CODES[code].title}`).join('; '),
    content: {
      'application/problem+json': {
        schema: ProblemDocument,
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}

/** The successful answers by status, and a problem document for each code. */
export function responses(success: Record<number, z.ZodType | null>, codes: readonly Code[] = []): Responses {
  const out: Responses = {};
  for (const [status, schema] of Object.entries(success)) {
    const description = DONE[status] ?? 'Done';
    out[status] =
      schema === null ? { description } : { description, content: { 'application/json': { schema } } };
  }
  const byStatus = new Map<number, Code[]>();
  for (const code of new Set([...ALWAYS, ...codes])) {
    const { status } = CODES[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  for (const [status, names] of byStatus) out[String(status)] = problemAnswer(names);
  return out;
}

/** A JSON request body. */
export function jsonBody(schema: z.ZodType, required = true): NonNullable<RouteConfig['request']> {
  return { body: { required, content: { 'application/json': { schema } } } };
}
