/** An API as the simulator plays it: what it is asked and what it answers, as data. A face is pure but for its memory. */

import { createHash } from 'node:crypto';

export interface ApiRequest {
  readonly method: string;
  /** As it came, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body: Buffer | object;
}

/** What an API keeps between two calls. */
export interface Memory {
  readonly files: Map<string, Buffer>;
  readonly told: Map<string, number>;
  /** `http://127.0.0.1:PORT` of the API. */
  readonly origin: string;
  /** Its lists have nothing. */
  isEmpty: boolean;
}

export interface Face {
  /** To a call with a token that the API does not take. */
  readonly refused: ApiAnswer;
  /** Null: there is no such route. */
  readonly answer: (request: ApiRequest, memory: Memory) => ApiAnswer | null;
  /** What the provider says of what it does not have. */
  readonly missing: ApiAnswer;
}

/** An API on a port of its own. */
export interface ApiHost {
  readonly origin: string;
  /** Everything that came, oldest first. */
  readonly seen: readonly ApiRequest[];
  /** Answers that take the place of the next ones, one each. */
  readonly instead: ApiAnswer[];
  readonly memory: Memory;
  readonly close: () => Promise<void>;
}

/** True at the first call with this name, and never again: for an API that is busy once. */
export function isFirst({ told }: Memory, name: string): boolean {
  const before = told.get(name) ?? 0;
  told.set(name, before + 1);
  return before === 0;
}

/** Page `n` (from 1) of these, and the number of the next one; null: that was the last. */
export function pageOf<T>(all: readonly T[], n: number, size: number): { items: T[]; next: number | null } {
  const items = all.slice((n - 1) * size, n * size);
  return { items, next: n * size < all.length ? n + 1 : null };
}

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export const jsonOf = (body: Buffer): Record<string, unknown> =>
  JSON.parse(body.toString('utf8')) as Record<string, unknown>;

/** The first file of a `multipart/*` body: the bytes between the blank line of its part and the boundary. */
export function fileIn({ headers, body }: ApiRequest): Buffer {
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const parts = body.toString('latin1').split(`--${boundary}`);
  const isFile = (part: string) =>
    /filename=|application\/octet-stream/i.test(part.split('\r\n\r\n')[0] ?? '');
  const part = parts.findLast(isFile) ?? parts.at(-2) ?? '';
  const text = part.slice(part.indexOf('\r\n\r\n') + 4).replace(/\r\n$/, '');
  return Buffer.from(text, 'latin1');
}
