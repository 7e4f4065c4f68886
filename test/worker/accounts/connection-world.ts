/** What the tests of connection health share: many accounts of one connection, and what was told of it. */

import { vi } from 'vitest';
import { DIRECTORY_LIMIT_MS } from '#accounts/refreshing/provider/connection-watch.ts';
import { encryptText } from '#crypto/envelope.ts';
import { clientSecretPlace } from '#crypto/places.ts';
import { connectionToSql } from '#directory/connections/connection-row.ts';
import { findConnection } from '#directory/connections/connections.ts';
import { connectionKey } from '#directory/keys/data-key.ts';
import { PATIENCE_MS } from '../../support/patience.ts';
import { calls, config, expired, fresh, http, must, provider, release, type Connected } from './world.ts';

export const STATIC = { refresh_token: 'static' };

/**
 * An account calls its provider although the directory has not answered for 300 ms, which a busy machine may take: where
 * a test counts the calls, it waits until the answer is there. Ends with `vi.restoreAllMocks`.
 */
export function patientDirectory(): void {
  const { setTimeout: real } = globalThis;
  const patient = (run: () => void, ms?: number) => real(run, ms === DIRECTORY_LIMIT_MS ? PATIENCE_MS : ms);
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(patient as typeof setTimeout);
}

/** A connection whose client secret is wrong. */
export async function wrongClient(): Promise<string> {
  const id = fresh('conn');
  await must(
    http('POST', '/v1/connections', {
      id,
      provider: 'custom',
      client_id: provider.clientId,
      client_secret: 'not-the-secret',
      provider_config: { issuer: provider.issuer, ...STATIC },
    }),
    201,
  );
  return id;
}

/** What `PATCH` with another client secret leaves in the directory. */
export async function replaceSecret(id: string, secret: string): Promise<void> {
  const key = await connectionKey(config);
  const view = await findConnection(config.directory, id);
  if (view === null) throw new Error('expected a connection');
  const clientSecrets = [await encryptText(key, clientSecretPlace(id, 0), secret)];
  const { version } = view.connection;
  const row = connectionToSql(key.mac, { ...view.connection, clientSecrets, version: version + 1 });
  const columns = ['client_secrets', 'version', 'mac'];
  const update = `UPDATE connection SET ${columns.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`;
  await config.directory
    .prepare(update)
    .bind(...columns.map((name) => row[name]), id)
    .run();
}

export const many = (count: number, options: Parameters<typeof expired>[0]): Promise<Connected[]> =>
  Promise.all(Array.from({ length: count }, () => expired(options)));

/** Five at a time: what is asked here is who calls, not how much the machine bears. */
export async function releaseAll(
  accounts: readonly Connected[],
): Promise<Awaited<ReturnType<typeof release>>[]> {
  const outcomes = [];
  for (let n = 0; n < accounts.length; n += 5)
    outcomes.push(...(await Promise.all(accounts.slice(n, n + 5).map(({ id }) => release(id)))));
  return outcomes;
}

export const connectionOf = (id: string) => must(http('GET', `/v1/connections/${id}`), 200);

export interface LoggedEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The connection's own events in the directory's log, and how many of its accounts' are of another kind. */
export async function logged(connection: string): Promise<{ own: LoggedEvent[]; users: string[] }> {
  const found = await config.directory
    .prepare('SELECT id, type, body FROM event ORDER BY n')
    .all<{ id: string; type: string; body: string }>();
  const events = found.results
    .map(({ id, type, body }) => ({ id, type, data: JSON.parse(body).data }))
    .filter(({ data }) => data.connection === connection);
  return {
    own: events.filter(({ type }) => type.startsWith('connection.')),
    users: events
      .filter(({ type }) => !type.startsWith('connection.') && type !== 'agent.auth.succeeded')
      .map(({ type }) => type),
  };
}

export const typesLogged = async (connection: string) =>
  (await logged(connection)).own.map(({ type }) => type);

export async function callsOf(accounts: readonly Connected[]): Promise<number> {
  const made = await Promise.all(accounts.map(({ grant }) => calls(grant.grantId)));
  return made.reduce((sum, list) => sum + list.length, 0);
}
