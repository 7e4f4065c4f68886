/**
 * Finds out who has signed in, from a token answer: the id_token that came along, and the provider's userinfo where the
 * facts read from it. A provider that does not say leaves nobody; an answer that contradicts itself is refused.
 *
 * Sources: OpenID Connect Core 1.0 section 5.3.
 */

import { parseBody } from '#providers/body.ts';
import { fillAccount, isUnknownFrom, variablesTold } from '#providers/account-variables.ts';
import { placeholdersIn, type Descriptor } from '#providers/descriptor.ts';
import { credentialHeaders } from '#providers/headers.ts';
import { hasUserinfo, identityOf, type ProviderIdentity } from '#providers/identity.ts';
import { guardedFetch } from './guarded-fetch.ts';
import type { GuardOptions } from './guard.ts';
import { checkIdToken } from './id-token.ts';

const LIMITS = { timeoutMs: 5_000, maxBytes: 64 * 1024 };

export interface IdentityQuestion {
  readonly descriptor: Descriptor;
  readonly clientId: string;
  readonly accessToken: string;
  /** The parsed token answer; null where there is none (an imported token). */
  readonly tokenResponse: unknown;
  /** Parameters that the browser brought. */
  readonly callback: Readonly<Record<string, string>>;
  readonly captured: Readonly<Record<string, string>>;
  /** Variables that an operator gave. */
  readonly given: Readonly<Record<string, string>>;
  /** Null where none was sent. */
  readonly nonce: string | null;
  readonly nowMs: number;
  readonly guard: GuardOptions;
}

export type IdentityAnswer =
  | {
      readonly ok: true;
      readonly identity: ProviderIdentity;
      /** The provider was asked and did not answer. */
      readonly unsure: boolean;
      /** What was captured before, and the account's variables that were told. */
      readonly captured: Readonly<Record<string, string>>;
    }
  | { readonly ok: false; readonly problem: 'id_token_invalid' | 'keys_unavailable' };

/** Never throws. */
export async function askIdentity(question: IdentityQuestion): Promise<IdentityAnswer> {
  const { descriptor, tokenResponse } = question;
  const idToken = idTokenIn(tokenResponse);
  const checked = idToken === null ? null : await checkIdToken(idToken, question);
  if (checked !== null && !checked.ok) return checked;
  const claims = checked?.claims ?? null;
  const said = { idToken: claims, tokenResponse, callback: question.callback };
  let captured = {
    ...question.captured,
    ...variablesTold(descriptor, { ...said, userinfo: null }),
  };
  // Userinfo may stand at an address that the lookup tells.
  if (descriptor.account_lookup_url !== null && isUnknownFrom(descriptor, 'account_lookup', captured)) {
    const accountLookup = await fetchJson(question, 'account_lookup_url', captured);
    captured = { ...captured, ...variablesTold(descriptor, { ...said, userinfo: null, accountLookup }) };
  }
  const wanted = hasUserinfo(descriptor) || isUnknownFrom(descriptor, 'userinfo', captured);
  const userinfo = wanted ? await fetchJson(question, 'userinfo_url', captured) : null;
  captured = { ...captured, ...variablesTold(descriptor, { ...said, userinfo }) };
  // One answer may not speak of two users (OpenID Connect Core, 5.3.2).
  const named = (userinfo as { sub?: unknown } | null)?.sub;
  if (claims !== null && typeof named === 'string' && named !== claims.sub)
    return { ok: false, problem: 'id_token_invalid' };
  const identity = identityOf(descriptor, { ...said, userinfo });
  return { ok: true, identity, unsure: wanted && userinfo === null, captured };
}

function idTokenIn(tokenResponse: unknown): string | null {
  const value: unknown =
    typeof tokenResponse === 'object' && tokenResponse !== null && Object.hasOwn(tokenResponse, 'id_token')
      ? (tokenResponse as { id_token?: unknown }).id_token
      : null;
  return typeof value === 'string' && value !== '' ? value : null;
}

/** What the provider answers there to who has this token, or null. */
async function fetchJson(
  question: IdentityQuestion,
  where: 'userinfo_url' | 'account_lookup_url',
  captured: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { descriptor, given, accessToken, guard } = question;
  const url = fillAccount(descriptor, { captured, given })[where];
  if (url === null || placeholdersIn(url).length > 0) return null;
  const template = descriptor.token_header ?? 'Authorization: Bearer {access_token}';
  const headers = credentialHeaders(template, { ...captured, access_token: accessToken });
  if (headers === null) return null;
  const answer = await guardedFetch(
    {
      url,
      method: 'GET',
      headers: { accept: 'application/json', 'user-agent': 'valetkey', ...headers },
      body: null,
    },
    LIMITS,
    guard,
  );
  if (answer.kind === 'failure' || answer.status !== 200 || answer.truncated) return null;
  const parsed = parseBody(answer.body, answer.headers['content-type'] ?? null);
  return parsed.kind === 'json' ? parsed.value : null;
}
