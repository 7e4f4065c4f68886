/** The body of an answer on its way to the caller: searched for the credential, and broken off when the call is. */

import type { EchoScan } from '#egress/injector/echo-scan.ts';
import type { Front } from './front.ts';
import type { Watch } from './watch.ts';

/** Why a body did not go on to its end. */
export type BrokenOff = 'token_echo_blocked' | 'stopped' | 'provider' | 'caller';

/** @param ended is told once, null where the body went on to its end */
export function answerStream(
  { bytes, reader }: Front,
  scan: EchoScan,
  watch: Watch,
  ended: (why: BrokenOff | null) => void,
): ReadableStream<Uint8Array> {
  let isOver = false;
  const over = (why: BrokenOff | null) => {
    if (isOver) return;
    isOver = true;
    watch.end();
    ended(why);
  };
  /** True when the caller has something to read, or nothing more to wait for. */
  const pass = (chunk: Uint8Array, controller: ReadableStreamDefaultController<Uint8Array>): boolean => {
    const gone = scan.push(chunk);
    if (gone === null) {
      over('token_echo_blocked');
      controller.error(new Error('the answer held the credential'));
      reader?.cancel().catch(() => undefined);
      return true;
    }
    if (gone.byteLength > 0) controller.enqueue(gone);
    return gone.byteLength > 0;
  };
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      if (bytes.byteLength > 0) pass(bytes, controller);
    },
    pull: async (controller) => {
      for (;;) {
        if (isOver) return;
        const part = await Promise.race([readFrom(reader), watch.stopped]);
        if (part === 'stopped' || part === 'broken') {
          over(watch.isCallerGone ? 'caller' : part === 'stopped' ? 'stopped' : 'provider');
          controller.error(new Error(part));
          reader?.cancel().catch(() => undefined);
          return;
        }
        if (!part.done) {
          if (pass(part.value, controller)) return;
          continue;
        }
        const rest = scan.end();
        if (rest.byteLength > 0) controller.enqueue(rest);
        controller.close();
        over(null);
        return;
      }
    },
    cancel: () => {
      over('caller');
      watch.cut();
      return reader?.cancel().catch(() => undefined);
    },
  });
}

type Part = ReadableStreamReadResult<Uint8Array> | 'broken';

async function readFrom(reader: Front['reader']): Promise<Part> {
  if (reader === null) return { done: true, value: undefined };
  try {
    return await reader.read();
  } catch {
    return 'broken';
  }
}
