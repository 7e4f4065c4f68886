/**
 * From the body of `PUT …/credential` to what an account stores of a credential that nobody renews: its fields or the
 * secret that they lie in, the scopes and the end that its operator declares. What could never work is refused here.
 */

import { SOURCE_FIELD, withSecret } from '#providers/injection/source.ts';
import type { CredentialFields } from '#accounts/life/import/fields.ts';
import type { PutCredential } from '#contract/accounts/connected-accounts.ts';
import type { SignedType } from '#contract/machine/kinds.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import type { Config } from '#env.ts';
import { systemNow, timeOf } from '#lib/clock.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { credentialFieldsOf } from '#providers/descriptor.ts';
import { resolveScopes } from '#providers/scopes/scopes.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { awsRegionsOf } from '#providers/signing/aws.ts';

type Body = Extract<PutCredential, { type: 'api_key' | 'basic' | 'custom' | SignedType }>;
type Static = Extract<CredentialFields, { readonly fields: unknown }>;

/** The operator of the request. */
export interface Bringer {
  readonly config: Pick<Config, 'secretAt'>;
  /** Null: an operator of the whole deployment. */
  readonly organization: string | null;
}

/** @throws ProblemError 400 at the field that cannot be used; 403 for a source that this operator may not name */
export async function staticCredential(
  body: Body,
  settings: ConnectionSettings,
  bringer: Bringer,
): Promise<Static> {
  await checkDeclared(body, bringer);
  const fields = ownFields(body, settings);
  const source = 'source' in body ? body.source : undefined;
  return {
    type: body.type,
    fields: source === undefined ? fields : { ...fields, [SOURCE_FIELD]: source },
    scopes: body.scope ? resolveScopes(scopeFactsOf(settings), [body.scope]) : null,
    endsAtMs: endOf(body.expires_at),
  };
}

/**
 * Checks the end and the source that a credential names, before any row is made for it.
 * @throws ProblemError 400 at `expires_at` or `source`; 403 for a source that this operator may not name
 */
export async function checkDeclared(body: Body, bringer: Bringer): Promise<void> {
  endOf(body.expires_at);
  const source = 'source' in body ? body.source : undefined;
  if (source !== undefined) await checkSource(body.type, source, bringer);
}

function ownFields(body: Body, settings: ConnectionSettings): Record<string, string> {
  switch (body.type) {
    case 'api_key':
      return body.api_key === undefined ? {} : { api_key: body.api_key };
    case 'basic':
      checkParts(body, credentialFieldsOf(settings.descriptor));
      return { username: body.username ?? '', password: body.password ?? '' };
    case 'custom':
      return body.fields ?? {};
    case 'oauth1':
      return { token: body.token, token_secret: body.token_secret };
    case 'aws':
      checkRegion(body.region, settings);
      return {
        access_key_id: body.access_key_id,
        secret_access_key: body.secret_access_key,
        ...(body.session_token == null ? {} : { session_token: body.session_token }),
        region: body.region,
      };
  }
}

/** @throws ProblemError 400 at the part of a user name and a password that is missing */
export function checkParts(
  body: Extract<PutCredential, { type: 'basic' }>,
  needed: readonly { readonly name: string }[],
): void {
  for (const name of ['username', 'password'] as const) {
    const isElsewhere = name === 'password' && body.source !== undefined;
    if (body[name] === undefined && !isElsewhere && needed.some((part) => part.name === name))
      throw invalid(name, 'is required');
  }
}

/** A signature for another region is refused by every call. */
function checkRegion(region: string, { descriptor }: ConnectionSettings): void {
  const regions = awsRegionsOf(descriptor);
  if (regions !== null && !regions.includes(region))
    throw invalid('region', `is not one of this API's: ${regions.join(', ')}`);
}

/** Ten years: what lives longer has no end that anybody knows. */
const LONGEST_MS = 10 * 366 * 86_400_000;

function endOf(text: string | null | undefined): number | null {
  if (text == null) return null;
  const endsAtMs = timeOf(text);
  if (endsAtMs === null) throw invalid('expires_at', 'must be a time, such as 2027-03-01T00:00:00Z');
  const leftMs = endsAtMs - systemNow();
  if (leftMs <= 0) throw invalid('expires_at', 'lies in the past: this credential serves nobody any more');
  if (leftMs > LONGEST_MS) throw invalid('expires_at', 'must lie within ten years');
  return endsAtMs;
}

/** A secret of the deployment is the platform's: an organization's operator would read it through an account. */
async function checkSource(
  type: Body['type'],
  source: string,
  { config, organization }: Bringer,
): Promise<void> {
  if (organization !== null)
    throw new ProblemError('forbidden', {
      detail: 'source: secrets of the deployment are named by operators of the whole deployment alone',
    });
  const text = await config.secretAt(source);
  if (text === null)
    throw invalid('source', 'names no secret of this deployment: set it first, then bring the credential');
  if (withSecret(type, {}, text) === null)
    throw invalid(
      'source',
      type === 'custom'
        ? 'names a secret that is not a JSON object of texts, as a custom credential needs it'
        : 'names a secret that holds no credential: it is empty, too long or has control characters',
    );
}
