/**
 * The body of a proxied request: kept where it is short, so that it can be sent once more, and streamed where it is not.
 */

import { joined } from '#crypto/encoding.ts';
import { err, ok, type Result } from '#lib/result.ts';

/** So much is kept for a second sending. */
const REPLAY_BYTES = 1024 * 1024;
const LONGEST_BYTES = 100 * 1024 * 1024;

export type BodyProblem = 'too_large' | 'broken';

export interface OutgoingBody {
  /** The body as the call takes it: anew at each sending where it is kept, else once. */
  readonly open: () => Uint8Array | ReadableStream<Uint8Array> | null;
  /** Whether it can be sent once more. */
  readonly isKept: boolean;
  /** All of it; null where it is not kept. */
  readonly bytes: Uint8Array | null;
  /** Why a stream was broken off; null: it was not. */
  readonly problem: () => BodyProblem | null;
}

const NO_BYTES = new Uint8Array(0);
const NO_BODY: OutgoingBody = { open: () => null, isKept: true, bytes: NO_BYTES, problem: () => null };

/** @param length as the request announces it; null: it does not */
export async function outgoingBody(
  body: ReadableStream<Uint8Array> | null,
  length: number | null,
): Promise<Result<OutgoingBody, BodyProblem>> {
  if (body === null) return ok(NO_BODY);
  if (length !== null && length > LONGEST_BYTES) return err('too_large');
  const reader = body.getReader();
  if (length !== null && length > REPLAY_BYTES) return ok(streamed([], reader, length));
  const chunks: Uint8Array[] = [];
  for (let size = 0; ;) {
    const part = await next(reader);
    if (part === null) return err('broken');
    if (part.done) {
      const bytes = joined(...chunks);
      return ok({ open: () => bytes, isKept: true, bytes, problem: () => null });
    }
    chunks.push(part.value);
    size += part.value.byteLength;
    if (size > REPLAY_BYTES) return ok(streamed(chunks, reader, length));
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Null: the body broke off. */
async function next(reader: Reader): Promise<ReadableStreamReadResult<Uint8Array> | null> {
  try {
    return await reader.read();
  } catch {
    return null;
  }
}

/** Read as fast as it is sent. @param front what was read already */
function streamed(front: readonly Uint8Array[], reader: Reader, length: number | null): OutgoingBody {
  const waiting = [...front];
  let size = 0;
  let problem: BodyProblem | null = null;
  const source = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const kept = waiting.shift();
      const part = kept === undefined ? await next(reader) : { done: false as const, value: kept };
      if (part === null) problem = 'broken';
      else if (part.done) return controller.close();
      else if ((size += part.value.byteLength) > LONGEST_BYTES) problem = 'too_large';
      else return controller.enqueue(part.value);
      // Not an end: the API must not take the front for the whole.
      controller.error(new Error(problem));
      return undefined;
    },
    cancel: () => reader.cancel(),
  });
  const open = () => (length === null ? source : source.pipeThrough(new FixedLengthStream(length)));
  return { open, isKept: false, bytes: null, problem: () => problem };
}
