/** An imported credential as a grant row: lifetimes by the facts, values encrypted for the drawn generation. */

import type { MachineType, SignedType } from '#contract/machine/kinds.ts';
import { clientOf } from '#providers/clients.ts';
import { sealableText, type MachineCredential } from '#providers/machine/credential.ts';
import { NOBODY_YET } from '#refresh/refused-token.ts';
import { accessLifetimeMs, jwtExpiryMs } from '#providers/reading/lifetime.ts';
import type { GrantField } from '#crypto/places.ts';
import { absoluteEndMs, idleEndMs } from '../../refreshing/plan.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../../rows.ts';

/** What `PUT …/credential` brings, checked by its schema. Scopes resolved through the connection's aliases. */
export type CredentialFields =
  | {
      readonly type: 'oauth2';
      readonly refreshToken: string | null;
      /** Somebody else's, to be exchanged for a grant. Left out: none. */
      readonly subjectToken?: string | null;
      readonly accessToken: string | null;
      /** Seconds; null: not told. */
      readonly expiresInS: number | null;
      /** Null: not told; then the connection's own scopes are taken to be granted. */
      readonly scopes: readonly string[] | null;
    }
  | {
      readonly type: 'api_key' | 'basic' | 'custom' | SignedType;
      readonly fields: Readonly<Record<string, string>>;
      /** What its provider lets it do, as the operator declares; null: not told, then the connection may say it. */
      readonly scopes?: readonly string[] | null;
      /** When it ends (epoch ms), as the operator declares; null or left out: never, or nobody knows. */
      readonly endsAtMs?: number | null;
    }
  | { readonly type: MachineType; readonly machine: MachineCredential };

/** The secret that renews the grant, as the row stores it; null: the import brought none. */
export function presentedOf(credential: CredentialFields): {
  readonly field: 'refresh_token' | 'machine_credential' | 'subject_token';
  readonly text: string;
} | null {
  if ('machine' in credential) return { field: 'machine_credential', text: sealableText(credential.machine) };
  if (credential.type === 'oauth2' && credential.subjectToken != null)
    return { field: 'subject_token', text: credential.subjectToken };
  if (credential.type !== 'oauth2' || credential.refreshToken === null) return null;
  return { field: 'refresh_token', text: credential.refreshToken };
}

export interface ImportInput {
  readonly grantId: number;
  readonly credential: CredentialFields;
  /** As they hold for this account, with the client that new grants are made with. */
  readonly settings: ConnectionSettings;
  readonly generation: number;
  readonly nowMs: number;
  readonly encrypt: (field: GrantField, text: string) => Promise<string>;
}

/** The id of the grant of an import that is not proved. */
export const IMPORTED_GRANT = 1;

/** Was it brought unproven and never renewed since? Then it may be of another client, or no grant at all. */
export function isUntried(
  { lastRefreshedAtMs }: Pick<AccountRow, 'lastRefreshedAtMs'>,
  { id, grantedAtMs }: Pick<GrantRow, 'id' | 'grantedAtMs'>,
): boolean {
  return id === IMPORTED_GRANT && (lastRefreshedAtMs === null || lastRefreshedAtMs < grantedAtMs);
}

export async function grantFromImport(input: ImportInput): Promise<GrantRow> {
  const { credential, grantId, generation, nowMs, encrypt } = input;
  const empty: GrantRow = {
    id: grantId,
    generation,
    accessToken: null,
    refreshToken: null,
    staticFields: null,
    hasAccessToken: false,
    hasRefreshToken: false,
    tokenType: 'Bearer',
    scopes: null,
    grantedAtMs: nowMs,
    accessExpiresAtMs: null,
    tokenAtMs: null,
    lifetimeMs: null,
    cycle: 0,
    refreshExpiresAtMs: null,
    refreshIdleExpiresAtMs: null,
    nextAttemptAtMs: null,
    lastAttemptStartedAtMs: null,
    doubtSinceMs: null,
    failures: 0,
    lastFailure: null,
    lastFailureCode: null,
    unknown: null,
    rejectHoldUntilMs: null,
    holders: NOBODY_YET,
    captured: null,
  };
  const client = clientOf(input.settings);
  if ('machine' in credential) {
    return {
      ...empty,
      client: credential.machine.client === null ? client : null,
      scopes: credential.machine.scopes,
      refreshToken: await encrypt('machine_credential', sealableText(credential.machine)),
      hasRefreshToken: true,
    };
  }
  if (credential.type !== 'oauth2') {
    return {
      ...empty,
      tokenType: '',
      scopes: credential.scopes ?? null,
      hasAccessToken: credential.endsAtMs != null,
      accessExpiresAtMs: credential.endsAtMs ?? null,
      staticFields: await encrypt('static_fields', JSON.stringify(credential.fields)),
    };
  }
  const { accessToken } = credential;
  const presented = presentedOf(credential);
  const refreshToken = presented?.text ?? null;
  const scopes = credential.scopes ?? (input.settings.scopes.length > 0 ? input.settings.scopes : null);
  const lifetimeMs =
    accessToken === null
      ? null
      : importedLifetimeMs(input, accessToken, credential.expiresInS, refreshToken !== null);
  return {
    ...empty,
    client,
    scopes,
    accessToken: accessToken === null ? null : await encrypt('access_token', accessToken),
    refreshToken: presented === null ? null : await encrypt(presented.field, presented.text),
    hasAccessToken: accessToken !== null,
    hasRefreshToken: refreshToken !== null,
    refreshExpiresAtMs: refreshToken === null ? null : absoluteEndMs(input.settings, nowMs, null),
    refreshIdleExpiresAtMs: refreshToken === null ? null : idleEndMs(input.settings, nowMs),
    accessExpiresAtMs: lifetimeMs === null ? null : nowMs + lifetimeMs,
    tokenAtMs: accessToken === null ? null : nowMs,
    lifetimeMs,
  };
}

/** Zero where the token has ended already: it is then renewed before an agent gets it. */
function importedLifetimeMs(
  input: ImportInput,
  accessToken: string,
  expiresInS: number | null,
  renewable: boolean,
): number | null {
  const expMs = jwtExpiryMs(accessToken);
  if (expiresInS === 0 || (expMs !== null && expMs <= input.nowMs)) return 0;
  return accessLifetimeMs(
    input.settings.descriptor,
    { accessToken, expiresIn: expiresInS, expiresAt: null, renewable },
    input.nowMs,
    input.settings.accessTokenTtlS,
  );
}
