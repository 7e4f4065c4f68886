/**
 * Where a token comes from: the tokens that it was made from, through whom it was handed on, and all rules that it
 * carries. A token that is made of it carries all of that too. Pure.
 *
 * Sources: RFC 8693 section 4.1 (`act`), RFC 9396 section 9 (`authorization_details` in a token).
 */

import {
  AuthorizationDetails,
  DETAIL_TYPE,
  MAX_DETAILS_BYTES,
  MAX_EXCHANGES,
  type AuthorizationDetail,
} from '#contract/callers/authorization-details.ts';
import type { Rule } from '#contract/agents/policy.ts';
import { err, ok, type Result } from '#lib/result.ts';
import type { Confirmation } from '../binding/confirmation.ts';

const MAX_LABEL = 64;

/** Through whom, the newest outermost. */
export interface Act {
  readonly sub: string;
  readonly act?: Act;
}

/** The claims of a token that was narrowed or handed on. */
export interface LineageClaims {
  /** What it was narrowed to last. */
  readonly authorization_details?: readonly AuthorizationDetail[];
  /** What the tokens before it were narrowed to, the newest first: all of it limits this one too. */
  readonly inherited_details?: readonly (readonly AuthorizationDetail[])[];
  readonly act?: Act;
  /** The `jti` of each token that it comes from, the newest first: it ends with any of them. */
  readonly ancestors?: readonly string[];
}

/** What `claims` say, as far as they are those of this version; null: they are not. */
export function lineageIn(claims: Readonly<Record<string, unknown>>): LineageClaims | null {
  const { authorization_details: own, inherited_details: inherited = [], act, ancestors = [] } = claims;
  const isWhole =
    (own === undefined || isDetails(own)) &&
    Array.isArray(inherited) &&
    inherited.every(isDetails) &&
    (own !== undefined || inherited.length === 0) &&
    Array.isArray(ancestors) &&
    ancestors.every((one) => typeof one === 'string') &&
    depthOf(act) === ancestors.length &&
    ancestors.length <= MAX_EXCHANGES;
  return isWhole ? (claims as LineageClaims) : null;
}

/** Rules of a newer version are read too: a field that is not known allows nothing. */
function isDetails(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (one: { type?: unknown; connection?: unknown } | null) =>
        one?.type === DETAIL_TYPE && typeof one.connection === 'string',
    )
  );
}

/** How many stand in an `act`; NaN: it is none. */
function depthOf(act: unknown): number {
  if (act === undefined) return 0;
  if (typeof act !== 'object' || act === null) return NaN;
  const { sub, act: before, ...others } = act as Record<string, unknown>;
  return typeof sub === 'string' && Object.keys(others).length === 0 ? 1 + depthOf(before) : NaN;
}

/** Every list of rules that a token carries. */
export function rulesIn({
  authorization_details: own,
  inherited_details: inherited = [],
}: LineageClaims): readonly (readonly Rule[])[] {
  if (own === undefined) return [];
  return [own, ...inherited].map((details) => details.map(({ type: _type, ...rule }) => rule));
}

/** Through whom a token was handed on, the newest first. */
export function chainIn({ act }: LineageClaims): readonly string[] {
  return act === undefined ? [] : [act.sub, ...chainIn(act.act === undefined ? {} : { act: act.act })];
}

/** The claims of a token that is narrowed to these details; null: it is not narrowed further. */
export function narrowedTo(
  before: LineageClaims,
  details: readonly AuthorizationDetail[] | null,
): Result<LineageClaims, string> {
  if (details === null) return ok(before);
  const { authorization_details: own, inherited_details: inherited = [] } = before;
  const all = own === undefined ? [] : [own, ...inherited];
  const after: LineageClaims = {
    ...before,
    authorization_details: details,
    ...(all.length === 0 ? {} : { inherited_details: all }),
  };
  if (bytesOf(JSON.stringify(rulesIn(after))) <= MAX_DETAILS_BYTES) return ok(after);
  return err(
    `authorization_details must have at most ${MAX_DETAILS_BYTES} bytes, with those that subject_token carries`,
  );
}

/** The claims of what a token is exchanged for, handed on to `label`; or the reason why it is not. */
export function handedOn(
  source: LineageClaims & { readonly jti: string },
  label: string,
): Result<LineageClaims, string> {
  const { authorization_details, inherited_details, act, ancestors = [], jti } = source;
  if (!isLabel(label)) return err(`actor_label must be 1 to ${MAX_LABEL} characters that can be printed`);
  if (ancestors.length >= MAX_EXCHANGES)
    return err(`a token is handed on ${MAX_EXCHANGES} times at most, and subject_token was`);
  return ok({
    ...(authorization_details === undefined ? {} : { authorization_details }),
    ...(inherited_details === undefined ? {} : { inherited_details }),
    act: act === undefined ? { sub: label } : { sub: label, act },
    ancestors: [jti, ...ancestors],
  });
}

/** The details of a request's parameter, or the reason why they are none. */
export function detailsIn(text: string): Result<readonly AuthorizationDetail[], string> {
  if (bytesOf(text) > MAX_DETAILS_BYTES)
    return err(`authorization_details must have at most ${MAX_DETAILS_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err('authorization_details is not JSON');
  }
  const read = AuthorizationDetails.safeParse(value);
  if (read.success) return ok(read.data);
  const [first] = read.error.issues;
  const at = ['authorization_details', ...(first?.path ?? [])].join('.');
  return err(`${at}: ${first?.message ?? 'is not taken'}`);
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Whether a label can stand in a token and in records: 1 to 64 characters that can be printed. */
function isLabel(text: string): boolean {
  return (
    text.isWellFormed() &&
    text.trim() !== '' &&
    [...text].length <= MAX_LABEL &&
    /^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(text)
  );
}

/**
 * Whether a token that is bound so may be made of one that is bound to `before`: what that one is bound to has been proved
 * again, and the new one is bound to it too. So no bound token becomes one that its bearer alone may use.
 */
export function keepsBinding(before: Confirmation | undefined, asked: Confirmation | null): boolean {
  return Object.entries(before ?? {}).every(
    ([name, value]) => asked !== null && asked[name as keyof Confirmation] === value,
  );
}
