/**
 * Finds out which user has signed in, from a token answer: the id_token that came along, and the provider's userinfo
 * where the facts read from it. A silent provider leaves the user unknown. An id_token that cannot be checked counts as
 * not sent: it stops a connect only where the subject has to come from it.
 *
 * A userinfo request that a callback value shapes (a realm in its URL) was shaped by the browser: its answer may name the
 * account on a page, and proves no user.
 *
 * Sources: OpenID Connect Core 1.0 section 5.3.
 */

import { isNothingWord } from '#contract/nothing-words.ts';
import { parseBody } from '#providers/answers/body.ts';
import { inRegion } from '#providers/variables/region.ts';
import { fillAccount, isUnknownFrom, variablesTold } from '#providers/variables/account-variables.ts';
import { placeholdersIn, type Descriptor } from '#providers/descriptor.ts';
import { credentialHeaders } from '#providers/requests/headers.ts';
import { hasUserinfo, identityOf, needs, type ProviderIdentity } from '#providers/identity.ts';
import { guardedFetch, type FetchOutcome } from '../guard/guarded-fetch.ts';
import type { GuardOptions } from '../guard/guard.ts';
import { checkIdToken, type IdTokenProblem } from './id-token.ts';

const LIMITS = { timeoutMs: 5_000, maxBytes: 64 * 1024 };

export interface IdentityQuestion {
  readonly descriptor: Descriptor;
  readonly clientId: string;
  readonly accessToken: string;
  /** The parsed token answer; null where there is none (an imported token). */
  readonly tokenResponse: unknown;
  /** Parameters that the browser brought: for the account's variables alone. */
  readonly callback: Readonly<Record<string, string>>;
  /** The values that requests of the account are filled with, of every source. */
  readonly captured: Values;
  /** The part of `captured` that the provider itself answered. */
  readonly answered: Values;
  /** Variables that an operator gave. */
  readonly given: Values;
  /** Null where none was sent. */
  readonly nonce: string | null;
  readonly nowMs: number;
  readonly guard: GuardOptions;
}

type Values = Readonly<Record<string, string>>;

export type IdentityAnswer =
  | {
      readonly ok: true;
      readonly identity: ProviderIdentity;
      /** The provider was asked and did not answer, or not everywhere. */
      readonly unsure: boolean;
      /** Userinfo was asked, and answered. */
      readonly userinfo: boolean;
      /** Values that were captured before, and the account's variables that were told. */
      readonly captured: Values;
      /** The part of it that only the browser says. */
      readonly ofBrowser: Values;
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
  const asked = await askProvider(question, claims);
  const { userinfo } = asked;
  // One answer may not speak of two users (OpenID Connect Core, 5.3.2).
  const said = (userinfo?.answer as { sub?: unknown } | null | undefined)?.sub;
  const isContradicted = claims !== null && typeof said === 'string' && said !== claims.sub;
  if (isContradicted && isNeeded) return { ok: false, problem: 'id_token_invalid' };
  const identity = identityOf(descriptor, {
    idToken: isContradicted ? null : claims,
    userinfo: userinfo?.proves === true ? userinfo.answer : null,
    shownUserinfo: userinfo?.answer ?? null,
    tokenResponse,
  });
  const problem = checked?.ok === false ? checked.problem : isContradicted ? 'contradicts_userinfo' : null;
  if (problem !== null && isNeeded && identity.subject === null)
    return { ok: false, problem: problem === 'keys_unavailable' ? problem : 'id_token_invalid' };
  const { unsure, known } = asked;
  const ofBrowser = Object.entries(known.all).filter(([name, value]) => known.own[name] !== value);
  return {
    ok: true,
    identity,
    unsure,
    userinfo: userinfo !== null,
    captured: known.all,
    ofBrowser: Object.fromEntries(ofBrowser),
    ignoredIdToken: problem,
  };
}

function idTokenIn(tokenResponse: unknown): string | null {
  const value: unknown =
    typeof tokenResponse === 'object' && tokenResponse !== null && Object.hasOwn(tokenResponse, 'id_token')
      ? (tokenResponse as { id_token?: unknown }).id_token
      : null;
  return typeof value === 'string' && !isNothingWord(value) ? value : null;
}

/** The account's values: those of every source, and those by the provider's own word. */
interface Known {
  readonly all: Values;
  readonly own: Values;
}

/** An answer, and whether it is the provider's word alone whose token this is. */
interface Told {
  readonly answer: unknown;
  readonly proves: boolean;
}

/** Asks what the facts read from the provider: the lookup first, because userinfo may stand at an address that it tells. */
async function askProvider(
  question: IdentityQuestion,
  idToken: unknown,
): Promise<{ userinfo: Told | null; known: Known; unsure: boolean }> {
  const { descriptor, tokenResponse, callback } = question;
  const said = { idToken, tokenResponse, userinfo: null };
  const learnt = (known: Known, where: 'userinfo' | 'accountLookup', told: Told | null): Known => ({
    all: { ...known.all, ...variablesTold(descriptor, { ...said, callback, [where]: told?.answer }) },
    own: {
      ...known.own,
      ...variablesTold(descriptor, {
        ...said,
        callback: {},
        [where]: told?.proves === true ? told.answer : null,
      }),
    },
  });
  let known = learnt({ all: question.captured, own: question.answered }, 'userinfo', null);
  let unanswered = false;
  if (descriptor.account_lookup_url !== null && isUnknownFrom(descriptor, 'account_lookup', known.all)) {
    const lookup = await fetchJson(question, 'account_lookup_url', known);
    unanswered = lookup === null;
    known = learnt(known, 'accountLookup', lookup);
  }
  const wanted = hasUserinfo(descriptor) || isUnknownFrom(descriptor, 'userinfo', known.all);
  const userinfo = wanted ? await fetchJson(question, 'userinfo_url', known) : null;
  return {
    userinfo,
    known: learnt(known, 'userinfo', userinfo),
    unsure: unanswered || (wanted && userinfo === null),
  };
}

type Where = 'userinfo_url' | 'account_lookup_url';

/** The request as these values make it; null where they do not complete it. */
function requestTo(
  { descriptor, given, accessToken }: Pick<IdentityQuestion, 'descriptor' | 'given' | 'accessToken'>,
  where: Where,
  captured: Values,
): { url: string; headers: Record<string, string> } | null {
  const url = fillAccount(descriptor, { captured, given })[where];
  if (url === null || placeholdersIn(url).length > 0) return null;
  const template = descriptor.token_header ?? 'Authorization: Bearer {access_token}';
  const headers = credentialHeaders(template, { ...captured, access_token: accessToken });
  return headers === null ? null : { url, headers };
}

function send(
  { url, headers }: { url: string; headers: Record<string, string> },
  guard: GuardOptions,
): Promise<FetchOutcome> {
  const request = {
    url,
    method: 'GET',
    headers: { accept: 'application/json', 'user-agent': 'valetkey', ...headers },
    body: null,
  } as const;
  return guardedFetch(request, LIMITS, guard);
}

/** What the userinfo endpoint answers to this token; null: there is none for it, or nothing that could be sent. */
export async function askUserinfo(
  question: Pick<IdentityQuestion, 'descriptor' | 'captured' | 'given' | 'accessToken' | 'guard'>,
): Promise<FetchOutcome | null> {
  const asked = requestTo(question, 'userinfo_url', question.captured);
  return asked === null ? null : send(asked, question.guard);
}

/** The provider's answer there to a request with this token; null: no answer. */
async function fetchJson(question: IdentityQuestion, where: Where, known: Known): Promise<Told | null> {
  const asked = requestTo(question, where, known.all);
  if (asked === null) return null;
  // Which of the provider's own regions it is asked in is no shape of the browser's: each host of them is a fact.
  const descriptor = inRegion(question.descriptor, known.all);
  const unshaped = requestTo({ ...question, descriptor }, where, known.own);
  const answer = await send(asked, question.guard);
  if (answer.kind === 'failure' || answer.status !== 200 || answer.truncated) return null;
  const parsed = parseBody(answer.body, answer.headers['content-type'] ?? null);
  if (parsed.kind !== 'json') return null;
  return { answer: parsed.value, proves: JSON.stringify(unshaped) === JSON.stringify(asked) };
}

/**
 * Of stored values, those that the provider answered: nothing says any more where a value came from, so a name that a
 * callback may bring, or a variable that it may tell, counts as the browser's.
 */
export function answeredOf(
  { capture_from_callback: names, url_template_vars: variables }: Descriptor,
  stored: Values,
): Record<string, string> {
  const isOfBrowser = (name: string): boolean =>
    names.includes(name) ||
    (Object.hasOwn(variables, name) && needs(variables[name]?.from ?? null, 'callback'));
  return Object.fromEntries(Object.entries(stored).filter(([name]) => !isOfBrowser(name)));
}
