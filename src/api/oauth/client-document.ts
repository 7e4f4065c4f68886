/**
 * Our own client as a document, whose URL is its client id (OAuth Client ID Metadata Document). The same for every
 * connection but for the address that codes come back to, so that it tells nothing of what is stored and asks nobody.
 */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { ClientDocument } from '#contract/callers/client-document.ts';
import { NAME_PATTERN } from '#contract/ids.ts';
import { ProblemError } from '#contract/problem.ts';
import { clientMetadata } from '#egress/mcp/register-client.ts';
import { clientDocumentUrl } from '../connections/new-connection.ts';
import type { AppEnv } from '../context.ts';
import { describe, refuseUnknownQuery } from '../http/describe.ts';
import { responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';

const route = createRoute({
  method: 'get',
  path: '/oauth/clients/{connection}.json',
  operationId: 'getClientDocument',
  summary: 'The broker as an OAuth client of a connection',
  description:
    'For authorization servers that know a client by the URL of its metadata. Its own URL is the `client_id`; 404 where the deployment has no https `BASE_URL`.',
  request: { params: z.object({ connection: z.string() }) },
  responses: responses({ 200: ClientDocument }, ['not_found']),
});

export function clientDocumentRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, route, refuseUnknownQuery, (c) => {
    const { baseUrl } = c.get('config');
    const connection = decodedName(c.req.path);
    if (baseUrl?.startsWith('https://') !== true || connection === null) throw new ProblemError('not_found');
    return c.json({
      client_id: clientDocumentUrl(baseUrl, connection),
      client_uri: baseUrl,
      ...clientMetadata(`${baseUrl}/oauth/callback/${connection}`, 'none'),
    });
  });
  return router;
}

/** The connection in the path; null: it cannot be one. Names need no escapes. */
function decodedName(path: string): string | null {
  const name = /^\/oauth\/clients\/(.+)\.json$/.exec(path)?.[1] ?? '';
  return NAME_PATTERN.test(name) ? name : null;
}
