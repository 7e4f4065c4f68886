/** The routes of the proxy, as the document knows them. What they do is in `call.ts`; requests get there by the front. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ProblemError } from '#contract/problem.ts';
import { arrivalOf } from '../arrival.ts';
import type { AppEnv } from '../context.ts';
import { describe } from '../http/describe.ts';
import { responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';
import { proxied, type Addressee } from './call.ts';

/** Where a path names the proxy. The id or the names, and what stands behind `/proxy`. */
const BY_ACCOUNT = /^(\/v1\/connected-accounts\/([A-Za-z0-9_.-]+)\/proxy)(?=\/|$)/;
const BY_CONNECTION = /^(\/v1\/agents\/([A-Za-z0-9_.-]+)\/proxy\/([A-Za-z0-9_.-]+))(?=\/|$)/;

export interface ProxyPath {
  readonly addressee: Addressee;
  /** Up to and with the part that names the account. */
  readonly front: string;
}

/** @param path as it came, nothing decoded; null: it is no path of the proxy */
export function proxyPathOf(path: string): ProxyPath | null {
  const byAccount = BY_ACCOUNT.exec(path);
  if (byAccount !== null) return { addressee: { accountId: byAccount[2] ?? '' }, front: byAccount[1] ?? '' };
  const [, front, agentId, connection] = BY_CONNECTION.exec(path) ?? [];
  return front === undefined || agentId === undefined || connection === undefined
    ? null
    : { addressee: { agentId, connection }, front };
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const CODES = [
  'policy_denied',
  'not_found',
  'reauth_required',
  'account_pending',
  'account_disabled',
  'account_revoked',
  'record_corrupt',
  'conflict',
  'too_large',
  'upgrade_refused',
  'rate_limited',
  'provider_error',
  'token_echo_blocked',
  'provider_unavailable',
  'provider_timeout',
  'misconfigured_connection',
  'vault_locked',
] as const;

const Path = z.string().openapi({
  description: "The rest of the API's path, slashes and all.",
  example: 'crm/v3/objects/contacts',
});
const Own = {
  'x-valetkey-base-url': z.string().optional().openapi({
    description:
      'Which of the base URLs of the account, or the origin of one under which the path lies; left out: the first.',
    example: 'https://api.hubapi.com',
  }),
  'x-valetkey-timeout-ms': z.string().optional().openapi({
    description: 'Until the head of the answer, at most and by default 100000.',
    example: '30000',
  }),
  'x-valetkey-purpose': z
    .string()
    .optional()
    .openapi({ description: 'Why, for the audit record.', example: 'weekly report' }),
};
const Named = {
  'x-valetkey-identifier': z.string().optional().openapi({
    description:
      "Whose account, percent-encoded where it is not ASCII; left out: the agent's own, else `default`.",
    example: 'user_123',
  }),
  'x-valetkey-organization': z
    .string()
    .optional()
    .openapi({ description: 'Of an agent without one whose rules name others.', example: 'acme' }),
};

const ABOUT =
  "The call goes to the account's API with its credential, which the agent never sees. Status, body and most headers are the API's; `X-Valetkey-Upstream: true` tells such an answer from one of the broker. Bodies stream both ways. An answer that means an expired token refreshes it and sends the call once more.";

function described(
  method: (typeof METHODS)[number],
  path: string,
  params: z.ZodObject,
  headers: z.ZodObject,
) {
  const answer = {
    description: "The API's answer, whatever its status.",
    content: { '*/*': { schema: {} } },
  };
  return createRoute({
    method,
    path,
    summary: 'Call the API of an account',
    description: ABOUT,
    request: { params, headers },
    responses: { ...responses({}, CODES), default: answer },
  });
}

async function handle(c: Context<AppEnv>): Promise<Response> {
  const { pathname, search } = new URL(c.req.raw.url);
  const found = proxyPathOf(pathname);
  if (found === null) throw new ProblemError('not_found');
  const rest = `${pathname.slice(found.front.length)}${search}`;
  return proxied(arrivalOf(c), c.req.raw, found.addressee, rest, found.front);
}

export function proxyRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  for (const method of METHODS) {
    const byAccount = described(
      method,
      '/v1/connected-accounts/{id}/proxy/{path}',
      z.object({ id: z.string(), path: Path }),
      z.object(Own),
    );
    const byConnection = described(
      method,
      '/v1/agents/{agent_id}/proxy/{connection}/{path}',
      z.object({ agent_id: z.string(), connection: z.string(), path: Path }),
      z.object({ ...Named, ...Own }),
    );
    describe(router, byAccount, handle);
    describe(router, byConnection, handle);
  }
  return router;
}
