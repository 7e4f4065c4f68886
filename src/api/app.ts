/**
 * The app: what every request passes (correlation id, limits, no-store, one error handler) and one line per resource.
 * No route's logic.
 */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { setLogLevel } from '#lib/log.ts';
import { adminKeyOf, ConfigError, configOf } from '#env.ts';
import { clientOf, correlationIdOf } from './arrival.ts';
import type { AppEnv } from './context.ts';
import { handleError, problemResponse } from './http/problem.ts';
import { newRouter } from './http/router.ts';
import { refuseOversize } from './http/limits.ts';
import { inOAuthForm, OAUTH_ENDPOINTS } from './oauth/form.ts';
import { clientDocumentRoutes } from './oauth/client-document.ts';
import { tokenServiceRoutes } from './oauth/routes.ts';
import { approvalRoutes } from './approvals/routes.ts';
import { approvalPageRoutes } from './approvals/pages.ts';
import { proxyRoutes } from './proxy/routes.ts';
import { toolRoutes } from './tools/routes.ts';
import { revocationRoutes } from './revocations/routes.ts';
import { acceptToolRoutes } from './mcp/accept.ts';
import { mcpRoutes } from './mcp/routes.ts';
import { connectLinkRoutes } from './routes/connect/connect-links.ts';
import {
  connectPageRoutes,
  failureResponse,
  isBrowserAsking,
  unavailableResponse,
} from './routes/connect/connect-pages.ts';
import { accountInsightRoutes } from './routes/accounts/account-insight.ts';
import { accountListRoutes } from './routes/accounts/account-list.ts';
import { accountRoutes } from './routes/accounts/connected-accounts.ts';
import { auditEventRoutes } from './routes/audit-events.ts';
import { adminKeyRoutes } from './routes/admin-keys.ts';
import { agentCredentialRoutes } from './routes/agents/agent-credentials.ts';
import { agentInsightRoutes } from './routes/agents/agent-insight.ts';
import { agentRoutes } from './routes/agents/agents.ts';
import { connectionRoutes } from './routes/connections.ts';
import { connectionClientRoutes } from './routes/connection-clients.ts';
import { bulkImportRoutes } from './routes/accounts/bulk-import.ts';
import { credentialRoutes } from './routes/accounts/credentials.ts';
import { docsRoutes } from './routes/docs.ts';
import { eventRoutes } from './routes/webhooks/events.ts';
import { healthRoutes } from './routes/health.ts';
import { homeRoutes } from './routes/home.ts';
import { providerRoutes } from './routes/providers.ts';
import { tokenRoutes } from './routes/accounts/tokens.ts';
import { webhookDeliveryRoutes } from './routes/webhooks/webhook-deliveries.ts';
import { webhookEndpointRoutes } from './routes/webhooks/webhook-endpoints.ts';
import { NO_SENDERS, type WebhookSenders } from './senders/webhook-senders.ts';

/** @param senders send what the webhook routes ask for */
export function createApp(senders: WebhookSenders = NO_SENDERS): OpenAPIHono<AppEnv> {
  const app = newRouter();
  app.onError(handleError);
  app.notFound((c) => noSuchRoute(app, c));
  for (const path of OAUTH_ENDPOINTS)
    app.use(path, async (c, next) => {
      await next();
      if (c.req.method !== 'POST') return;
      const refused = await inOAuthForm(c.res, path);
      if (refused === c.res) return;
      // An answer that is set over another one takes its headers along.
      c.res = undefined;
      c.res = refused;
    });
  app.use('*', async (c, next) => {
    const lacking = takeConfig(c);
    c.set('client', clientOf(c.req.raw));
    c.json = lineOfJson(c);
    if (lacking !== null && !PROBES.has(c.req.path))
      return isBrowserAsking(c) ? unavailableResponse(c) : handleError(lacking, c);
    const refused = refuseOversize(c);
    if (refused !== null) return isBrowserAsking(c) ? pageOf(c, refused) : refused;
    await next();
    c.res.headers.set('x-correlation-id', c.get('correlationId'));
    if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
    return undefined;
  });
  app.route('/', docsRoutes(app));
  app.route('/', homeRoutes());
  app.route('/', healthRoutes());
  app.route('/', tokenRoutes());
  app.route('/', proxyRoutes());
  app.route('/', toolRoutes());
  app.route('/', mcpRoutes());
  app.route('/', acceptToolRoutes());
  app.route('/', tokenServiceRoutes());
  app.route('/', clientDocumentRoutes());
  app.route('/', agentCredentialRoutes());
  app.route('/', accountRoutes());
  app.route('/', accountListRoutes());
  app.route('/', accountInsightRoutes());
  app.route('/', credentialRoutes());
  app.route('/', bulkImportRoutes());
  app.route('/', connectionRoutes());
  app.route('/', connectionClientRoutes());
  app.route('/', agentRoutes());
  app.route('/', agentInsightRoutes());
  app.route('/', adminKeyRoutes());
  app.route('/', revocationRoutes());
  app.route('/', approvalRoutes());
  app.route('/', providerRoutes());
  app.route('/', webhookEndpointRoutes(senders));
  app.route('/', webhookDeliveryRoutes(senders));
  app.route('/', eventRoutes());
  app.route('/', auditEventRoutes());
  app.route('/', connectLinkRoutes());
  app.route('/', connectPageRoutes());
  app.route('/', approvalPageRoutes());
  return app;
}

/** JSON as a line of its own: a shell goes on below it. Every route answers by `c.json`, and no body is touched twice. */
function lineOfJson(c: Context<AppEnv>): Context<AppEnv>['json'] {
  const type = { 'content-type': 'application/json' };
  const answer = (value: unknown, status?: 200, headers: Readonly<Record<string, string>> = {}): Response =>
    c.body(`${JSON.stringify(value)}\n`, status ?? 200, { ...headers, ...type });
  return answer as unknown as typeof c.json;
}

/** The routes that answer also where no other can. */
const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** Sets the deployment's configuration and the request's correlation id. @returns why there is no configuration */
function takeConfig(c: Context<AppEnv>): ConfigError | null {
  const { headers } = c.req.raw;
  try {
    const config = configOf(c.env);
    setLogLevel(config.logLevel);
    c.set('config', config);
    c.set('correlationId', correlationIdOf(headers, config));
    return null;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    c.set('unconfigured', error);
    c.set('correlationId', correlationIdOf(headers, { adminKey: adminKeyOf(c.env) }));
    return error;
  }
}

/** A refusal to a browser. An answer of a provider that is too long is no answer to us. */
function pageOf(c: Context<AppEnv>, refused: Response): Response {
  const isCallback = c.req.path.startsWith('/oauth/');
  return failureResponse(c, isCallback ? 400 : refused.status === 413 ? 413 : 414);
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** 405 with `Allow` where the path exists under another method; the middleware of every path is not a route. */
function noSuchRoute(app: OpenAPIHono<AppEnv>, c: Context<AppEnv>): Response {
  const allowed = METHODS.filter((method) =>
    app.router.match(method, c.req.path)[0].some(([[, route]]) => route.method !== 'ALL'),
  );
  const forBrowser = isBrowserAsking(c);
  if (allowed.length === 0)
    return forBrowser
      ? failureResponse(c, 404)
      : problemResponse(c, 'not_found', { detail: 'no such route; /docs shows those that there are' });
  const response = forBrowser
    ? failureResponse(c, 405)
    : problemResponse(c, 'method_not_allowed', { detail: `this path takes ${allowed.join(', ')}` });
  response.headers.set('allow', allowed.join(', '));
  return response;
}
