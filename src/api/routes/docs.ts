/** The contract as the code has it: the OpenAPI document, and a viewer of it. Open to everyone, and cacheable. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AppEnv } from '../context.ts';
import { describe, refuseUnknownQuery } from '../http/describe.ts';
import { finishedDocument } from '../docs/document.ts';
import { PAGE_CSP, VIEWER_PATH, pageOf } from '../docs/page.ts';
import { registerWebhooks } from '../docs/webhooks.ts';
import { STYLE } from '../docs/style.ts';
import { problemResponse } from '../http/problem.ts';
import { problemAnswer } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';

const text = (type: string, description: string) => ({
  200: { description, content: { [type]: { schema: z.string() } } },
});

const routes = {
  document: createRoute({
    method: 'get',
    path: '/openapi.json',
    summary: 'This contract as an OpenAPI document',
    description: "Made from the code's own schemas.",
    responses: {
      200: {
        description: 'OpenAPI 3.1',
        content: {
          'application/json': {
            schema: z
              .object({ openapi: z.string() })
              .loose()
              .openapi('OpenApiDocument', {
                example: { openapi: '3.1.0' },
              }),
          },
        },
      },
    },
  }),
  page: createRoute({
    method: 'get',
    path: '/docs',
    summary: 'This contract as a page',
    description:
      'A viewer with search and a command to copy for each route. Everything it loads is from this origin.',
    responses: text('text/html', 'The page'),
  }),
  style: createRoute({
    method: 'get',
    path: '/docs/style.css',
    summary: 'The stylesheet of the page',
    description: 'Light and dark, as the reader has it.',
    responses: text('text/css', 'The stylesheet'),
  }),
  viewer: createRoute({
    method: 'get',
    path: VIEWER_PATH,
    summary: 'The script of the page',
    description: 'A static asset of the deployment: 404 where the deployment has none.',
    responses: { ...text('text/javascript', 'The script'), 404: problemAnswer(['not_found']) },
  }),
};

/** Long enough for a page and its stylesheet, short enough that a deploy shows. */
const CACHED = 'public, max-age=300';

/** Nothing from elsewhere, no script, no frame, no form. */
const CSP =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function headersOf(type: string, policy: string): Record<string, string> {
  return {
    'content-type': type,
    'cache-control': CACHED,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
}

function answer(body: string, type: string, policy = CSP): Response {
  return new Response(body, { headers: headersOf(type, policy) });
}

/** The asset with headers of ours. A browser that has it already names its tag, and is told that nothing has changed. */
async function viewer(c: Context<AppEnv>): Promise<Response> {
  const asked = new Headers();
  const tag = c.req.header('if-none-match');
  if (tag !== undefined) asked.set('if-none-match', tag);
  const found = await c
    .get('config')
    .assets?.fetch(new Request(new URL(VIEWER_PATH, c.req.url), { headers: asked }));
  if (found?.status !== 200 && found?.status !== 304)
    return problemResponse(c, 'not_found', { detail: 'this deployment has no static assets' });
  const etag = found.headers.get('etag');
  return new Response(found.body, {
    status: found.status,
    headers: { ...headersOf('text/javascript; charset=utf-8', CSP), ...(etag === null ? {} : { etag }) },
  });
}

/** @param app the whole app, whose routes are described when the document is first asked for */
export function docsRoutes(app: OpenAPIHono<AppEnv>): OpenAPIHono<AppEnv> {
  const router = newRouter();
  const made: { json?: string } = {};
  registerWebhooks(app);
  const document = () =>
    finishedDocument(app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } }));
  describe(router, routes.document, refuseUnknownQuery, () =>
    answer((made.json ??= `${JSON.stringify(document())}\n`), 'application/json'),
  );
  describe(router, routes.page, refuseUnknownQuery, async (c) => {
    const hasViewer = c.get('config').assets !== null;
    return answer(await pageOf(hasViewer), 'text/html; charset=utf-8', hasViewer ? PAGE_CSP : CSP);
  });
  describe(router, routes.viewer, refuseUnknownQuery, viewer);
  describe(router, routes.style, refuseUnknownQuery, () => answer(STYLE, 'text/css; charset=utf-8'));
  return router;
}
