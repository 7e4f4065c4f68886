/** The list of connected accounts, from the directory's index. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { accountStub } from '#accounts/stub.ts';
import {
  AccountFilters,
  ListedAccount,
  type ListedAccount as Listed,
  type Resource,
} from '#contract/accounts/connected-accounts.ts';
import { pageOf, pageQuery } from '#contract/lists.ts';
import { listAccounts, type ListedRow } from '#directory/indexes/index-lists.ts';
import { isoTime } from '#lib/clock.ts';
import type { AppEnv } from '../../context.ts';
import { cutPage, newestFirstAfter } from '../../http/cursor.ts';
import { describe } from '../../http/describe.ts';
import { requireOperator } from '../../guards.ts';
import { queryOf } from '../../http/input.ts';
import { responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';

const LIST = 'connected-accounts';
const Query = z.object({ ...AccountFilters, ...pageQuery });

const route = createRoute({
  method: 'get',
  path: '/v1/connected-accounts',
  summary: 'Connected accounts, newest first',
  description: 'From the index of the directory: `indexed_at` says how fresh each is. Filters add up.',
  request: { query: Query },
  responses: responses({ 200: pageOf(ListedAccount).openapi('ConnectedAccountList') }),
});

/** Fields of later versions, with their values for a row that was written before. */
const LATER_FIELDS: Partial<Resource> = { access_token_ttl_s: null };

/** What the row says; a row of an older version says too little, then the account itself is asked. Null: it is gone. */
async function resourceOf(c: Context<AppEnv>, row: ListedRow): Promise<Listed | null> {
  const indexedAt = { indexed_at: isoTime(row.indexedAtMs) };
  if (row.resource !== null)
    return { ...LATER_FIELDS, ...(JSON.parse(row.resource) as Resource), ...indexedAt };
  const live = await accountStub(c.get('config'), row.id).view({ organization: null });
  return live.ok ? { ...live.value, ...indexedAt } : null;
}

async function list(c: Context<AppEnv>): Promise<Response> {
  const { limit, cursor, ...given } = queryOf(c, Query);
  // Of a bound operator its own organization's; that it names another is refused before.
  const organization = c.get('operator').organization ?? given.organization ?? null;
  const filters = { ...given, organization };
  const after = await newestFirstAfter(c.get('config'), LIST, filters, cursor);
  const { connection = null, identifier = null, status = null } = given;
  const wanted = { connection, identifier, status, organization };
  const rows = await listAccounts(c.get('config').directory, wanted, { limit: limit + 1, after });
  const page = await cutPage(c.get('config'), LIST, filters, limit, rows, ({ createdAtMs, id }) => [
    createdAtMs,
    id,
  ]);
  const found = await Promise.all(page.data.map((row) => resourceOf(c, row)));
  return c.json({ ...page, data: found.filter((one) => one !== null) });
}

export function accountListRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, route, requireOperator, list);
  return router;
}
