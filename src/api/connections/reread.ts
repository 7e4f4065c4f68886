/**
 * Reads again what MCP servers say of themselves, by the clock: endpoints move, and nobody tells. What changed under the
 * same issuer is taken over. Another issuer is not: refresh tokens would go to a server that has not made them, and the
 * client is not known there. It is said in the connection's `warnings`, and a PATCH takes it.
 */

import { changeConnection, type ConnectionChange } from '#directory/connections/connection-changes.ts';
import type { ConnectionRow } from '#directory/connections/connection-row.ts';
import { findConnection } from '#directory/connections/connections.ts';
import { agedMetadata, takeReading } from '#directory/connections/metadata-age.ts';
import { guardOptions } from '#egress/guard/guard.ts';
import { discoverServer, type DiscoveredServer } from '#egress/mcp/discover.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { Descriptor } from '#providers/descriptor.ts';
import { mcpDescriptor, parseMcpConfig } from '#providers/mcp.ts';

/** Of one run: each asks two servers at most, and the next run goes on. */
const AT_ONCE = 20;

const OTHER_SERVER =
  'provider_config.url: the server names another authorization server by now: PATCH provider_config, and connect its accounts anew';
const NO_AUTHORIZATION = 'provider_config.url: the server asks for no authorization any more';
const WANTS_AUTHORIZATION =
  'provider_config.url: the server asks for authorization by now: make another connection';
const OURS: readonly string[] = [OTHER_SERVER, NO_AUTHORIZATION, WANTS_AUTHORIZATION];

/** Never throws; a server that does not answer is asked again a day later, or when an answer says so. */
export async function rereadServers(config: Config, nowMs: number = systemNow()): Promise<void> {
  try {
    for (const id of await agedMetadata(config.directory, nowMs, AT_ONCE)) await taken(config, id, nowMs);
  } catch (error) {
    log('warn', 'the metadata of MCP servers was not read', { error });
  }
}

/** A failure keeps no other server from its turn. */
async function taken(config: Config, id: string, nowMs: number): Promise<void> {
  try {
    if (await takeReading(config.directory, id, nowMs)) await reread(config, id);
  } catch (error) {
    log('warn', 'the metadata of an MCP server was not read', { connection: id, error });
  }
}

async function reread(config: Config, id: string): Promise<void> {
  const row = (await findConnection(config.directory, id))?.connection;
  const parsed = row === undefined ? null : parseMcpConfig(row.providerConfig);
  if (row === undefined || parsed?.ok !== true) return;
  const issuer = row.descriptor.server?.issuer ?? null;
  const found = await discoverServer(parsed.config, guardOptions(config), issuer);
  if (!found.ok) {
    log('info', 'an MCP server could not be asked again', { connection: id, reason: found.error.detail });
    return;
  }
  const told = changeOf(row, found.value);
  if (told === null) return;
  // Judged again on the row that is changed: another request may have been first.
  await changeConnection(
    config,
    id,
    async (now): Promise<ConnectionChange> => ({ ...settingsOf(now), ...changeOf(now, found.value) }),
    systemNow(),
  );
}

/** Null: nothing is to be changed. Pure. */
export function changeOf(
  row: Pick<ConnectionRow, 'descriptor' | 'warnings' | 'providerConfig'>,
  { authorization }: DiscoveredServer,
): Pick<ConnectionChange, 'descriptor' | 'warnings'> | null {
  const { descriptor, warnings } = row;
  const others = warnings.filter((text) => !OURS.includes(text));
  const warned = (text: string | null): Pick<ConnectionChange, 'descriptor' | 'warnings'> | null => {
    const next = text === null ? others : [...others, text];
    return JSON.stringify(next) === JSON.stringify(warnings) ? null : { descriptor, warnings: next };
  };
  const isOpen = descriptor.no_credential === true;
  if (authorization === null) return warned(isOpen ? null : NO_AUTHORIZATION);
  if (isOpen) return warned(WANTS_AUTHORIZATION);
  if (authorization.metadata.issuer !== descriptor.server?.issuer) return warned(OTHER_SERVER);
  const parsed = parseMcpConfig(row.providerConfig);
  const made = parsed.ok
    ? mcpDescriptor(parsed.config, authorization, descriptor.token_endpoint_auth_method)
    : null;
  if (made?.ok !== true) return warned(null);
  return isSame(made.descriptor, descriptor)
    ? warned(null)
    : { descriptor: made.descriptor, warnings: others };
}

/** As they are stored: in the order of the schema. */
const isSame = (one: Descriptor, other: Descriptor): boolean =>
  JSON.stringify(Descriptor.parse(one)) === JSON.stringify(Descriptor.parse(other));

/** The settings of a row as a change has them; its secrets stay. */
function settingsOf(row: ConnectionRow): ConnectionChange {
  const { id: _, version: _version, health: _health, healthReason: _reason, ...kept } = row;
  const { healthSinceMs: _since, createdAtMs: _created, updatedAtMs: _updated, ...settings } = kept;
  return { ...settings, clientSecrets: null };
}
