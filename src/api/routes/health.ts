/** The two probes: is this the broker, and can it do its work? Open to everyone, so neither names anything stored. */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { Health, Readiness } from '#contract/health.ts';
import { VERSION } from '#contract/version.ts';
import { readiness } from '#directory/readiness.ts';
import type { AppEnv } from '../context.ts';
import { describe } from '../describe.ts';
import { ensureSchema } from '../guards.ts';
import { newRouter } from '../router.ts';

const answers = (schema: typeof Health | typeof Readiness, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

const routes = {
  healthz: createRoute({
    method: 'get',
    path: '/healthz',
    summary: 'Whether the broker answers',
    responses: { 200: answers(Health, 'It does') },
  }),
  readyz: createRoute({
    method: 'get',
    path: '/readyz',
    summary: 'Whether the broker can do its work, and what to do if not',
    responses: { 200: answers(Readiness, 'Ready'), 503: answers(Readiness, 'Not ready') },
  }),
};

export function healthRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.healthz, (c) => c.json({ status: 'ok', version: VERSION }, 200));
  describe(router, routes.readyz, async (c) => {
    const lacking = c.get('unconfigured');
    if (lacking !== undefined)
      return c.json({ status: 'not_ready', checks: { setup: { ok: false, detail: lacking.message } } }, 503);
    await ensureSchema(c);
    const checks = await readiness(c.get('config'), new URL(c.req.url).host);
    const isReady = Object.values(checks).every((check) => check.ok);
    return c.json({ status: isReady ? 'ready' : 'not_ready', checks }, isReady ? 200 : 503);
  });
  return router;
}
