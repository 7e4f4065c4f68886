/** The control plane's view of accounts: what is done to one. Lists and insight have files of their own. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { accountStub, type Answer } from '#accounts/stub.ts';
import { unwrap } from '#contract/answer.ts';
import {
  CreateAccount,
  ConnectedAccount,
  ImportedAccount,
  PatchAccount,
  PutCredential,
  type Resource,
} from '#contract/accounts/connected-accounts.ts';
import { ACCOUNT_ID_PATTERN } from '#contract/ids.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { accountId } from '#crypto/digest.ts';
import { noteKnown } from '#directory/indexes/known-objects.ts';
import { parseRotation } from '#refresh/schedule.ts';
import type { AppEnv } from '../../context.ts';
import {
  bringerOf,
  credentialFields,
  IMPORT_CODES,
  importMode,
  requireSettings,
  requireVault,
} from '../../credentials.ts';
import { describe } from '../../http/describe.ts';
import { connectionsCredential } from '../../machine/connection.ts';
import { contextOf, requireOperator } from '../../guards.ts';
import { bodyOf } from '../../http/input.ts';
import { askKnown, isAccountThere } from '../../known.ts';
import { ROTATION_FORMS } from '../../connections/new-connection.ts';
import { jsonBody, REPEATED, responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';

const AccountParams = z.object({ id: z.string() });
const LOCKS = ['vault_locked', 'record_corrupt'] as const;
const base = '/v1/connected-accounts';

const AuditVerification = z
  .object({
    intact: z.boolean(),
    events: z.number().int().openapi({ description: 'Records walked.' }),
    from: z.number().int().openapi({ description: 'Number of the first record that could be checked.' }),
    head: z.object({ seq: z.number().int(), hash: z.string() }),
    broken_at: z.number().int().nullable(),
  })
  .openapi('AuditVerification');

function action(name: string, summary: string) {
  return createRoute({
    method: 'post',
    path: `${base}/{id}/${name}`,
    summary,
    request: { params: AccountParams },
    responses: responses({ 200: ConnectedAccount }, [
      'not_found',
      'conflict',
      'provider_unavailable',
      ...LOCKS,
    ]),
  });
}

const routes = {
  create: createRoute({
    method: 'post',
    path: base,
    summary: 'Create an account, or get the one that exists',
    description:
      'The id is derived from organization, connection and identifier: the same triple is always the same account.',
    request: jsonBody(CreateAccount),
    responses: responses({ 200: ConnectedAccount, 201: ConnectedAccount }, [...REPEATED, ...LOCKS]),
  }),
  get: createRoute({
    method: 'get',
    path: `${base}/{id}`,
    summary: 'One account, live',
    request: { params: AccountParams },
    responses: responses({ 200: ConnectedAccount }, ['not_found', ...LOCKS]),
  }),
  patch: createRoute({
    method: 'patch',
    path: `${base}/{id}`,
    summary: 'Change metadata, variables, rotation or the lifetime of access tokens',
    description:
      'RFC 7396: what is left out stays, null removes, `metadata` and `variables` are merged by key.',
    request: { params: AccountParams, ...jsonBody(PatchAccount) },
    responses: responses({ 200: ConnectedAccount }, ['not_found', 'conflict', ...LOCKS]),
  }),
  remove: createRoute({
    method: 'delete',
    path: `${base}/{id}`,
    summary: 'Erase an account; its audit trail stays',
    request: { params: AccountParams },
    responses: responses({ 204: null }, ['not_found', ...LOCKS]),
  }),
  credential: createRoute({
    method: 'put',
    path: `${base}/{id}/credential`,
    summary: 'Import a credential',
    request: { params: AccountParams, ...jsonBody(PutCredential) },
    responses: responses({ 200: ImportedAccount }, ['not_found', ...IMPORT_CODES, ...LOCKS]),
  }),
  verify: createRoute({
    method: 'get',
    path: `${base}/{id}/audit/verify`,
    summary: 'Walk the hash chain of an account',
    request: { params: AccountParams },
    responses: responses({ 200: AuditVerification }, ['not_found', ...LOCKS]),
  }),
  refresh: action('refresh', 'Refresh now; look at `last_attempt` for what came of it'),
  expire: action('expire', 'Pretend that the access token has expired, six times a minute'),
  disable: action('disable', 'Disable'),
  enable: action('enable', 'Enable again'),
  revoke: action('revoke', 'Revoke'),
  seal: action('seal', 'Never hand out its credential again: the proxy and tools are the only use. One way'),
};

/** The id of the path. @throws ProblemError 404 for what cannot be one. */
function idOf(c: Context<AppEnv>): string {
  const id = c.req.param('id') ?? '';
  if (!ACCOUNT_ID_PATTERN.test(id)) throw new ProblemError('not_found');
  return id;
}

type Act = (c: Context<AppEnv>, id: string) => Promise<Resource>;

function acting(act: Act) {
  return async (c: Context<AppEnv>): Promise<Response> => {
    const id = idOf(c);
    await visible(c, id);
    return c.json(await act(c, id));
  };
}

/** The account as this caller sees it; an account of another organization does not exist. */
async function visible(c: Context<AppEnv>, id: string): Promise<Resource> {
  const { organization } = c.get('operator');
  const view = () => accountStub(c.get('config'), id).view({ organization });
  return unwrap(await askKnown(c, 'account', id, view, isAccountThere));
}

export function accountRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  const stub = (c: Context<AppEnv>, id: string) => accountStub(c.get('config'), id);
  const context = (c: Context<AppEnv>) => contextOf(c, c.get('operator'));

  describe(router, routes.create, requireOperator, async (c) => {
    const body = await bodyOf(c, CreateAccount);
    await requireVault(c);
    const organization = c.get('operator').organization ?? body.organization ?? '';
    const settings = await requireSettings(c, body.connection, organization);
    const id = accountId(organization, body.connection, body.identifier);
    const { connection, identifier, metadata = {} } = body;
    const account = accountStub(c.get('config'), id, settings.location);
    const birth = { accountId: id, organization, connection, identifier, settings, metadata };
    const { created, account: made } = unwrap(await account.create({ ...birth, context: context(c) }));
    noteKnown(c.get('config').directory, 'account', id);
    const own = made.status === 'pending' ? connectionsCredential(settings) : null;
    if (own === null) return c.json(made, created ? 201 : 200);
    // Nobody has to connect it: what asks for its tokens is the connection's already, or nothing does.
    const order = { credential: own, settings, mode: 'trust', context: context(c) } as const;
    const active = unwrap(await account.import({ birth: null, ...order }));
    return c.json(active.account, created ? 201 : 200);
  });
  describe(router, routes.get, requireOperator, acting(visible));
  describe(router, routes.remove, requireOperator, async (c) => {
    const id = idOf(c);
    const { organization } = c.get('operator');
    const remove = () => stub(c, id).remove({ context: context(c), organization });
    unwrap(await askKnown(c, 'account', id, remove, isAccountThere));
    return c.body(null, 204);
  });
  describe(router, routes.credential, requireOperator, async (c) => {
    const id = idOf(c);
    const body = await bodyOf(c, PutCredential);
    await requireVault(c);
    const account = await visible(c, id);
    const settings = await requireSettings(c, account.connection, account.organization ?? '');
    const credential = await credentialFields(body, settings, bringerOf(c));
    const mode = importMode(body);
    const imported = unwrap(
      await stub(c, id).import({ birth: null, credential, settings, mode, context: context(c) }),
    );
    return c.json({ ...imported.account, warnings: imported.warnings });
  });
  describe(router, routes.verify, requireOperator, async (c) => {
    const { organization } = c.get('operator');
    const id = idOf(c);
    const verify = () => stub(c, id).verifyAudit({ organization });
    const isThere = (answer: Awaited<ReturnType<typeof verify>>) => !answer.ok || answer.value !== null;
    const found = unwrap(await askKnown(c, 'account', id, verify, isThere));
    if (found === null) throw new ProblemError('not_found');
    const { intact, events, from, head, brokenAt } = found;
    return c.json({ intact, events, from, head, broken_at: brokenAt });
  });
  describe(
    router,
    routes.refresh,
    requireOperator,
    acting(async (c, id) => unwrap(await stub(c, id).refresh({ context: context(c) }))),
  );
  describe(
    router,
    routes.expire,
    requireOperator,
    acting(async (c, id) => unwrap(await stub(c, id).expire({ context: context(c) }))),
  );
  describe(
    router,
    routes.seal,
    requireOperator,
    acting(async (c, id) => unwrap(await stub(c, id).seal({ context: context(c) }))),
  );
  describe(
    router,
    routes.patch,
    requireOperator,
    acting(async (c, id) => {
      const { access_token_ttl_s: accessTokenTtlS, ...rest } = await bodyOf(c, PatchAccount);
      const adjustment = { ...rest, accessTokenTtlS };
      if (adjustment.rotation != null && parseRotation(adjustment.rotation) === null)
        throw invalid('rotation', ROTATION_FORMS);
      const adjusted = await stub(c, id).adjust({ adjustment, context: context(c) });
      if (!adjusted.ok && adjusted.error.code === 'invalid_request')
        throw invalid(adjusted.error.path, adjusted.error.message);
      return unwrap(adjusted as Answer<Resource>);
    }),
  );
  for (const [route, signal] of [
    [routes.disable, 'disabled'],
    [routes.enable, 'enabled'],
    [routes.revoke, 'revoked'],
  ] as const) {
    describe(
      router,
      route,
      requireOperator,
      acting(async (c, id) => unwrap(await stub(c, id).signal({ signal, context: context(c) }))),
    );
  }
  return router;
}
