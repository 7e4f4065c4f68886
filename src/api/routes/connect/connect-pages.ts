/** The routes that browsers call. Every answer is a page or a redirect, also where something broke. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context, Handler, MiddlewareHandler } from 'hono';
import { browserOverLimit } from '#callers/rate-limits.ts';
import { receiveCallback, receivePosted } from '#connect/callback.ts';
import { chooseLocale, renderPage } from '#connect/pages/render.ts';
import type { FailurePage, PageModel } from '#connect/page-model.ts';
import { postStart, showStart } from '#connect/start.ts';
import { commonOf, type Reply, type Visit } from '#connect/visit.ts';
import { CODES } from '#contract/codes.ts';
import { ProblemError } from '#contract/problem.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { isPassingError } from '#lib/platform-errors.ts';
import { prefersPage } from '../../http/accept.ts';
import type { AppEnv } from '../../context.ts';
import { describe } from '../../http/describe.ts';
import { ensureSchema } from '../../guards.ts';
import { bodyText } from '../../http/limits.ts';
import { originOf } from '../../http/origin.ts';
import { newRouter } from '../../http/router.ts';

export const html = (description: string) => ({
  description,
  content: { 'text/html': { schema: z.string() } },
});
const TROUBLE = {
  400: html('Not an answer to a flow of ours'),
  403: html('Another browser, another site or another user'),
  404: html('No such link'),
  409: html('Finished before'),
  410: html('Too late, or used'),
  429: html(
    'Too many pages for this address, or openings of this link; `Retry-After` says when to come again',
  ),
  502: html('The provider answered with something unusable'),
  503: html('Try again later'),
};
/** A callback names no thing of ours that could be missing. */
const { 404: _missing, ...AFTER } = TROUBLE;
const Token = z.object({
  token: z.string().openapi({
    description: 'As it stands in the link.',
    example: 'lk_Sz0ycsOZmPxxTmjYRq914yFwrSyB5GPWxGABLLCPIHI',
  }),
});

const routes = {
  show: createRoute({
    method: 'get',
    path: '/connect/{token}',
    summary: 'The page behind a connect link',
    description:
      'Names provider, scopes and who asks. Consumes nothing: previews and mail scanners are harmless.',
    request: { params: Token },
    responses: {
      200: html('The page'),
      302: { description: 'To the same page at our own origin' },
      ...TROUBLE,
    },
  }),
  start: createRoute({
    method: 'post',
    path: '/connect/{token}',
    summary: 'Begin, in this browser',
    description: 'Only from our own page. Uses the link up and leads to the provider.',
    request: { params: Token },
    responses: { 303: { description: 'To the provider' }, ...TROUBLE },
  }),
  callback: createRoute({
    method: 'get',
    path: '/oauth/callback/{connection}',
    summary: 'Where the provider sends the browser back to',
    description: 'The redirect URI of a connection. Leads on to the return URL, or shows what came of it.',
    request: { params: z.object({ connection: z.string() }) },
    responses: { 200: html('What came of it'), 303: { description: 'To the return URL' }, ...AFTER },
  }),
  posted: createRoute({
    method: 'post',
    path: '/oauth/callback/{connection}',
    summary: 'The same, from a provider that answers with a form (`response_mode=form_post`)',
    description:
      'A browser sends no cookie of ours with a form of another site: nothing is redeemed here. The page that is answered leads on to the GET by itself.',
    request: {
      params: z.object({ connection: z.string() }),
      body: {
        content: { 'application/x-www-form-urlencoded': { schema: z.record(z.string(), z.string()) } },
      },
    },
    responses: {
      200: html('A page that goes on by itself'),
      400: AFTER[400],

      429: AFTER[429],
    },
  }),
};

/** As providers post it; anything else, and what is too large, is not an answer to a flow of ours. */
async function postedForm(c: Context<AppEnv>): Promise<URLSearchParams> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  const text = await bodyText(c).catch((error: unknown) => {
    if (error instanceof ProblemError) return '';
    throw error;
  });
  return new URLSearchParams(type === 'application/x-www-form-urlencoded' ? text : '');
}

/** @throws ProblemError `unavailable` where the address under which cookie and callback would meet is not known */
function visitOf(c: Context<AppEnv>): Visit {
  const config = c.get('config');
  return {
    config,
    origin: originOf(c),
    url: new URL(c.req.url),
    headers: c.req.raw.headers,
    context: {
      actor: { type: 'system', id: null, method: 'browser', key_id: null },
      correlationId: c.get('correlationId'),
      toolCallId: null,
      client: c.get('client'),
    },
    waitUntil: (work) => c.executionCtx.waitUntil(work),
    now: systemNow,
  };
}

/** What a page says with 503: a person opens it again. */
const RETRY_AFTER_S = 5;

/** A page in the language of the browser that asks. */
function pageResponse(c: Context<AppEnv>, model: PageModel): Response {
  const answer = renderPage(model, chooseLocale(c.req.header('accept-language') ?? null));
  // The page shows this id as its reference: an operator who is told of it finds the request here.
  if (answer.status >= 400 || model.kind === 'denied') {
    const fields = { correlation_id: c.get('correlationId'), page: model.kind, status: answer.status };
    log('info', 'a page told of a failure', { ...fields, route: c.get('route') ?? null });
  }
  answer.headers.set('x-correlation-id', c.get('correlationId'));
  if (answer.status === 503) answer.headers.set('retry-after', String(RETRY_AFTER_S));
  return answer;
}

/** What went wrong, as a page: nothing of the error is in it. */
export function failureResponse(c: Context<AppEnv>, status: FailurePage['status']): Response {
  const common = commonOf(
    { config: c.get('config'), context: { correlationId: c.get('correlationId') } },
    null,
  );
  return pageResponse(
    c,
    status === 503 ? { kind: 'unavailable', ...common } : { kind: 'failure', status, ...common },
  );
}

/** The page of a deployment that has no configuration: the operator's name is not known. */
export function unavailableResponse(c: Context<AppEnv>): Response {
  const asker = { name: null, logoUrl: null, organization: null };
  return pageResponse(c, { kind: 'unavailable', asker, correlationId: c.get('correlationId') });
}

/** Does a browser ask, at a path for browsers? Then a refusal is a page too. */
export function isBrowserAsking(c: Context<AppEnv>): boolean {
  const { path } = c.req;
  const isOurs = ['/connect/', '/oauth/callback/', '/approve/'].some((prefix) => path.startsWith(prefix));
  return isOurs && prefersPage(c.req.header('accept'));
}

function responseOf(c: Context<AppEnv>, reply: Reply): Response {
  const answer =
    reply.kind === 'page'
      ? pageResponse(c, reply.model)
      : new Response(null, {
          status: 303,
          // The path of a link, and the code in a callback's query, must not reach the next host.
          headers: {
            location: reply.location,
            'referrer-policy': 'no-referrer',
            'cache-control': 'no-store',
          },
        });
  if (reply.kind === 'page' && reply.retryAfterS !== undefined)
    answer.headers.set('retry-after', String(reply.retryAfterS));
  if (reply.cookie !== null) answer.headers.append('set-cookie', reply.cookie);
  return answer;
}

/** Before anything is looked up: a browser that asks too often is told when it may come again. */
export const notTooOften: MiddlewareHandler<AppEnv> = async (c, next) => {
  const waitS = await browserOverLimit(c.get('config'), c.get('client').ip, systemNow);
  if (waitS === null) return next();
  const answer = failureResponse(c, 429);
  answer.headers.set('retry-after', String(waitS));
  return answer;
};

/** Cookie, callback and form meet under one name: a page opened under another would begin what it cannot finish. */
export const toOwnOrigin: MiddlewareHandler<AppEnv> = (c, next) => {
  const { baseUrl } = c.get('config');
  const url = new URL(c.req.url);
  if (baseUrl === null || url.origin === baseUrl || url.host === new URL(baseUrl).host) return next();
  return Promise.resolve(c.redirect(`${baseUrl}${url.pathname}`, 302));
};

export function answering(work: (c: Context<AppEnv>, visit: Visit) => Promise<Reply>): Handler<AppEnv> {
  return async (c) => {
    try {
      await ensureSchema(c);
      return responseOf(c, await work(c, visitOf(c)));
    } catch (error) {
      const known = error instanceof ProblemError ? CODES[error.code].status : null;
      if (known === null || known === 500)
        log('error', 'unhandled', { correlation_id: c.get('correlationId'), error });
      return failureResponse(c, known === 503 || isPassingError(error) ? 503 : 500);
    }
  };
}

export function connectPageRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(
    router,
    routes.show,
    notTooOften,
    toOwnOrigin,
    answering((c, visit) => showStart(visit, c.req.param('token') ?? '')),
  );
  describe(
    router,
    routes.start,
    notTooOften,
    answering((c, visit) => postStart(visit, c.req.param('token') ?? '')),
  );
  describe(
    router,
    routes.callback,
    notTooOften,
    answering((c, visit) => receiveCallback(visit, c.req.param('connection') ?? '')),
  );
  describe(
    router,
    routes.posted,
    notTooOften,
    answering(async (c, visit) => receivePosted(visit, c.req.param('connection') ?? '', await postedForm(c))),
  );
  return router;
}
