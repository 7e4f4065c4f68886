/**
 * Finds out who has signed in, from a token answer: the id_token that came along, and the provider's userinfo where the
 * facts read from it. A provider that does not say leaves nobody. An id_token that cannot be checked counts as not sent:
 * it stops a connect only where the subject has to come from it.
 *
 * A userinfo request that a callback value shapes (a realm in its URL) was shaped by the browser: its answer may name the
 * account on a page, and proves nobody.
 *
 * Sources: OpenID Connect Core 1.0 section 5.3.
 */

import { parseBody } from '#providers/body.ts';
import { applyVariables } from '#providers/custom.ts';
import { placeholdersIn, type Descriptor } from '#providers/descriptor.ts';
import { credentialHeaders } from '#providers/headers.ts';
import { hasUserinfo, identityOf, needs, type ProviderIdentity } from '#providers/identity.ts';
import { guardedFetch } from './guarded-fetch.ts';
import type { GuardOptions } from './guard.ts';
import { checkIdToken, type IdTokenProblem } from './id-token.ts';

const LIMITS = { timeoutMs: 5_000, maxBytes: 64 * 1024 };

export interface IdentityQuestion {
  readonly descriptor: Descriptor;
  readonly clientId: string;
  readonly accessToken: string;
  /** The parsed token answer; null where there is none (an imported token). */
  readonly tokenResponse: unknown;
  /** What requests of the account are filled with, from whomever it came. */
  readonly captured: Readonly<Record<string, string>>;
  /** The part of `captured` that the provider itself answered. */
  readonly answered: Readonly<Record<string, string>>;
  /** Null where none was sent. */
  readonly nonce: string | null;
  readonly nowMs: number;
  readonly guard: GuardOptions;
}

export type IdentityAnswer =
  | {
      readonly ok: true;
      readonly identity: ProviderIdentity;
      /** The provider was asked and did not answer. */ readonly unsure: boolean;
      /** Why the id_token that came along was not read; null: it was, or there was none. */
      readonly ignoredIdToken: IdTokenProblem | 'contradicts_userinfo' | null;
    }
  | { readonly ok: false; readonly problem: 'id_token_invalid' | 'keys_unavailable' };

/** Never throws. */
export async function askIdentity(question: IdentityQuestion): Promise<IdentityAnswer> {
  const { descriptor, tokenResponse } = question;
  const isNeeded = needs(descriptor.subject_source, 'id_token');
  const idToken = idTokenIn(tokenResponse);
  const checked = idToken === null ? null : await checkIdToken(idToken, question);
  const claims = checked?.ok === true ? checked.claims : null;
  const wanted = hasUserinfo(descriptor);
  const told = wanted ? await fetchUserinfo(question) : null;
  // One answer may not speak of two users (OpenID Connect Core, 5.3.2).
  const said = (told?.answer as { sub?: unknown } | null | undefined)?.sub;
  const isContradicted = claims !== null && typeof said === 'string' && said !== claims.sub;
  if (isContradicted && isNeeded) return { ok: false, problem: 'id_token_invalid' };
  const identity = identityOf(descriptor, {
    idToken: isContradicted ? null : claims,
    userinfo: told?.proves === true ? told.answer : null,
    shownUserinfo: told?.answer ?? null,
    tokenResponse,
  });
  const problem = checked?.ok === false ? checked.problem : isContradicted ? 'contradicts_userinfo' : null;
  if (problem !== null && isNeeded && identity.subject === null)
    return { ok: false, problem: problem === 'keys_unavailable' ? problem : 'id_token_invalid' };
  return { ok: true, identity, unsure: wanted && told === null, ignoredIdToken: problem };
}

function idTokenIn(tokenResponse: unknown): string | null {
  const value: unknown =
    typeof tokenResponse === 'object' && tokenResponse !== null && Object.hasOwn(tokenResponse, 'id_token')
      ? (tokenResponse as { id_token?: unknown }).id_token
      : null;
  return typeof value === 'string' && value !== '' ? value : null;
}

interface Asked {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The userinfo request as these values make it; null where they do not complete it. */
function userinfoRequest(
  { descriptor, accessToken }: IdentityQuestion,
  values: Readonly<Record<string, string>>,
): Asked | null {
  const applied = applyVariables(descriptor, values);
  const url = applied.ok ? applied.descriptor.userinfo_url : null;
  if (url === null || placeholdersIn(url).length > 0) return null;
  const template = descriptor.token_header ?? 'Authorization: Bearer {access_token}';
  const headers = credentialHeaders(template, { ...values, access_token: accessToken });
  return headers === null ? null : { url, headers };
}

/** The provider's answer, and whether it is the provider's word alone whose token this is; null: no answer. */
async function fetchUserinfo(
  question: IdentityQuestion,
): Promise<{ answer: unknown; proves: boolean } | null> {
  const asked = userinfoRequest(question, question.captured);
  if (asked === null) return null;
  const unshaped = userinfoRequest(question, question.answered);
  const answer = await guardedFetch(
    {
      url: asked.url,
      method: 'GET',
      headers: { accept: 'application/json', 'user-agent': 'valetkey', ...asked.headers },
      body: null,
    },
    LIMITS,
    question.guard,
  );
  if (answer.kind === 'failure' || answer.status !== 200 || answer.truncated) return null;
  const parsed = parseBody(answer.body, answer.headers['content-type'] ?? null);
  if (parsed.kind !== 'json') return null;
  return { answer: parsed.value, proves: JSON.stringify(unshaped) === JSON.stringify(asked) };
}

/**
 * Of stored values, those that the provider answered: nothing says any more where a value came from, so a name that a
 * callback may bring counts as the browser's.
 */
export function answeredOf(
  { capture_from_callback: names }: Descriptor,
  stored: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(stored).filter(([name]) => !names.includes(name)));
}
