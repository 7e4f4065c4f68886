/**
 * What a provider's answer to a tool means: its result, or why there is none. Pure. It knows no third thing: an answer
 * that is not surely the provider's success is a failure, so that a missing permission, a page of HTML or half a body
 * never reads as an empty list.
 */

import { parseExactly } from '#lib/exact-json.ts';
import { parseRetryAfterMs } from '#providers/reading/instant.ts';
import type { ErrorFacts, RateSign, Tool } from '../tool.ts';
import { bears, firstOf, isObject, valuesOf } from './pointer.ts';

/** An answer as it came, read to its end. */
export interface ToolAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What the provider said, as far as it is passed on. */
export interface Upstream {
  readonly status: number;
  readonly code: string | null;
  /** At most 1 KiB. */
  readonly message: string | null;
}

export interface Failure {
  readonly code: 'rate_limited' | 'provider_error' | 'provider_unavailable';
  readonly detail: string;
  readonly retryAfterMs?: number;
  readonly upstream: Upstream;
}

export type Judgement =
  | {
      readonly isFine: true;
      readonly data: unknown;
      /** The whole answer, for what follows from it beside its result. */
      readonly root: unknown;
    }
  | { readonly isFine: false; readonly failure: Failure };

const MAX_MESSAGE_BYTES = 1024;
const MAX_CODE_CHARS = 100;
const OUTAGE_RETRY_MS = 5_000;
const RATE_RETRY_MS = 30_000;

type Facts = Pick<
  Tool,
  'result' | 'result_type' | 'empty_when' | 'empty_status' | 'partial_when' | 'where' | 'annotations'
> & {
  readonly errors: ErrorFacts;
};

/** @param expectedType of a text: the media type that was asked for; null: none was */
export function judgeAnswer(
  tool: Facts,
  answer: ToolAnswer,
  nowMs: number,
  expectedType: string | null = null,
): Judgement {
  const { status } = answer;
  const text = new TextDecoder().decode(answer.body);
  const root = parsed(text, typeOf(answer));
  const told = toldBy(tool.errors, status, root);
  const fail = (detail: string): Judgement => ({
    isFine: false,
    failure: { code: 'provider_error', detail, upstream: told },
  });
  if (isThrottled(tool.errors, answer, told.code)) {
    const waitMs = retryAfterOf(answer, nowMs);
    const detail = 'the provider takes no more requests now';
    return {
      isFine: false,
      failure: { code: 'rate_limited', detail, retryAfterMs: waitMs ?? RATE_RETRY_MS, upstream: told },
    };
  }
  if (status >= 500) {
    const waitMs = retryAfterOf(answer, nowMs);
    const detail = 'the provider failed: nobody knows whether it has acted';
    const failure = {
      code: 'provider_unavailable',
      detail,
      retryAfterMs: waitMs ?? OUTAGE_RETRY_MS,
    } as const;
    return { isFine: false, failure: { ...failure, upstream: told } };
  }
  if (status >= 400) return fail(refusalText(tool.errors, status));
  if (status >= 300) return fail('the provider sent a redirect in place of an answer');
  if (status === 206 || status === 207) return fail('the provider sent a part of an answer');
  if (answer.body.byteLength === 0) return emptyBody(tool, status, fail);
  if (tool.result_type === 'text') return textOf(answer, expectedType, fail);
  if (!isJsonType(typeOf(answer))) return fail('the provider sent something that is no JSON');
  if (root === undefined) return fail('the provider sent JSON that breaks off or is none');
  const refused = refusalWithin(tool.errors, root);
  if (refused !== null) return fail(refused);
  if (tool.partial_when?.some((sign) => bears(root, sign)) === true)
    return fail('the provider says that its answer is not whole');
  return resultOf(tool, root, fail);
}

type Fail = (detail: string) => Judgement;

function refusalText({ hidden }: ErrorFacts, status: number): string {
  if (status === 404)
    return `the provider has nothing there, or does not show it to this account${hidden === undefined ? '' : `: ${hidden}`}`;
  if (status === 401) return 'the provider refused the credential';
  if (status === 403)
    return 'the provider does not allow this to this account: a permission or a scope may be missing';
  return 'the provider refused the request';
}

/** Most effects answer something. An empty body is a success only where the provider documents one. */
function emptyBody(tool: Facts, status: number, fail: Fail): Judgement {
  if (tool.empty_status?.includes(status) === true) return { isFine: true, data: null, root: null };
  return fail('the provider sent no body where it has to send one');
}

function resultOf(tool: Facts, root: unknown, fail: Fail): Judgement {
  const top = tool.errors.graphql === true ? (isObject(root) ? root['data'] : undefined) : root;
  const found = tool.result === undefined ? top : valuesOf(top, tool.result)[0];
  if (found === undefined && tool.empty_when !== undefined && bearsExactly(top, tool.empty_when))
    return { isFine: true, data: [], root };
  return fits(found, tool.result_type)
    ? { isFine: true, data: found, root }
    : fail('the provider sent an answer without the result that it documents');
}

/** As `bears`, but a zero counts, and so does an empty text: the field has to be there. */
function bearsExactly(root: unknown, { at, equals }: NonNullable<Tool['empty_when']>): boolean {
  const values = valuesOf(root, at);
  return equals === undefined ? values.some((value) => value !== null) : values.includes(equals);
}

function fits(value: unknown, type: Tool['result_type']): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value) && Object.keys(value).length > 0;
    case 'string':
      return typeof value === 'string' && value !== '';
    case 'any':
      return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    case 'json':
      return typeof value === 'object' && value !== null;
    case 'text':
      return false;
  }
}

/** Why a 2xx is a refusal all the same; null: it is none. */
function refusalWithin(errors: ErrorFacts, root: unknown): string | null {
  if (errors.ok !== undefined && (!isObject(root) || root[errors.ok] !== true))
    return 'the provider refused the request';
  if (errors.graphql === true) {
    if (!isObject(root)) return 'the provider sent something that is no answer of GraphQL';
    const { errors: list } = root;
    if (list !== undefined && list !== null && !(Array.isArray(list) && list.length === 0))
      return isObject(root['data'])
        ? 'the provider answered a part of the request and refused another'
        : 'the provider refused the request';
  }
  if (errors.success !== undefined && valuesOf(root, errors.success).includes(false))
    return 'the provider says that it did not do it';
  const signs = [...ANY_PROVIDER, ...(errors.fails_when ?? [])];
  return signs.some((sign) => bears(root, sign))
    ? 'the provider sent an error under the status of a success'
    : null;
}

/** No tool's success has these at its top, unless they are empty. */
const ANY_PROVIDER = [{ at: 'error' }, { at: 'errors' }] as const;

/** A text is what was asked for, or it is not passed on: a sign-in page is a text too. */
function textOf(answer: ToolAnswer, expectedType: string | null, fail: Fail): Judgement {
  const type = typeOf(answer);
  if (expectedType === null ? /html|json/.test(type) || type === '' : type !== expectedType.toLowerCase())
    return fail('the provider sent another type of content than was asked for');
  try {
    const data = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(answer.body);
    return { isFine: true, data, root: null };
  } catch {
    const content = Buffer.from(answer.body).toString('base64');
    return { isFine: true, data: { content_type: type, encoding: 'base64', content }, root: null };
  }
}

function typeOf({ headers }: ToolAnswer): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function isJsonType(type: string): boolean {
  return /^(?:application|text)\/(?:[\w.+-]+\+)?json$/.test(type);
}

/** Undefined: it is no JSON. */
function parsed(text: string, type: string): unknown {
  if (!isJsonType(type)) return undefined;
  try {
    return parseExactly(text);
  } catch {
    return undefined;
  }
}

function isThrottled({ rate_limited: signs }: ErrorFacts, answer: ToolAnswer, code: string | null): boolean {
  const fitting = ({ status, code: codes, header, equals }: RateSign) =>
    status === answer.status &&
    (codes === undefined || (code !== null && codes.includes(code))) &&
    (header === undefined ||
      (equals === undefined ? answer.headers[header] !== undefined : answer.headers[header] === equals));
  return answer.status === 429 || signs?.some(fitting) === true;
}

function retryAfterOf({ headers }: ToolAnswer, nowMs: number): number | null {
  const said = parseRetryAfterMs(headers['retry-after'], nowMs);
  if (said !== null) return said;
  const resetS = Number(headers['x-ratelimit-reset'] ?? Number.NaN);
  const untilMs = resetS * 1000 - nowMs;
  return Number.isFinite(untilMs) && untilMs > 0 && untilMs <= 3_600_000 ? untilMs : null;
}

/** What the answer says of its failure. Of a success nothing is told. */
function toldBy(errors: ErrorFacts, status: number, root: unknown): Upstream {
  const code = errors.code === undefined ? undefined : firstOf(root, errors.code);
  const message = errors.message === undefined ? undefined : firstOf(root, errors.message);
  const isPlain = (value: unknown) => typeof value === 'string' || typeof value === 'number';
  return {
    status,
    code: isPlain(code) ? String(code).slice(0, MAX_CODE_CHARS) : null,
    message: isPlain(message) ? cut(String(message)) : null,
  };
}

/** Whole characters, at most 1 KiB of them. */
function cut(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.byteLength <= MAX_MESSAGE_BYTES) return text;
  const kept = new TextDecoder().decode(bytes.subarray(0, MAX_MESSAGE_BYTES));
  return kept.replace(/\uFFFD+$/, '');
}
