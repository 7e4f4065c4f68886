/**
 * From the body of `PATCH /v1/connections/{id}` and the stored row to what is stored next: the merged whole is judged
 * as a new connection would be. Nothing is stored here.
 */

import { CreateConnection, type PatchConnection } from '#contract/connections/connections.ts';
import { invalid } from '#contract/problem.ts';
import type { ConnectionChange } from '#directory/connections/connection-changes.ts';
import type { ConnectionRow } from '#directory/connections/connection-row.ts';
import { mergePatch } from '#lib/merge-patch.ts';
import { MCP } from '#providers/mcp.ts';
import { checked } from '../http/input.ts';
import { draftConnection, type ConnectionRules, type Resolved } from './new-connection.ts';

/** The row as the body that would make it; secrets never come out, so there is none in it. */
function bodyOfRow(row: ConnectionRow): Record<string, unknown> {
  return {
    id: row.id,
    provider: row.provider,
    client_id: row.clientId,
    scopes: row.scopes,
    variables: row.variables,
    provider_config: row.providerConfig,
    rotation: row.rotation,
    verification: row.verification,
    return_urls: row.returnUrls,
    token_access: row.tokenAccess,
    max_refreshes_per_second: row.maxRefreshesPerSecond,
    access_token_ttl_s: row.accessTokenTtlS,
    location: row.location,
    pin_tools: row.pinTools,
  };
}

/**
 * A custom provider is read anew only where the change is about it: closing a connection must not wait for an issuer
 * that does not answer. A catalogue entry costs no call, and may know better by now.
 */
function stillResolved(row: ConnectionRow, patch: PatchConnection): Resolved | null {
  const { provider_config: config, variables, client_id: clientId } = patch;
  const isTouched = config !== undefined || variables !== undefined || clientId !== undefined;
  const isRead = row.provider === 'custom' || row.provider === MCP;
  return isRead && !isTouched ? row : null;
}

/** @throws ProblemError as for a new connection; 400 at `provider_config.auth_type` for another kind of credential */
export async function changedConnection(
  row: ConnectionRow,
  patch: PatchConnection,
  rules: ConnectionRules,
): Promise<ConnectionChange> {
  const body = checked(CreateConnection, mergePatch(bodyOfRow(row), patch));
  const known = stillResolved(row, patch);
  const kept = patch.client_id === undefined && row.clientId !== null ? row : null;
  const drafted = await draftConnection(body, rules, known && { ...pick(known) }, kept);
  const { clientSecrets, id: _, ...draft } = drafted;
  if (draft.authType !== row.authType) {
    throw invalid('provider_config.auth_type', 'cannot be changed: make another connection');
  }
  // Another client of an MCP server's has another secret, or none.
  const isOther = row.provider === MCP && draft.clientId !== row.clientId;
  const isKept = patch.client_secret === undefined && patch.private_key === undefined && !isOther;
  return { ...draft, clientSecrets: isKept ? null : (clientSecrets ?? []) };
}

function pick({ providerConfig, descriptor, warnings }: Resolved): Resolved {
  return { providerConfig, descriptor, warnings };
}
