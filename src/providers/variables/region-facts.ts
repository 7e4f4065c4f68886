/** A provider of several regions, as its descriptor has it. */

import { z } from 'zod';

/**
 * Ours: the callback says which of the provider's regions the user is of: the parameter, its values, and the host that
 * stands for each. A value that is not here changes nothing, so that a browser names no host.
 */
export const Region = z.strictObject({
  param: z.string().min(1).max(100),
  hosts: z.record(z.string().max(200), z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/)),
});
export type Region = z.output<typeof Region>;
