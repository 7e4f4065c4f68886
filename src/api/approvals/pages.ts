/** The pages on which people without an account here answer an approval, and the answers of their two buttons. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Decision } from '#accounts/approvals/requests.ts';
import { postApproval, showApproval } from '#connect/approve.ts';
import type { AppEnv } from '../context.ts';
import { describe } from '../http/describe.ts';
import { newRouter } from '../http/router.ts';
import { answering, html, notTooOften, toOwnOrigin } from '../routes/connect/connect-pages.ts';

const Token = z.object({
  token: z.string().openapi({
    description: 'As it stands in the link.',
    example:
      'ap.ca_gq2w5mhx3nb7zkcv4ryjt6a2dpe.apr_4nB2xQ9ZkT7c0LmRw3sVdy.Zk3v0c1uJm5yQ8aTnXwB2QZk3v0c1uJm5yQ8aTnXwB2Q',
  }),
});
const TROUBLE = {
  404: html('No such link'),
  410: html('Answered or expired'),
  429: html('Too many pages for this address; `Retry-After` says when to come again'),
  500: html('A bug of the broker'),
  503: html('Try again later'),
};

const show = createRoute({
  method: 'get',
  path: '/approve/{token}',
  summary: 'The page behind the link of an approval',
  description: 'Shows all that will be sent. Consumes nothing: previews and mail scanners are harmless.',
  request: { params: Token },
  responses: {
    200: html('The page'),
    302: { description: 'To the same page at our own origin' },
    ...TROUBLE,
  },
});

function deciding(name: 'approve' | 'deny', summary: string) {
  return createRoute({
    method: 'post',
    path: `/approve/{token}/${name}`,
    summary,
    description: 'Only from our own page, and once.',
    request: { params: Token },
    responses: { 200: html('What came of it'), 403: html('Another site posted it'), ...TROUBLE },
  });
}

export function approvalPageRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(
    router,
    show,
    notTooOften,
    toOwnOrigin,
    answering((c, visit) => showApproval(visit, c.req.param('token') ?? '')),
  );
  const answers: readonly [ReturnType<typeof deciding>, Decision][] = [
    [deciding('approve', 'Say yes, by the link'), 'approved'],
    [deciding('deny', 'Say no, by the link'), 'denied'],
  ];
  for (const [route, decision] of answers)
    describe(
      router,
      route,
      notTooOften,
      answering((c, visit) => postApproval(visit, c.req.param('token') ?? '', decision)),
    );
  return router;
}
