/** The contract as the code has it: the OpenAPI document, and the same as a page. Open to everyone, and cacheable. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../context.ts';
import { describe, refuseUnknownQuery } from '../describe.ts';
import { finishedDocument } from '../docs/document.ts';
import { pageOf } from '../docs/page.ts';
import { registerWebhooks } from '../docs/webhooks.ts';
import { STYLE } from '../docs/style.ts';
import { newRouter } from '../router.ts';

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
    description: 'One page with an anchor per route; it loads nothing but its stylesheet.',
    responses: text('text/html', 'The page'),
  }),
  style: createRoute({
    method: 'get',
    path: '/docs/style.css',
    summary: 'The stylesheet of the page',
    description: 'Light and dark, as the reader has it.',
    responses: text('text/css', 'The stylesheet'),
  }),
};

/** Long enough for a page and its stylesheet, short enough that a deploy shows. */
const CACHED = 'public, max-age=300';

/** Nothing from elsewhere, no script, no frame, no form. */
const CSP =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function answer(body: string, type: string): Response {
  return new Response(body, {
    headers: {
      'content-type': type,
      'cache-control': CACHED,
      'content-security-policy': CSP,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  });
}

/** @param app the whole app, whose routes are described when the document is first asked for */
export function docsRoutes(app: OpenAPIHono<AppEnv>): OpenAPIHono<AppEnv> {
  const router = newRouter();
  const made: { json?: string; page?: string } = {};
  registerWebhooks(app);
  const document = () =>
    finishedDocument(app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } }));
  describe(router, routes.document, refuseUnknownQuery, () =>
    answer((made.json ??= `${JSON.stringify(document())}\n`), 'application/json'),
  );
  describe(router, routes.page, refuseUnknownQuery, async () =>
    answer((made.page ??= await pageOf(document())), 'text/html; charset=utf-8'),
  );
  describe(router, routes.style, refuseUnknownQuery, () => answer(STYLE, 'text/css; charset=utf-8'));
  return router;
}
