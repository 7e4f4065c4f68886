/**
 * The front of an answer's body, read before any of it goes on: short answers can still become a refusal, and what an
 * answer says of its token may stand in its body.
 */

import { joined } from '#crypto/encoding.ts';

export const FRONT_BYTES = 64 * 1024;

export interface Front {
  readonly bytes: Uint8Array;
  /** There is nothing more. */
  readonly isWhole: boolean;
  /** The rest; null where there is none. */
  readonly reader: ReadableStreamDefaultReader<Uint8Array> | null;
}

/** Nothing is read: all of it is the rest. */
export function unread(body: ReadableStream<Uint8Array> | null): Front {
  return { bytes: new Uint8Array(0), isWhole: body === null, reader: body?.getReader() ?? null };
}

/** Reads until the body ends or more than `FRONT_BYTES` are there. @throws where the body breaks off */
export async function frontOf(body: ReadableStream<Uint8Array> | null): Promise<Front> {
  if (body === null) return unread(null);
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  for (let size = 0; size <= FRONT_BYTES;) {
    const { done, value } = await reader.read();
    if (done) return { bytes: joined(...pieces), isWhole: true, reader: null };
    pieces.push(value);
    size += value.byteLength;
  }
  return { bytes: joined(...pieces), isWhole: false, reader };
}
