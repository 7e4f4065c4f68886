/** How every resource's router is made: validation failures become `invalid_request` with their paths. */

import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../context.ts';
import { fieldProblems, problemResponse } from './problem.ts';

/** A router whose validation failures are `invalid_request` with their paths. */
export function newRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      return problemResponse(c, 'invalid_request', { errors: fieldProblems(result.error.issues as never) });
    },
  });
}
