/**
 * Whether this deployment can do its work, check by check, in words that say what to do. Reads only, and says nothing of
 * what is stored: the answer needs no credential.
 */

import type { Config } from '#env.ts';
import type { Check } from '#contract/about/health.ts';
import { within } from '#lib/clock.ts';
import { isNewerMajor } from '#lib/table-schema.ts';
import { MIGRATE_HINT } from './ask.ts';
import { checkVault } from './keys/key-check.ts';
import { SCHEMA_VERSION, schemaVersion } from './migrate.ts';
import { missingKeys, type MissingKey } from './keys/needed-keys.ts';

const NEEDED_BY: Record<MissingKey['by'], string> = {
  data_key: 'secrets in the directory were encrypted with it',
  account: 'accounts were encrypted with it',
  agent: 'agents were encrypted with it',
  revocation: 'receipts of revocations are authenticated with it',
  unheard: 'accounts or agents that were not used since may need it',
};

/** A probe that waits longer is itself a problem. */
const PATIENCE_MS = 3_000;

const good = (detail: string): Check => ({ ok: true, detail });
const bad = (detail: string): Check => ({ ok: false, detail });

function directoryCheck(version: number | null): Check {
  return version === null ? bad('the directory (D1, binding DB) does not answer') : good('answers');
}

function schemaCheck(version: number | null): Check {
  if (version === null) return bad('not known while the directory does not answer');
  if (version === 0) return bad(MIGRATE_HINT);
  if (isNewerMajor(version, SCHEMA_VERSION)) {
    return bad(`version ${version} was made by a newer version of the broker: deploy that version`);
  }
  if (version < SCHEMA_VERSION) {
    return bad(
      `version ${version} of ${SCHEMA_VERSION}: run \`npx wrangler d1 migrations apply DB --remote\``,
    );
  }
  return good(`version ${version}`);
}

async function keyCheck(config: Config): Promise<Check> {
  const vault = await within(PATIENCE_MS, checkVault(config), null);
  if (vault === null) return bad('not compared: the directory does not answer');
  if (!vault.ok) return bad(vault.error.detail);
  const missing = await within(PATIENCE_MS, missingKeys(config.directory, vault.value), null);
  // A directory of an older schema has no word of keys; what is wrong with it stands beside this.
  if (missing === null || missing.length === 0)
    return good('the ring opens and is the one that this data was encrypted with');
  const told = missing.map(({ kid, by }) => `"${kid}" (${NEEDED_BY[by]})`).join(', ');
  return bad(`MASTER_KEYS does not hold ${told}: put back what is missing`);
}

function loopbackCheck(config: Config): Check {
  return good(config.allowLoopback ? 'warning: ALLOW_LOOPBACK is on; it is for development only' : 'off');
}

function linksCheck(config: Config): Check {
  return good(
    config.allowUnverifiedLinks
      ? 'warning: ALLOW_UNVERIFIED_LINKS is on; whoever finishes a connect flow may be another user than the one it was made for'
      : 'off',
  );
}

function certificatesCheck({ clientCertHeader }: Config): Check {
  return good(
    clientCertHeader === null
      ? 'verified by the edge alone'
      : `warning: a client certificate is taken from the header ${clientCertHeader}: whoever reaches the broker past the proxy that overwrites it can be any agent with one`,
  );
}

function baseUrlCheck(config: Config, requestHost: string): Check {
  const { baseUrl, baseUrlProblem } = config;
  if (baseUrlProblem !== null) return bad(baseUrlProblem);
  if (baseUrl === null)
    return good('warning: BASE_URL is not set; redirect URIs follow the host of each request');
  return good(
    new URL(baseUrl).host === requestHost
      ? 'is the host of this request'
      : 'warning: this request came by another host than BASE_URL names',
  );
}

/** All checks by name. @param requestHost host of the request's URL, with its port */
export async function readiness(config: Config, requestHost: string): Promise<Record<string, Check>> {
  const [version, masterKeys] = await Promise.all([
    within(PATIENCE_MS, schemaVersion(config.directory), null),
    keyCheck(config),
  ]);
  return {
    master_keys: masterKeys,
    directory: directoryCheck(version),
    schema: schemaCheck(version),
    admin_key:
      config.adminKeyProblem === null
        ? good('is set')
        : bad(`${config.adminKeyProblem}: nobody is an operator`),
    loopback: loopbackCheck(config),
    unverified_links: linksCheck(config),
    base_url: baseUrlCheck(config, requestHost),
    client_certificates: certificatesCheck(config),
  };
}
