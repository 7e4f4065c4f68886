/** `PUT /v1/credentials/{connection}`: from a secret in hand to an account, in one call. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { accountStub } from '#accounts/stub.ts';
import { unwrap } from '#contract/answer.ts';
import { ImportedAccount, PutCredential, withToldType } from '#contract/accounts/connected-accounts.ts';
import { Identifier, Name, Organization } from '#contract/ids.ts';
import { isRenewedType } from '#contract/machine/kinds.ts';
import { invalid } from '#contract/problem.ts';
import { accountId } from '#crypto/digest.ts';
import { ensureStaticConnection } from '#directory/connections/static-connection.ts';
import type { AppEnv } from '../../context.ts';
import {
  bringerOf,
  credentialFields,
  IMPORT_CODES,
  importMode,
  requireParts,
  requireSettings,
  requireVault,
} from '../../credentials.ts';
import { describe } from '../../http/describe.ts';
import { contextOf, requireOperator } from '../../guards.ts';
import { bodyOf, queryOf } from '../../http/input.ts';
import { jsonBody, responses } from '../../http/responses.ts';
import { newRouter } from '../../http/router.ts';

const Query = z.object({ identifier: Identifier.optional(), organization: Organization.optional() });
const Body = z.preprocess(withToldType, PutCredential);

const put = createRoute({
  method: 'put',
  path: '/v1/credentials/{connection}',
  summary: 'Import a credential by connection and identifier',
  description:
    'The account is created if absent; `identifier` defaults to `default`. The type is told from the fields. What would replace a living grant, or is a refresh token alone, is proven first; the same refresh token again changes nothing, so that a script may run twice. For static types an absent connection is made too, unless the key is bound to an organization: connections belong to the deployment.',
  request: { params: z.object({ connection: Name }), query: Query, ...jsonBody(PutCredential) },
  responses: responses({ 200: ImportedAccount, 201: ImportedAccount }, [
    ...IMPORT_CODES,
    'vault_locked',
    'record_corrupt',
  ]),
});

export function credentialRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, put, requireOperator, async (c) => {
    const connection = c.req.param('connection') ?? '';
    if (!Name.safeParse(connection).success) throw invalid('connection', 'is not the name of a connection');
    const { identifier = 'default', organization: asked } = queryOf(c, Query);
    const organization = c.get('operator').organization ?? asked ?? '';
    const body = await bodyOf(c, Body);
    await requireVault(c);
    await requireParts(c, connection, body);
    const context = contextOf(c, c.get('operator'));
    const settings =
      isRenewedType(body.type) || c.get('operator').organization !== null
        ? await requireSettings(c, connection, organization)
        : await ensureStaticConnection(c.get('config'), connection, body.type, context);
    const credential = await credentialFields(body, settings, bringerOf(c));
    const id = accountId(organization, connection, identifier);
    const birth = { accountId: id, organization, connection, identifier, settings, metadata: {}, context };
    const mode = importMode(body);
    const imported = unwrap(
      await accountStub(c.get('config'), id, settings.location).import({
        birth,
        credential,
        settings,
        mode,
        context,
      }),
    );
    return c.json({ ...imported.account, warnings: imported.warnings }, imported.created ? 201 : 200);
  });
  return router;
}
