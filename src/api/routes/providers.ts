/** The catalogue, as operators read it. Facts only: what a connection makes of them is `routes/connections.ts`. */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { isMachineType } from '#contract/machine/kinds.ts';
import { pageOf, pageQuery } from '#contract/lists.ts';
import { ProblemError } from '#contract/problem.ts';
import { Provider } from '#contract/connections/providers.ts';
import { findDescriptor, providerIds } from '#providers/catalogue/catalogue.ts';
import { credentialFieldsOf, revocationReachOf, type Descriptor } from '#providers/descriptor.ts';
import type { AppEnv } from '../context.ts';
import { cutPage, decodeCursor } from '../http/cursor.ts';
import { describe } from '../http/describe.ts';
import { requireOperator } from '../guards.ts';
import { queryOf } from '../http/input.ts';
import { isSupportedType } from '../connections/new-connection.ts';
import { responses } from '../http/responses.ts';
import { newRouter } from '../http/router.ts';

const LIST = 'providers';
const ListQuery = z.object(pageQuery);

const routes = {
  list: createRoute({
    method: 'get',
    path: '/v1/providers',
    summary: 'The catalogue, by id',
    request: { query: ListQuery },
    responses: responses({ 200: pageOf(Provider).openapi('ProviderList') }),
  }),
  get: createRoute({
    method: 'get',
    path: '/v1/providers/{id}',
    summary: 'One provider',
    request: { params: z.object({ id: z.string() }) },
    responses: responses({ 200: Provider }, ['not_found']),
  }),
};

function resourceOf(facts: Descriptor): Provider {
  return {
    id: facts.id,
    display_name: facts.display_name,
    auth_type: facts.auth_type,
    supported:
      isSupportedType(facts.auth_type) &&
      (isMachineType(facts.auth_type) || facts.token_endpoint_auth_method !== 'private_key_jwt') &&
      facts.unsupported === null,
    unsupported: facts.unsupported,
    docs_url: facts.docs_url,
    preset_of: facts.preset_of,
    token_header: facts.token_header,
    signer: facts.signer ?? null,
    credential_fields: credentialFieldsOf(facts),
    scopes: facts.default_scopes_example,
    scope_aliases: facts.scope_aliases,
    request_token_url: facts.request_token_url ?? null,
    authorization_url: facts.authorization_url,
    token_url: facts.token_url,
    refresh_url: facts.refresh_url,
    revocation_url: facts.revocation_url,
    userinfo_url: facts.userinfo_url,
    api_base_urls: facts.api_base_urls,
    variables: Object.entries(facts.url_template_vars).map(([name, variable]) => ({
      name,
      required: variable.required,
      default: variable.default,
      pattern: variable.pattern,
      stage: variable.stage,
    })),
    pkce: facts.pkce,
    token_endpoint_auth_method: facts.token_endpoint_auth_method,
    access_token_ttl_s: facts.access_token_ttl_s,
    access_token_never_expires: facts.access_token_never_expires,
    refresh_token: facts.refresh_token,
    refresh_token_ttl_s: facts.refresh_token_ttl_s,
    refresh_token_idle_ttl_s: facts.refresh_token_idle_ttl_s,
    refresh_reuse_grace_s: facts.refresh_reuse_grace_s,
    refresh_reuse_grace_verified: facts.refresh_reuse_grace_verified,
    refresh_scope_downscoping: facts.refresh_scope_downscoping,
    revocation_reach: revocationReachOf(facts),
    source: facts.source,
    confidence: facts.confidence,
    unverified_fields: facts.unverified_fields,
  };
}

export function providerRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, routes.list, requireOperator, async (c) => {
    const { limit, cursor } = queryOf(c, ListQuery);
    const after = (await decodeCursor(c.get('config'), LIST, {}, cursor))?.[0] ?? '';
    const rest = providerIds().filter((id) => id > after);
    const page = await cutPage(c.get('config'), LIST, {}, limit, rest, (id) => [id]);
    // Entries are checked as they are read: those of other pages cost nothing.
    const facts = page.data.map(findDescriptor).filter((one) => one !== undefined);
    return c.json({ ...page, data: facts.map(resourceOf) }, 200);
  });
  describe(router, routes.get, requireOperator, (c) => {
    const facts = findDescriptor(c.req.param('id') ?? '');
    if (facts === undefined)
      throw new ProblemError('not_found', { detail: 'the catalogue has no such provider' });
    return c.json(resourceOf(facts), 200);
  });
  return router;
}
