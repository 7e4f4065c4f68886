/** Keys of operators beside `ADMIN_KEY`: made, listed, deleted. What each role may do stands in `contract/roles.ts`. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  ADMIN_KEY_ID_PATTERN,
  AdminKey,
  CreateAdminKey,
  CreatedAdminKey,
  type AdminKey as AdminKeyResource,
} from '#contract/admin-keys.ts';
import { pageOf, pageQuery } from '#contract/lists.ts';
import { ProblemError } from '#contract/problem.ts';
import {
  deleteAdminKey,
  listAdminKeys,
  makeAdminKey,
  MAX_ADMIN_KEYS,
  type AdminKeyRow,
} from '#directory/keys/admin-keys.ts';
import { isoTime, systemNow } from '#lib/clock.ts';
import type { AppEnv } from '../context.ts';
import { cutPage, newestFirstAfter } from '../http/cursor.ts';
import { describe } from '../http/describe.ts';
import { contextOf, requireOperator } from '../guards.ts';
import { bodyOf, queryOf } from '../http/input.ts';
import { jsonBody, REPEATED, responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';

const base = '/v1/admin-keys';
const LIST = 'admin-keys';
const ListQuery = z.object(pageQuery);
const LOCKS = ['vault_locked', 'record_corrupt'] as const;

const routes = {
  create: createRoute({
    method: 'post',
    path: base,
    summary: 'Make a key for an operator; it is shown once',
    description: `A key that is bound to an organization makes keys of that organization alone. At most ${MAX_ADMIN_KEYS} per organization.`,
    request: jsonBody(CreateAdminKey),
    responses: responses({ 201: CreatedAdminKey }, [...REPEATED, ...LOCKS]),
  }),
  list: createRoute({
    method: 'get',
    path: base,
    summary: 'The keys of operators, newest first',
    description: '`ADMIN_KEY` is a setting of the deployment and is not among them.',
    request: { query: ListQuery },
    responses: responses({ 200: pageOf(AdminKey).openapi('AdminKeyList') }),
  }),
  remove: createRoute({
    method: 'delete',
    path: `${base}/{id}`,
    summary: 'Delete a key of an operator; it is refused everywhere within one second',
    request: { params: z.object({ id: z.string() }) },
    responses: responses({ 204: null }, ['not_found', ...LOCKS]),
  }),
};

function resourceOf(row: AdminKeyRow): AdminKeyResource {
  const { id, name, role, organization } = row;
  return {
    id,
    name,
    role,
    organization,
    created_at: isoTime(row.createdAtMs),
    last_used_at: isoTime(row.lastUsedAtMs),
    expires_at: isoTime(row.expiresAtMs),
  };
}

async function create(c: Context<AppEnv>): Promise<Response> {
  const { name = null, role, organization: asked, expires_in: lifeS } = await bodyOf(c, CreateAdminKey);
  const operator = c.get('operator');
  const organization = operator.organization ?? asked ?? null;
  const draft = { name, role, organization, lifeMs: lifeS == null ? null : lifeS * 1000 };
  const made = await makeAdminKey(c.get('config'), draft, systemNow(), contextOf(c, operator));
  if (made === null) {
    const detail = `there are ${MAX_ADMIN_KEYS} admin keys already: delete one that is not used`;
    throw new ProblemError('conflict', { detail });
  }
  const answer: CreatedAdminKey = { ...resourceOf(made.row), key: made.key };
  return c.json(answer, 201);
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const { limit, cursor } = queryOf(c, ListQuery);
  const { organization } = c.get('operator');
  const filters = { organization };
  const after = await newestFirstAfter(c.get('config'), LIST, filters, cursor);
  const found = await listAdminKeys(c.get('config').directory, { organization, limit: limit + 1, after });
  const page = await cutPage(c.get('config'), LIST, filters, limit, found, ({ createdAtMs, id }) => [
    createdAtMs,
    id,
  ]);
  return c.json({ ...page, data: page.data.map(resourceOf) });
}

export function adminKeyRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.create, requireOperator, create);
  describe(router, routes.list, requireOperator, list);
  describe(router, routes.remove, requireOperator, async (c) => {
    const id = c.req.param('id') ?? '';
    const operator = c.get('operator');
    const isGone =
      ADMIN_KEY_ID_PATTERN.test(id) &&
      (await deleteAdminKey(c.get('config'), id, operator.organization, systemNow(), contextOf(c, operator)));
    if (!isGone) throw new ProblemError('not_found', { detail: 'there is no such admin key' });
    return c.body(null, 204);
  });
  return router;
}
