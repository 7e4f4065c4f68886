/**
 * The two routes of the token plane, as the app knows them. What they do is in `tokens/token-fetch.ts`; most requests get there
 * by `tokens/token-front.ts`, without the app.
 */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { CredentialQuery, ReleasedToken, TokenQuery } from '#contract/accounts/tokens.ts';
import { arrivalOf } from '../../arrival.ts';
import type { AppEnv } from '../../context.ts';
import { describe } from '../../http/describe.ts';
import { tokenByAccount, tokenByConnection } from '../../tokens/token-fetch.ts';
import { responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';

const CODES = [
  'policy_denied',
  'not_found',
  'reauth_required',
  'account_pending',
  'account_disabled',
  'account_revoked',
  'account_sealed',
  'record_corrupt',
  'provider_error',
  'provider_unavailable',
  'misconfigured_connection',
  'vault_locked',
] as const;

const byAccount = createRoute({
  method: 'get',
  path: '/v1/connected-accounts/{id}/token',
  summary: 'A valid token of an account',
  description: 'Refreshed when needed, within the policy of the asking agent, or an unmistakable error.',
  request: { params: z.object({ id: z.string() }), query: TokenQuery },
  responses: responses({ 200: ReleasedToken }, CODES),
});

const byConnection = createRoute({
  method: 'get',
  path: '/v1/agents/{agent_id}/credentials/{connection}',
  summary: 'A valid token by connection and identifier',
  description: 'The short form: `agent_id` must be the caller.',
  request: { params: z.object({ agent_id: z.string(), connection: z.string() }), query: CredentialQuery },
  responses: responses({ 200: ReleasedToken }, CODES),
});

export function tokenRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, byAccount, (c) => tokenByAccount(arrivalOf(c), c.req.param('id') ?? ''));
  describe(router, byConnection, (c) =>
    tokenByConnection(arrivalOf(c), c.req.param('agent_id') ?? '', c.req.param('connection') ?? ''),
  );
  return router;
}
