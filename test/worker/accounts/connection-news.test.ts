/** Each incident of a connection is told once, whatever dies between the directory and the outbox that tells it. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionWatch } from '#accounts/refreshing/provider/connection-watch.ts';
import { wakeHolders } from '#accounts/clock/sweep.ts';
import { patientDirectory, typesLogged, wrongClient } from './connection-world.ts';
import { config, context, evict, expired, release, right, rows, stub, type Connected } from './world.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

beforeEach(patientDirectory);
afterEach(() => {
  vi.restoreAllMocks();
});

describe('an incident that is told while something dies', () => {
  /** The account that has told the connection's last news, and left it lying. */
  async function stranded(): Promise<{ connection: string; holder: Connected }> {
    const connection = await wrongClient();
    const holder = await expired({ connection });
    const took = vi.spyOn(ConnectionWatch.prototype, 'takeNews').mockImplementation(async () => {
      throw new Error('the object died');
    });
    await release(holder.id);
    await expect.poll(() => took.mock.calls.length, { timeout: PATIENCE_MS }).toBeGreaterThan(0);
    took.mockRestore();
    await evict(holder.id);
    expect(await rows(holder.id, `SELECT id FROM event WHERE type LIKE 'connection.%'`)).toEqual([]);
    return { connection, holder };
  }

  const waiting = async (connection: string) =>
    (
      await config.directory
        .prepare('SELECT * FROM connection_news WHERE connection = ?')
        .bind(connection)
        .all()
    ).results;

  it('comes from the account that found it, when the sweep asks for what was left lying', async () => {
    const { connection } = await stranded();
    expect(await waiting(connection)).toHaveLength(1);
    expect(await wakeHolders(config, Date.now() + 31_000)).toBeGreaterThanOrEqual(1);
    await expect
      .poll(() => typesLogged(connection), { timeout: PATIENCE_MS })
      .toEqual(['connection.misconfigured']);
    expect(await waiting(connection)).toEqual([]);
  });

  it('comes when another account of the connection looks', async () => {
    const { connection } = await stranded();
    const other = await expired({ connection });
    await config.directory
      .prepare('UPDATE connection_news SET at_ms = at_ms - 31000 WHERE connection = ?')
      .bind(connection)
      .run();
    await release(other.id);
    await expect
      .poll(() => typesLogged(connection), { timeout: PATIENCE_MS })
      .toEqual(['connection.misconfigured']);
    await expect.poll(() => waiting(connection)).toEqual([]);
  });

  it('is not told twice where the directory did not hear that it was taken', async () => {
    const { connection, holder } = await stranded();
    const [row] = await waiting(connection);
    await stub(holder.id).takeNews({});
    const names = Object.keys(row ?? {});
    await config.directory
      .prepare(
        `INSERT INTO connection_news (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      )
      .bind(...Object.values(row ?? {}))
      .run();
    await stub(holder.id).takeNews({});
    expect(await rows(holder.id, `SELECT id FROM event WHERE type LIKE 'connection.%'`)).toEqual([
      { id: row?.['id'] },
    ]);
    expect(await waiting(connection)).toEqual([]);
  });

  it('is taken by an account that was deleted meanwhile', async () => {
    const { connection, holder } = await stranded();
    right(await stub(holder.id).remove({ organization: null, context }));
    await stub(holder.id).takeNews({});
    await expect
      .poll(() => typesLogged(connection), { timeout: PATIENCE_MS })
      .toEqual(['connection.misconfigured']);
  });
});
