/**
 * The table `data_key`: wrapped data keys that belong to no account and no agent. One for the client secrets of
 * connections, one for the secrets of webhook endpoints, one for the keys that sign the broker's own tokens, and one that
 * authenticates what the control plane keeps.
 */

import type { Config } from '#env.ts';
import { ProblemError } from '#contract/problem.ts';
import { createDataKey, openDataKey, type DataKey, type Owner } from '#crypto/envelope.ts';
import type { Keyring } from '#crypto/keyring.ts';
import { CONNECTIONS_OWNER, CONTROL_OWNER, SIGNING_OWNER, WEBHOOKS_OWNER } from '#crypto/places.ts';
import { ask } from '../ask.ts';
import { assertVault } from './key-check.ts';

const RETRY_AFTER_S = 5;

/** Where the vault and the directory are. */
export type VaultConfig = Pick<Config, 'directory' | 'masterKeys'>;

/** What a key is for. `purpose` is the key's name in its table, `table` where what it encrypts is kept. */
interface Use {
  readonly purpose: string;
  readonly owner: Owner;
  readonly table: string;
  readonly missing: string;
}

const CONNECTIONS: Use = {
  purpose: 'connection',
  owner: CONNECTIONS_OWNER,
  table: 'connection',
  missing: 'the data key of the connections is missing from the directory',
};

const WEBHOOKS: Use = {
  purpose: 'webhook',
  owner: WEBHOOKS_OWNER,
  table: 'webhook_endpoint',
  missing: 'the data key of the webhook endpoints is missing from the directory',
};

/** Admin keys are made together with a record, so where there is no head there is no row under this key. */
const CONTROL: Use = {
  purpose: 'control',
  owner: CONTROL_OWNER,
  table: 'organization_audit_head',
  missing: 'the data key of the control plane is missing from the directory',
};

const SIGNING: Use = {
  purpose: 'signing',
  owner: SIGNING_OWNER,
  table: 'signing_key',
  missing: 'the data key of the signing keys is missing from the directory',
};

/** The ring, known to be the right one. @throws ProblemError `vault_locked`, `unavailable` */
async function ringOfVault(config: VaultConfig): Promise<Keyring> {
  const ring = await assertVault(config);
  if (ring.ok) return ring.value;
  throw new ProblemError(ring.error.code, { detail: ring.error.detail, retryAfterS: RETRY_AFTER_S });
}

async function open(ring: Keyring, use: Use, wrapped: string): Promise<DataKey> {
  const key = await openDataKey(ring, use.owner, wrapped);
  if (key.ok) return key.value;
  throw new ProblemError(key.error.code, { detail: key.error.detail, retryAfterS: RETRY_AFTER_S });
}

async function openStored(config: VaultConfig, use: Use, wrapped: string | null): Promise<DataKey> {
  const ring = await ringOfVault(config);
  if (wrapped !== null) return open(ring, use, wrapped);
  throw new ProblemError('record_corrupt', { detail: use.missing });
}

function stored(db: D1Database, use: Use): Promise<string | null> {
  return ask(() =>
    db.prepare('SELECT wrapped FROM data_key WHERE purpose = ?').bind(use.purpose).first<string>('wrapped'),
  );
}

/**
 * Draws the key before the first row that needs it is made. Never beside rows that another key has encrypted, and of two
 * that draw at the same time one is kept.
 */
async function draw(db: D1Database, ring: Keyring, use: Use): Promise<void> {
  const { wrapped } = await createDataKey(ring, use.owner);
  const insert = `INSERT INTO data_key (purpose, wrapped) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM ${use.table})
    ON CONFLICT (purpose) DO NOTHING`;
  await ask(() => db.prepare(insert).bind(use.purpose, wrapped).run());
}

async function keyForWriting(config: VaultConfig, use: Use): Promise<DataKey> {
  const ring = await ringOfVault(config);
  const known = await stored(config.directory, use);
  if (known !== null) return open(ring, use, known);
  await draw(config.directory, ring, use);
  return openStored(config, use, await stored(config.directory, use));
}

/**
 * Opens the key of client secrets as it is stored; null where the row is gone, which no restart brings back.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`
 */
export function openConnectionKey(config: VaultConfig, wrapped: string | null): Promise<DataKey> {
  return openStored(config, CONNECTIONS, wrapped);
}

/**
 * Opens the key of client secrets for writing; the first use draws it.
 * @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt`
 */
export function connectionKey(config: VaultConfig): Promise<DataKey> {
  return keyForWriting(config, CONNECTIONS);
}

/**
 * Opens the key of webhook secrets for writing; the first use draws it.
 * @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt`
 */
export function webhookKey(config: VaultConfig): Promise<DataKey> {
  return keyForWriting(config, WEBHOOKS);
}

/** The same as it is stored, for reading what it authenticates. @throws ProblemError as `webhookKey` */
export function openWebhookKey(config: VaultConfig, wrapped: string | null): Promise<DataKey> {
  return openStored(config, WEBHOOKS, wrapped);
}

/**
 * The key under which admin keys, audit heads and idempotent requests are authenticated; the first use draws it.
 * @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt`
 */
export function controlKey(config: VaultConfig): Promise<DataKey> {
  return keyForWriting(config, CONTROL);
}

/** The same as it is stored, for reading what it authenticates. @throws ProblemError as `controlKey` */
export function openControlKey(config: VaultConfig, wrapped: string | null): Promise<DataKey> {
  return openStored(config, CONTROL, wrapped);
}

/**
 * Opens the key of signing keys for writing; the first use draws it.
 * @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt`
 */
export function signingDataKey(config: VaultConfig): Promise<DataKey> {
  return keyForWriting(config, SIGNING);
}
