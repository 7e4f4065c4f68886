/** The two probes: is this the broker, and can it do its work? Open to everyone, so neither names anything stored. */

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { accessSettings } from '#callers/access/settings.ts';
import { Health, Readiness, type Check } from '#contract/about/health.ts';
import { VERSION } from '#contract/about/version.ts';
import { readiness } from '#directory/readiness.ts';
import { guardOptions, targetProblem } from '#egress/guard/guard.ts';
import type { Config } from '#env.ts';
import type { AppEnv } from '../context.ts';
import { describe, refuseUnknownQuery } from '../http/describe.ts';
import { ensureSchema } from '../guards.ts';
import { newRouter } from '../http/router.ts';

const answers = (schema: typeof Health | typeof Readiness, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** A resolver that may not be called answers nothing, and then nothing leaves for a named host. */
function resolverCheck(config: Config): Check {
  const { dnsResolver } = config;
  if (dnsResolver === null) return { ok: true, detail: 'off: what names of targets point to is not checked' };
  const problem = targetProblem(dnsResolver, guardOptions(config));
  return problem === null
    ? { ok: true, detail: 'is set' }
    : { ok: false, detail: `DNS_RESOLVER ${problem}: no host that operators name is called` };
}

/** Settings that cannot be used let no operator in by Access: a deployment that has some means to. */
function accessCheck(config: Config): Check {
  const settings = accessSettings(config);
  if (!settings.ok) return { ok: false, detail: settings.error };
  return { ok: true, detail: settings.value === null ? 'off' : 'is set' };
}

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

/** When a probe may look again. */
const LATER = { 'retry-after': '5' };

export function healthRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.healthz, refuseUnknownQuery, (c) =>
    c.json({ status: 'ok', version: VERSION }, 200),
  );
  describe(router, routes.readyz, refuseUnknownQuery, async (c) => {
    const lacking = c.get('unconfigured');
    if (lacking !== undefined)
      return c.json(
        { status: 'not_ready', checks: { setup: { ok: false, detail: lacking.message } } },
        503,
        LATER,
      );
    await ensureSchema(c);
    const config = c.get('config');
    const { host } = new URL(c.req.url);
    const checks = {
      ...(await readiness(config, host)),
      dns_resolver: resolverCheck(config),
      access: accessCheck(config),
    };
    const isReady = Object.values(checks).every((check) => check.ok);
    return isReady
      ? c.json({ status: 'ready', checks }, 200)
      : c.json({ status: 'not_ready', checks }, 503, LATER);
  });
  return router;
}
