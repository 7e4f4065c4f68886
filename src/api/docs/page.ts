/** The readable page of the contract: a viewer that is served from this origin and reads `/openapi.json`. */

import { html } from 'hono/html';
import { VERSION } from '#contract/about/version.ts';

/** Where the viewer's script is among the static assets. */
export const VIEWER_PATH = '/docs/viewer.js';

/**
 * The viewer puts empty style elements into the page and fills them by script: the hash is that of no text. Its rendered
 * texts have style attributes, which load nothing under this policy. The worker is its search.
 */
export const PAGE_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "style-src-attr 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The whole page. @param hasViewer whether the deployment has its static assets */
export async function pageOf(hasViewer: boolean): Promise<string> {
  const viewer = html`<redoc spec-url="/openapi.json" disable-telemetry="true"></redoc>
    <script type="module" src="${VIEWER_PATH}"></script>
    <noscript>
      <p>This page needs JavaScript. The contract itself is <a href="/openapi.json">openapi.json</a>.</p>
    </noscript>`;
  const bare = html`<main>
    <h1>Valetkey <small>${VERSION}</small></h1>
    <p>
      This deployment has no static assets, so that there is no viewer here. The contract is
      <a href="/openapi.json">openapi.json</a>: any OpenAPI viewer shows it.
    </p>
  </main>`;
  const page = await html`<!doctype html>
    <html lang="en" dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Valetkey ${VERSION}: the HTTP contract</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/docs/style.css" />
      </head>
      <body>
        ${hasViewer ? viewer : bare}
      </body>
    </html>`;
  return String(page);
}
