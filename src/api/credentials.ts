/** What both import routes share: the vault's and the connection's readiness, and wire fields into the room's. */

import type { Context } from 'hono';
import type { CredentialFields } from '#accounts/life/import/fields.ts';
import type { ImportMode } from '#accounts/life/import/judge.ts';
import type { Code } from '#contract/codes.ts';
import type { PutCredential } from '#contract/accounts/connected-accounts.ts';
import { isMachineType } from '#contract/machine/kinds.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import { assertVault } from '#directory/keys/key-check.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import { credentialFieldsOf } from '#providers/descriptor.ts';
import { resolveScopes } from '#providers/scopes/scopes.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import type { AppEnv } from './context.ts';
import { machineCredential } from './machine/credentials.ts';
import { checkDeclared, checkParts, staticCredential, type Bringer } from './machine/static.ts';

/** Why a credential may not be taken, beside what every route has. */
export const IMPORT_CODES = [
  'conflict',
  'credential_refused',
  'provider_error',
  'provider_unavailable',
  'misconfigured_connection',
] as const satisfies readonly Code[];

/** Before anything is written: the ring opens and is the one that the directory knows. @throws ProblemError 503 */
export async function requireVault(c: Context<AppEnv>): Promise<void> {
  const ring = await assertVault(c.get('config'));
  if (!ring.ok) throw new ProblemError(ring.error.code, { detail: ring.error.detail, retryAfterS: 30 });
}

/**
 * The settings of a connection that the request names, as accounts of this organization (empty for none) have them.
 * @throws ProblemError 400 at `connection`; 503, 409
 */
export async function requireSettings(
  c: Context<AppEnv>,
  connection: string,
  organization: string,
): Promise<ConnectionSettings> {
  const settings = await connectionSettings(c.get('config'), connection, organization);
  if (settings === null) throw invalid('connection', 'there is no such connection');
  return settings;
}

/** Whether what is brought is proven first; `verify: false` says that it need not be. */
export function importMode(body: PutCredential): ImportMode {
  return body.verify === false ? 'trust' : 'prove';
}

/** The imported credential in the room's words. @throws ProblemError 400 when its type is not the connection's. */
export async function credentialFields(
  body: PutCredential,
  settings: ConnectionSettings,
  bringer: Bringer,
): Promise<CredentialFields> {
  if (settings.descriptor.no_credential === true)
    throw invalid('type', 'this connection takes no credential: its accounts are active when created');
  if (body.type !== settings.authType) throw invalid('type', `this connection takes ${settings.authType}`);
  if (isMachineBody(body)) return { type: body.type, machine: await machineCredential(body, settings) };
  if (body.type !== 'oauth2') return staticCredential(body, settings, bringer);
  if (body.subject_token != null) requireExchange(body, settings);
  return {
    type: 'oauth2',
    subjectToken: body.subject_token ?? null,
    refreshToken: body.refresh_token ?? null,
    accessToken: body.access_token ?? null,
    expiresInS: body.expires_in ?? null,
    scopes: body.scope ? resolveScopes(scopeFactsOf(settings), [body.scope]) : null,
  };
}

/** The operator of a request as one who brings a credential. */
export function bringerOf(c: Context<AppEnv>): Bringer {
  return { config: c.get('config'), organization: c.get('operator').organization };
}

/** @throws ProblemError 400 where this provider exchanges no token, or the body brings another besides */
function requireExchange(
  body: Extract<PutCredential, { type: 'oauth2' }>,
  { descriptor }: ConnectionSettings,
): void {
  if (descriptor.token_exchange_params === undefined)
    throw invalid('subject_token', 'is exchanged by no fact of this provider (`token_exchange_params`)');
  if (body.refresh_token != null || body.access_token != null)
    throw invalid('subject_token', 'comes alone: it is exchanged for the other two');
}

type MachineBody = Parameters<typeof machineCredential>[0];

function isMachineBody(body: PutCredential): body is MachineBody {
  return isMachineType(body.type);
}

/** The same before a connection is made for the credential: a refusal makes nothing. @throws ProblemError 400 */
export async function requireParts(
  c: Context<AppEnv>,
  connection: string,
  body: PutCredential,
): Promise<void> {
  if (!isMachineBody(body) && body.type !== 'oauth2') await checkDeclared(body, bringerOf(c));
  if (body.type !== 'basic' || (body.username !== undefined && body.password !== undefined)) return;
  if ((await connectionSettings(c.get('config'), connection, '')) !== null) return;
  const entry = findDescriptor(connection);
  checkParts(
    body,
    entry === undefined ? [{ name: 'username' }, { name: 'password' }] : credentialFieldsOf(entry),
  );
}
