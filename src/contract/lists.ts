/** What all lists share on the wire: how a page is asked for, and how it is answered. */

import { z } from '@hono/zod-openapi';

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 50;
const MAX_CURSOR = 2048;

/** To be spread into the query schema of a list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be 1 to 100')
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_LIMIT, 'must be 1 to 100')
    .default(DEFAULT_LIMIT)
    .openapi({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
  cursor: z
    .string()
    .max(MAX_CURSOR, 'is not a cursor')
    .optional()
    .openapi({ description: '`next_cursor` of the page before; good for the same filters only.' }),
};

/** One page. `next_cursor` is null on the last one. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable() });
}
