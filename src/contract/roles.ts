/**
 * Which role may use which route of the control plane: one table, read by the guard (`api/guards.ts`), by tests and by
 * the descriptions of the routes. Says nothing of organizations: a thing of another organization is not there for any
 * role.
 */

/**
 * `admin`: everything · `operator`: all but keys, policies and client secrets · `connect`: what an app's backend needs
 * · `auditor`: reads.
 */
export const ROLES = ['admin', 'operator', 'connect', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** The least that a route asks for. `auditor` and `connect` do not include each other; `any` takes all four. */
export type LeastRole = 'any' | Role;

const REACHES: Readonly<Record<Role, readonly LeastRole[]>> = {
  admin: ['any', 'auditor', 'connect', 'operator', 'admin'],
  operator: ['any', 'auditor', 'connect', 'operator'],
  connect: ['any', 'connect'],
  auditor: ['any', 'auditor'],
};

export function roleReaches(role: Role, least: LeastRole): boolean {
  return REACHES[role].includes(least);
}

/**
 * Every route of the control plane by method and path, as its description spells them. A route that is not here lets no
 * caller pass.
 */
export const LEAST_ROLE: Readonly<Record<string, LeastRole>> = {
  'GET /v1/providers': 'any',
  'GET /v1/providers/{id}': 'any',

  'POST /v1/connections': 'operator',
  'GET /v1/connections': 'any',
  'GET /v1/connections/{id}': 'any',
  'PATCH /v1/connections/{id}': 'operator',
  'DELETE /v1/connections/{id}': 'operator',
  'GET /v1/connections/{id}/clients': 'any',
  'GET /v1/connections/{id}/clients/{organization}': 'any',
  'PUT /v1/connections/{id}/clients/{organization}': 'admin',
  'DELETE /v1/connections/{id}/clients/{organization}': 'admin',
  'POST /v1/connections/{id}/tools/accept': 'operator',

  'GET /v1/tools/{name}': 'auditor',
  'PUT /v1/tools/{name}': 'operator',
  'DELETE /v1/tools/{name}': 'operator',

  'POST /v1/agents': 'operator',
  'GET /v1/agents': 'auditor',
  'GET /v1/agents/{id}': 'auditor',
  'PATCH /v1/agents/{id}': 'operator',
  'DELETE /v1/agents/{id}': 'operator',
  'POST /v1/agents/{id}/suspend': 'operator',
  'POST /v1/agents/{id}/resume': 'operator',
  'POST /v1/agents/{id}/revoke-tokens': 'operator',
  'POST /v1/agents/{id}/keys': 'admin',
  'GET /v1/agents/{id}/keys': 'auditor',
  'DELETE /v1/agents/{id}/keys/{key_id}': 'admin',
  'GET /v1/agents/{id}/policy': 'auditor',
  'PUT /v1/agents/{id}/policy': 'admin',
  'POST /v1/agents/{id}/policy/check': 'operator',
  'GET /v1/agents/{id}/effective-access': 'auditor',

  'POST /v1/admin-keys': 'admin',
  'GET /v1/admin-keys': 'auditor',
  'DELETE /v1/admin-keys/{id}': 'admin',

  'POST /v1/connected-accounts': 'connect',
  'GET /v1/connected-accounts': 'any',
  'GET /v1/connected-accounts/{id}': 'any',
  'PATCH /v1/connected-accounts/{id}': 'operator',
  'DELETE /v1/connected-accounts/{id}': 'operator',
  'PUT /v1/connected-accounts/{id}/credential': 'operator',
  'PUT /v1/credentials/{connection}': 'operator',
  'POST /v1/credentials/import': 'operator',
  'POST /v1/connected-accounts/{id}/refresh': 'operator',
  'POST /v1/connected-accounts/{id}/expire': 'operator',
  'POST /v1/connected-accounts/{id}/disable': 'operator',
  'POST /v1/connected-accounts/{id}/enable': 'operator',
  'POST /v1/connected-accounts/{id}/revoke': 'operator',
  'POST /v1/connected-accounts/{id}/seal': 'operator',
  'GET /v1/connected-accounts/{id}/explain': 'auditor',
  'GET /v1/connected-accounts/{id}/wait': 'any',
  'GET /v1/connected-accounts/{id}/audit/verify': 'auditor',

  'POST /v1/connected-accounts/{id}/connect-link': 'connect',
  'GET /v1/connect-sessions/{id}': 'any',
  'POST /v1/connect-sessions/{id}/confirm': 'connect',
  'POST /v1/connect-sessions/{id}/reject': 'connect',

  'POST /v1/webhook-endpoints': 'operator',
  'GET /v1/webhook-endpoints': 'auditor',
  'GET /v1/webhook-endpoints/{id}': 'auditor',
  'PATCH /v1/webhook-endpoints/{id}': 'operator',
  'DELETE /v1/webhook-endpoints/{id}': 'operator',
  'POST /v1/webhook-endpoints/{id}/rotate-secret': 'operator',
  'POST /v1/webhook-endpoints/{id}/test': 'operator',
  'GET /v1/webhook-deliveries': 'auditor',
  'POST /v1/webhook-deliveries/{id}/redeliver': 'operator',
  'GET /v1/events': 'auditor',

  'GET /v1/audit-events': 'auditor',
  'POST /oauth/introspect': 'operator',
  'POST /oauth/revoke': 'operator',
  'GET /v1/signing-keys': 'auditor',
  'POST /v1/signing-keys': 'admin',

  'GET /v1/stats': 'auditor',
  'POST /v1/directory/rebuild': 'operator',
  'POST /v1/revocations': 'operator',
  'GET /v1/revocations/{id}': 'auditor',

  'GET /v1/approvals': 'auditor',
  'GET /v1/approvals/{id}': 'auditor',
  'GET /v1/approvals/{id}/wait': 'auditor',
  'POST /v1/approvals/{id}/approve': 'operator',
  'POST /v1/approvals/{id}/deny': 'operator',
};

/**
 * Routes that no operator's key opens, and their callers. `agent`: the token plane · `browser`: the connect flow ·
 * `provider`: its signed events · `open`: everyone. `…/wait`, one approval, introspection and revocation take agents too and stand above.
 */
export const OTHER_CALLERS: Readonly<Record<string, 'agent' | 'browser' | 'provider' | 'open'>> = {
  'GET /': 'open',
  'GET /healthz': 'open',
  'GET /readyz': 'open',
  'GET /openapi.json': 'open',
  'GET /docs': 'open',
  'GET /docs/style.css': 'open',
  'GET /docs/viewer.js': 'open',
  'GET /oauth/clients/{connection}.json': 'open',
  'GET /v1/agents/{agent_id}/credentials': 'agent',
  'GET /v1/agents/{agent_id}/credentials/{connection}': 'agent',
  'GET /v1/connected-accounts/{id}/token': 'agent',
  'GET /v1/connected-accounts/{id}/proxy/{path}': 'agent',
  'POST /v1/connected-accounts/{id}/proxy/{path}': 'agent',
  'PUT /v1/connected-accounts/{id}/proxy/{path}': 'agent',
  'PATCH /v1/connected-accounts/{id}/proxy/{path}': 'agent',
  'DELETE /v1/connected-accounts/{id}/proxy/{path}': 'agent',
  'GET /v1/agents/{agent_id}/proxy/{connection}/{path}': 'agent',
  'POST /v1/agents/{agent_id}/proxy/{connection}/{path}': 'agent',
  'PUT /v1/agents/{agent_id}/proxy/{connection}/{path}': 'agent',
  'PATCH /v1/agents/{agent_id}/proxy/{connection}/{path}': 'agent',
  'DELETE /v1/agents/{agent_id}/proxy/{connection}/{path}': 'agent',
  'GET /v1/tools': 'agent',
  'POST /v1/tools/{name}/execute': 'agent',
  'POST /mcp': 'agent',
  'GET /.well-known/oauth-protected-resource/mcp': 'open',
  'POST /oauth/token': 'agent',
  'GET /.well-known/oauth-authorization-server/oauth': 'open',
  'GET /.well-known/jwks.json': 'open',
  'GET /connect/{token}': 'browser',
  'POST /connect/{token}': 'browser',
  'GET /oauth/callback/{connection}': 'browser',
  'POST /oauth/callback/{connection}': 'browser',
  'GET /approve/{token}': 'browser',
  'POST /approve/{token}/approve': 'browser',
  'POST /approve/{token}/deny': 'browser',
};

/**
 * Fields of a body that take the role `admin` on a route that others use as well. A caller that may
 * not set a client secret may not change the address that the stored one is sent to either: that would reveal it.
 */
export const ADMIN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'POST /v1/connections': ['client_secret', 'private_key'],
  'PATCH /v1/connections/{id}': ['client_secret', 'private_key', 'provider', 'provider_config', 'variables'],
  'POST /v1/agents': ['key', 'policy', 'jwks', 'jwks_uri', 'oidc', 'certificate_thumbprint'],
  'PATCH /v1/agents/{id}': ['policy', 'jwks', 'jwks_uri', 'oidc', 'certificate_thumbprint'],
};

/**
 * The first field of `body` that `role` may not set on this route; null: none. A field that is absent, or in a new
 * thing null or false, sets nothing; in a change null removes, and takes the role as well.
 */
export function fieldBeyond(role: Role, route: string, body: unknown): string | null {
  if (role === 'admin' || typeof body !== 'object' || body === null) return null;
  const given = new Map(Object.entries(body));
  const isChange = route.startsWith('PATCH ');
  const sets = (name: string) => {
    const value = given.get(name);
    return isChange ? value !== undefined : value !== undefined && value !== null && value !== false;
  };
  return ADMIN_FIELDS[route]?.find(sets) ?? null;
}
