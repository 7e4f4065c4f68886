/**
 * Registers one route twice: its description for the OpenAPI document and its handlers for requests. The input is read
 * by the handler (`api/input.ts`) and not by the framework's validators, so that limits come before schemas.
 */

import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi';
import type { Handler, MiddlewareHandler } from 'hono';
import type { AppEnv } from './context.ts';

/**
 * Adds `route` to the router. `{id}` of the description becomes `:id` of the matcher. `handlers` run in their order: a
 * guard of the route (`requireOperator`) stands first, so that nothing is read for a caller who may not ask. The guard
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
  const named: MiddlewareHandler<AppEnv> = async (c, next) => {
    c.set('route', `${method} ${route.path}`);
    await next();
  };
  router.on([method], [path], named, ...handlers);
}
