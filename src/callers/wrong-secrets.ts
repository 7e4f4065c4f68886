/**
 * Counts wrong secrets per key id, in the memory of the isolate. Five within a minute close the id for a minute, for
 * right secrets too: else the answer would tell a guesser that he is there. The clock comes in as an argument.
 */

import { BoundedMap } from '#lib/bounded-map.ts';

export const WRONG_LIMIT = 5;
export const WINDOW_MS = 60_000;
export const BLOCK_MS = 60_000;
/** Ids that are remembered. Forgetting the oldest gives a guesser five more tries at 256 random bits. */
const REMEMBERED_IDS = 10_000;

/** What is remembered of one id: the wrong ones that still count, oldest first, or until when it is closed. */
export interface Track {
  readonly wrongAtMs: readonly number[];
  readonly blockedUntilMs: number | null;
}

const CLEAN: Track = { wrongAtMs: [], blockedUntilMs: null };

/** How long the id stays closed; 0 when it is open. At most `BLOCK_MS`, also when the clock has gone back. */
export function blockedForMs(track: Track, nowMs: number): number {
  if (track.blockedUntilMs === null) return 0;
  return Math.min(Math.max(0, track.blockedUntilMs - nowMs), BLOCK_MS);
}

/** The track after one more wrong secret. While the id is closed nothing is counted and nothing prolonged. */
export function afterWrong(track: Track, nowMs: number): Track {
  if (blockedForMs(track, nowMs) > 0) return track;
  const wrongAtMs = [...track.wrongAtMs.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs];
  if (wrongAtMs.length < WRONG_LIMIT) return { wrongAtMs, blockedUntilMs: null };
  return { wrongAtMs: [], blockedUntilMs: nowMs + BLOCK_MS };
}

export class WrongSecrets {
  readonly #tracks: BoundedMap<string, Track>;

  constructor(remembered: number = REMEMBERED_IDS) {
    this.#tracks = new BoundedMap(remembered);
  }

  /** @see blockedForMs */
  blockedForMs(keyId: string, nowMs: number): number {
    return blockedForMs(this.#tracks.get(keyId) ?? CLEAN, nowMs);
  }

  count(keyId: string, nowMs: number): void {
    this.#tracks.set(keyId, afterWrong(this.#tracks.get(keyId) ?? CLEAN, nowMs));
  }
}
