/**
 * Looks for a credential in an answer that streams by. What may be the beginning of one is held back until the next
 * bytes tell, and no more than that: an event of a stream is not late for it. Pure but for what it has seen; the texts
 * and encodings are those of `echo.ts`.
 */

import { joined } from '#crypto/encoding.ts';
import { needlesIn } from './echo.ts';
import { hasEscapes, writtenAt } from './written.ts';

/** An escaped character has at most so many: `%5Cu0041` and `\u00254` are the longest that are undone. */
const LONGEST_ESCAPE = 8;

/** Behind so many bytes nothing is looked for any more; what came until then was. */
const SCANNED_BYTES = 8 * 1024 * 1024;

/** One byte a character, so that places in the text are places in the bytes. */
const BYTES = new TextDecoder('latin1');

export class EchoScan {
  readonly #needles: readonly string[];
  readonly #holds: (bytes: Uint8Array) => boolean;
  /** What has gone on already and may be the front of what comes, and what has not gone on. */
  #before = new Uint8Array(0);
  #held = new Uint8Array(0);
  #seen = 0;

  /** @param secrets as `echoOf` takes them @param holds what `echoOf` has made of them */
  constructor(secrets: readonly string[], holds: (bytes: Uint8Array) => boolean) {
    this.#needles = needlesIn(secrets).map((text) => BYTES.decode(new TextEncoder().encode(text)));
    this.#holds = holds;
  }

  /** The bytes that may go on, perhaps none; null: they hold the credential, and nothing goes on. */
  push(chunk: Uint8Array): Uint8Array | null {
    if (this.#needles.length === 0) return chunk;
    if (this.#seen >= SCANNED_BYTES) return this.#released(chunk);
    this.#seen += chunk.byteLength;
    const fresh = joined(this.#held, chunk);
    if (this.#holds(joined(this.#before, fresh))) return null;
    const keptFrom = fresh.byteLength - this.#undecided(fresh);
    const gone = fresh.subarray(0, keptFrom);
    this.#held = fresh.slice(keptFrom);
    const context = joined(this.#before, gone);
    this.#before = context.slice(Math.max(0, context.byteLength - this.#longest()));
    return gone;
  }

  /** The answer has ended: what was held back is no credential. */
  end(): Uint8Array {
    return this.#released(new Uint8Array(0));
  }

  #released(chunk: Uint8Array): Uint8Array {
    const all = joined(this.#held, chunk);
    this.#held = new Uint8Array(0);
    return all;
  }

  #longest(): number {
    return LONGEST_ESCAPE * Math.max(...this.#needles.map(({ length }) => length));
  }

  /** How many bytes at the end may be the front of a credential. */
  #undecided(bytes: Uint8Array): number {
    const tail = BYTES.decode(bytes.subarray(Math.max(0, bytes.byteLength - this.#longest())));
    // Most answers have no escape here: then a front is no longer than the credential.
    const isEscaped = hasEscapes(tail);
    const from = isEscaped ? 0 : Math.max(0, tail.length - this.#longest() / LONGEST_ESCAPE);
    for (let at = from; at < tail.length; at += 1) {
      if (this.#needles.some((needle) => writtenAt(tail, at, needle, isEscaped) === 'begun'))
        return tail.length - at;
    }
    return 0;
  }
}
