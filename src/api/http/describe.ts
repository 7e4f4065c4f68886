/**
 * Registers one route twice: its description for the OpenAPI document and its handlers for requests. The input is read
 * by the handler (`api/http/input.ts`) and not by the framework's validators, so that limits come before schemas.
 */

import type { OpenAPIHono, RouteConfig, z } from '@hono/zod-openapi';
import type { Handler, MiddlewareHandler } from 'hono';
import type { AppEnv } from '../context.ts';
import { singleValues } from './input.ts';

/**
 * Adds `route` to the router. `{id}` of the description becomes `:id` of the matcher. `handlers` run in their order: a
 * guard of the route (`requireOperator`) stands first, so that nothing is read for a caller that may not ask. The guard
 * finds the route under the name that `contract/roles.ts` gives it.
 */
export function describe(
  router: OpenAPIHono<AppEnv>,
  route: RouteConfig,
  ...handlers: (Handler<AppEnv> | MiddlewareHandler<AppEnv>)[]
): void {
  router.openAPIRegistry.registerPath(route);
  const path = route.path.replace(/\{([^}]+)\}/g, ':$1');
  const method = route.method.toUpperCase();
  const queryNames = (route.request?.query as z.ZodObject | undefined)?.shape ?? {};
  const named: MiddlewareHandler<AppEnv> = async (c, next) => {
    c.set('route', `${method} ${route.path}`);
    c.set('queryNames', queryNames);
    await next();
  };
  router.on([method], [path], named, ...handlers);
}

/**
 * Refuses a query that the route does not have. Guards call it once the caller is proved; routes that ask for no proof
 * have it as their guard. Pages that strangers' links lead to (`/connect/…`, the callback) do without: mail programs and
 * providers add parameters of their own. @throws ProblemError 400 at the parameter
 */
export const refuseUnknownQuery: MiddlewareHandler<AppEnv> = (c, next) => {
  singleValues(c.req.url, c.get('queryNames'));
  return next();
};
