/** Requests that are refused before they cost anything: URL, body size, content type, depth. */

import type { Context } from 'hono';
import type { Code } from '#contract/codes.ts';
import { ProblemError, type ProblemDetails } from '#contract/problem.ts';
import { systemNow, within } from '#lib/clock.ts';
import type { AppEnv } from '../context.ts';
import { problemResponse } from './problem.ts';

const URL_LIMIT = 16 * 1024;
const BODY_LIMIT = 1024 * 1024;
const DEPTH_LIMIT = 32;
/** How much of a refused body is taken in, and for how long, so that its sender comes to read the answer. */
const DISCARD_LIMIT = 16 * 1024 * 1024;
const DISCARD_MS = 5_000;

/** The refusal that the length of the URL gives rise to; null when the request may go on. */
export function uriTooLong({ url }: Request): [Code, ProblemDetails] | null {
  return url.length > URL_LIMIT ? ['uri_too_long', {}] : null;
}

/** The refusal that the head of a request alone gives rise to; null when the request may go on. */
export function tooLarge(request: Request): [Code, ProblemDetails] | null {
  const tooLong = uriTooLong(request);
  if (tooLong !== null) return tooLong;
  const length = Number(request.headers.get('content-length') ?? '0');
  return length > BODY_LIMIT ? ['too_large', { detail: 'a body may hold 1 MiB' }] : null;
}

export function refuseOversize(c: Context<AppEnv>): Response | null {
  const refused = tooLarge(c.req.raw);
  return refused === null ? null : problemResponse(c, ...refused);
}

/**
 * A body that breaks off, or whose chunks are malformed, is the sender's fault: 400, where the sender still listens.
 */
async function nextChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch {
    throw new ProblemError('invalid_request', { detail: 'the body broke off before its end' });
  }
}

/** Reads on and keeps nothing, until the body ends, the caller hangs up, or it was too much or took too long. */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const untilMs = systemNow() + DISCARD_MS;
  for (let size = 0; size <= DISCARD_LIMIT;) {
    // A caller that is gone counts as the end: no reader of the answer is left.
    const part = await within(untilMs - systemNow(), reader.read(), null);
    if (part === null || part.done) break;
    size += part.value.byteLength;
  }
  await reader.cancel().catch(() => undefined);
}

/**
 * Takes in the unread rest of a request's body before its answer leaves. A connection that is closed while the
 * caller still sends breaks under its hands: it would get a broken pipe in the place of the refusal.
 */
export async function discardBody({ body, bodyUsed }: Request): Promise<void> {
  if (body !== null && !bodyUsed && !body.locked) await discard(body.getReader());
}

async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  let text = '';
  let size = 0;
  for (;;) {
    const { done, value } = await nextChunk(reader);
    if (done) break;
    size += value.byteLength;
    if (size > BODY_LIMIT) {
      await discard(reader);
      throw new ProblemError('too_large', { detail: 'a body may hold 1 MiB' });
    }
    try {
      text += decoder.decode(value, { stream: true });
    } catch {
      throw new ProblemError('invalid_request', { detail: 'the body is not UTF-8' });
    }
  }
  try {
    return text + decoder.decode();
  } catch {
    throw new ProblemError('invalid_request', { detail: 'the body is not UTF-8' });
  }
}

/** The body as text, read once per request. @throws ProblemError 413 over 1 MiB, 400 for what is not UTF-8 */
export async function bodyText(c: Context<AppEnv>): Promise<string> {
  const known = c.get('bodyText');
  if (known !== undefined) return known;
  const text = await readBounded(c.req.raw.body);
  c.set('bodyText', text);
  return text;
}

function tooDeep(value: unknown, left: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (left === 0) return true;
  return Object.values(value).some((item) => tooDeep(item, left - 1));
}

/** @throws ProblemError 400 for what nests deeper than 32 */
export function requireShallow(value: unknown): void {
  if (tooDeep(value, DEPTH_LIMIT))
    throw new ProblemError('invalid_request', { errors: [{ path: '', message: 'nests deeper than 32' }] });
}

/**
 * The request's JSON body. @throws ProblemError 415 for another content type, 413 over 1 MiB, 400 for what is not JSON
 * or nests deeper than 32. An absent body is an empty object where `optional`.
 */
export async function readJson(c: Context<AppEnv>, optional = false): Promise<unknown> {
  const text = await bodyText(c);
  if (text === '' && optional) return {};
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json' && !/^application\/[a-z0-9.+-]+\+json$/.test(type)) {
    throw new ProblemError('unsupported_media_type', {
      detail: 'send the body as JSON, with the header Content-Type: application/json',
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const isEmpty = text.trim() === '';
    throw new ProblemError('invalid_request', {
      detail: isEmpty ? 'the body is empty: send a JSON object' : 'the body is not JSON',
      errors: [{ path: '', message: isEmpty ? 'empty' : 'not JSON' }],
    });
  }
  requireShallow(value);
  return value;
}
