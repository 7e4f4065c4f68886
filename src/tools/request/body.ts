/** The body of a tool's call in each encoding, as bytes with their type. Pure. */

import type { Tool } from '../tool.ts';
import { pairOf, textOf } from './encode.ts';

export interface EncodedBody {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function jsonBody(value: unknown): EncodedBody {
  return { type: 'application/json', bytes: utf8(JSON.stringify(value)) };
}

/** A fixed document: what a model says is a variable of it and nothing else. */
export function graphqlBody(
  { body_template: template }: Pick<Tool, 'body_template'>,
  variables: Readonly<Record<string, unknown>>,
): EncodedBody {
  return jsonBody({ query: template?.query ?? '', variables });
}

/** As PHP and Ruby read forms: `a[b]=1&c[0]=2`. */
export function formBody(fields: Readonly<Record<string, unknown>>): EncodedBody {
  const pairs = Object.entries(fields).flatMap(([name, value]) => pairsOf(name, value));
  return {
    type: 'application/x-www-form-urlencoded',
    bytes: utf8(pairs.map(([name, value]) => pairOf(name, value)).join('&')),
  };
}

function pairsOf(name: string, value: unknown): (readonly [string, string])[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => pairsOf(`${name}[${index}]`, item));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, item]) => pairsOf(`${name}[${key}]`, item));
  return [[name, textOf(value) ?? '']];
}

/** A file as a parameter brings it. */
interface FileValue {
  readonly filename: string;
  readonly content_type?: string;
  readonly content_base64: string;
}

function isFile(value: unknown): value is FileValue {
  if (typeof value !== 'object' || value === null) return false;
  const { filename, content_base64: content } = value as Partial<FileValue>;
  return typeof filename === 'string' && typeof content === 'string';
}

/** RFC 7578. `null`: a file's content is no base64. @param boundary stands in no part */
export function multipartBody(
  fields: Readonly<Record<string, unknown>>,
  boundary: string,
): EncodedBody | null {
  const pieces: Uint8Array[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const part = partOf(name, value);
    if (part === null) return null;
    pieces.push(utf8(`--${boundary}\r\n`), ...part, utf8('\r\n'));
  }
  pieces.push(utf8(`--${boundary}--\r\n`));
  return { type: `multipart/form-data; boundary=${boundary}`, bytes: concatenated(pieces) };
}

/** As HTML has it: no quote and no line break ends a name early. */
const quoted = (text: string): string =>
  text.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

function partOf(name: string, value: unknown): Uint8Array[] | null {
  const front = `Content-Disposition: form-data; name="${quoted(name)}"`;
  if (!isFile(value)) {
    const text = textOf(value) ?? JSON.stringify(value);
    return [utf8(`${front}\r\n\r\n${text}`)];
  }
  const given = value.content_type ?? '';
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(given) ? given : 'application/octet-stream';
  const bytes = decoded(value.content_base64);
  if (bytes === null) return null;
  return [utf8(`${front}; filename="${quoted(value.filename)}"\r\nContent-Type: ${type}\r\n\r\n`), bytes];
}

function decoded(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, { byteLength }) => size + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
