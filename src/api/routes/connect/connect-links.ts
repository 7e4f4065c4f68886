/** The operator's side of the connect flow: making links, reading sessions, and naming the user who finished one. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { askFlow } from '#accounts/flows/ask.ts';
import type { Confirmed, SessionView } from '#accounts/flows/requests.ts';
import { accountStub } from '#accounts/stub.ts';
import { createLink } from '#connect/link.ts';
import { unwrap } from '#contract/answer.ts';
import {
  ConfirmSession,
  ConnectLink,
  ConnectSession,
  CreateConnectLink,
} from '#contract/connections/connect.ts';
import { ACCOUNT_ID_PATTERN } from '#contract/ids.ts';
import { ProblemError } from '#contract/problem.ts';
import { confirmDigest, SESSION_PATTERN } from '#crypto/connect-secrets.ts';
import { findSession } from '#directory/connect-sessions.ts';
import { isoTime } from '#lib/clock.ts';
import type { AppEnv } from '../../context.ts';
import { requireSettings, requireVault } from '../../credentials.ts';
import { describe } from '../../http/describe.ts';
import { contextOf, requireOperator } from '../../guards.ts';
import { bodyOf } from '../../http/input.ts';
import { askKnown, isAccountThere } from '../../known.ts';
import { originOf } from '../../http/origin.ts';
import { jsonBody, REPEATED, responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';

const Params = z.object({ id: z.string() });
const LOCKS = ['vault_locked', 'record_corrupt'] as const;

const routes = {
  link: createRoute({
    method: 'post',
    path: '/v1/connected-accounts/{id}/connect-link',
    summary: 'Make a link with which a user connects this account',
    description:
      'Single use. Opening it consumes nothing; the browser that begins is the one that has to finish. At most five sessions of an account are open: a sixth ends the oldest that nobody has begun.',
    request: { params: Params, ...jsonBody(CreateConnectLink) },
    responses: responses({ 201: ConnectLink }, ['not_found', ...REPEATED, ...LOCKS]),
  }),
  session: createRoute({
    method: 'get',
    path: '/v1/connect-sessions/{id}',
    summary: 'One session of the connect flow',
    request: { params: Params },
    responses: responses({ 200: ConnectSession }, ['not_found', ...LOCKS]),
  }),
  confirm: createRoute({
    method: 'post',
    path: '/v1/connect-sessions/{id}/confirm',
    summary: 'Say that the user who is logged in is the one who finished',
    description:
      'The candidate grant takes its place. A wrong identifier or code erases it: there is one try, within ten minutes of the callback.',
    request: { params: Params, ...jsonBody(ConfirmSession) },
    responses: responses({ 200: ConnectSession }, [
      'not_found',
      'session_used',
      'conflict',
      'link_expired',
      'confirmation_failed',
      'subject_mismatch',
      ...LOCKS,
    ]),
  }),
  reject: createRoute({
    method: 'post',
    path: '/v1/connect-sessions/{id}/reject',
    summary: 'Refuse what was finished, or take a link back',
    request: { params: Params },
    responses: responses({ 200: ConnectSession }, ['not_found', 'session_used', 'link_expired', ...LOCKS]),
  }),
};

function sessionOf(view: SessionView): ConnectSession {
  return {
    id: view.id,
    connected_account_id: view.accountId,
    connection: view.connection,
    identifier: view.identifier,
    organization: view.organization === '' ? null : view.organization,
    status: view.status,
    reason: view.reason,
    subject: view.subject,
    subject_label: view.subjectLabel,
    scopes: [...view.scopes],
    warnings: [...view.warnings],
    created_at: isoTime(view.createdAtMs),
    expires_at: isoTime(view.expiresAtMs),
  };
}

function decidedOf(confirmed: Confirmed): ConnectSession {
  switch (confirmed.kind) {
    case 'done':
      return sessionOf(confirmed.session);
    case 'used':
      throw new ProblemError('session_used');
    case 'expired':
      throw new ProblemError('link_expired', { detail: 'the ten minutes for a confirmation are over' });
    case 'failed':
      throw new ProblemError('confirmation_failed', {
        detail: 'identifier or code are wrong; what was brought is erased, make a new link',
      });
    case 'mismatch':
      throw new ProblemError('subject_mismatch', { detail: 'the account belongs to another subject by now' });
    case 'too_many_grants':
      throw new ProblemError('conflict', { detail: 'an account holds at most 8 grants' });
    case 'unfinished':
      throw new ProblemError('conflict', { detail: 'nobody has finished this session yet' });
  }
}

/** Id and account of the session that the path names. @throws ProblemError 404 */
async function addressed(c: Context<AppEnv>): Promise<{ sessionId: string; accountId: string }> {
  const id = c.req.param('id') ?? '';
  const found = SESSION_PATTERN.test(id) ? await findSession(c.get('config').directory, id) : null;
  if (found === null) throw new ProblemError('not_found');
  return { sessionId: id, accountId: found.accountId };
}

export function connectLinkRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.link, requireOperator, async (c) => {
    const id = c.req.param('id') ?? '';
    if (!ACCOUNT_ID_PATTERN.test(id)) throw new ProblemError('not_found');
    const body = await bodyOf(c, CreateConnectLink, true);
    await requireVault(c);
    const config = c.get('config');
    const { organization } = c.get('operator');
    const view = () => accountStub(config, id).view({ organization });
    const account = unwrap(await askKnown(c, 'account', id, view, isAccountThere));
    const accountOrganization = account.organization ?? '';
    const settings = await requireSettings(c, account.connection, accountOrganization);
    const origin = originOf(c);
    const link = await createLink(
      {
        config,
        origin,
        id,
        organization,
        accountOrganization,
        settings,
        context: contextOf(c, c.get('operator')),
      },
      body,
    );
    const { url, sessionId, warnings } = link;
    const answer = { url, session_id: sessionId, expires_at: isoTime(link.expiresAtMs), warnings };
    return c.json(answer, 201);
  });
  describe(router, routes.session, requireOperator, async (c) => {
    const { accountId, sessionId } = await addressed(c);
    const { organization } = c.get('operator');
    return c.json(
      sessionOf(unwrap(await askFlow(c.get('config'), accountId, 'show', { sessionId, organization }))),
    );
  });
  describe(router, routes.confirm, requireOperator, async (c) => {
    const body = await bodyOf(c, ConfirmSession);
    const { accountId, sessionId } = await addressed(c);
    const operator = c.get('operator');
    const answer = await askFlow(c.get('config'), accountId, 'confirm', {
      sessionId,
      organization: operator.organization,
      identifier: body.identifier,
      confirmDigest: confirmDigest(body.confirm_code),
      context: contextOf(c, operator),
    });
    return c.json(decidedOf(unwrap(answer)));
  });
  describe(router, routes.reject, requireOperator, async (c) => {
    const { accountId, sessionId } = await addressed(c);
    const operator = c.get('operator');
    const { organization } = operator;
    const context = contextOf(c, operator);
    return c.json(
      decidedOf(
        unwrap(await askFlow(c.get('config'), accountId, 'reject', { sessionId, organization, context })),
      ),
    );
  });
  return router;
}
