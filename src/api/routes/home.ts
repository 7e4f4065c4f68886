/** `GET /`: what answers here and where to go on, as a page for people and as JSON for programs. Names no stored thing. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { html } from 'hono/html';
import { Home, LINKS } from '#contract/about/home.ts';
import { VERSION } from '#contract/about/version.ts';
import { prefersPage } from '../http/accept.ts';
import type { AppEnv } from '../context.ts';
import { describe, refuseUnknownQuery } from '../http/describe.ts';
import { newRouter } from '../http/router.ts';

const route = createRoute({
  method: 'get',
  path: '/',
  summary: 'What this is, and where to go on',
  description: 'A small page where the request prefers `text/html`, else the same links as JSON.',
  responses: {
    200: {
      description: 'What this is',
      content: { 'application/json': { schema: Home }, 'text/html': { schema: z.string() } },
    },
  },
});

const SAYS = 'A token broker for AI agents: valid, least-privilege tokens, or an unmistakable error.';

const CSP =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const WORDS: Readonly<Record<keyof typeof LINKS, string>> = {
  docs: 'the HTTP contract, each route with a command to paste',
  openapi: 'the same for programs',
  health: 'whether the broker answers',
  readiness: 'whether it can do its work, and what to do if not',
};

async function page(): Promise<string> {
  const links = Object.entries(LINKS).map(
    ([name, path]) => html`<li><a href="${path}">${path}</a>: ${WORDS[name as keyof typeof LINKS]}</li>`,
  );
  return String(
    await html`<!doctype html>
      <html lang="en" dir="ltr">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>Valetkey ${VERSION}</title>
          <link rel="stylesheet" href="/docs/style.css" />
        </head>
        <body>
          <main>
            <h1>Valetkey <small>${VERSION}</small></h1>
            <p>${SAYS}</p>
            <ul>
              ${links}
            </ul>
          </main>
        </body>
      </html>`,
  );
}

export function homeRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(
    router,
    route,
    async (c, next) => {
      if (prefersPage(c.req.header('accept')))
        return new Response(await page(), {
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': CSP,
            'x-content-type-options': 'nosniff',
            'referrer-policy': 'no-referrer',
            vary: 'accept',
          },
        });
      return refuseUnknownQuery(c, next);
    },
    (c) => {
      c.header('vary', 'accept');
      return c.json({ name: 'valetkey', version: VERSION, description: SAYS, links: LINKS }, 200);
    },
  );
  return router;
}
