/** Wire shapes of the two probes. Neither needs a credential, so neither says anything about what is stored. */

import { z } from '@hono/zod-openapi';
import { VERSION } from './version.ts';

export const Health = z
  .object({ status: z.literal('ok'), version: z.string().openapi({ example: VERSION }) })
  .openapi('Health');

export const Check = z.object({
  ok: z.boolean(),
  detail: z
    .string()
    .openapi({ description: 'What to do where it is not ok; a warning begins with `warning:`.' }),
});
export type Check = z.infer<typeof Check>;

export const Readiness = z
  .object({ status: z.enum(['ready', 'not_ready']), checks: z.record(z.string(), Check) })
  .openapi('Readiness');
export type Readiness = z.infer<typeof Readiness>;
