/** Credentials in memory, for as long as they are sure to live; callers that want the same one wait for one request. */

import type { Credential } from '../credential.ts';

const LONGEST_MS = 5 * 60_000;
/** An answer is not kept into the last minute of its token. */
const MARGIN_MS = 60_000;
/** More accounts than one process works for at a time; the oldest goes. */
const MAX_KEPT = 1_000;

interface Kept {
  readonly credential: Credential;
  readonly untilMs: number;
  /** Null: it has no end. */
  readonly endsAtMs: number | null;
}

export class CredentialCache {
  readonly #kept = new Map<string, Kept>();
  readonly #coming = new Map<string, Promise<Credential>>();

  /** @param minTtlMs how long it must live at least @param ask asks the broker; its end is shared by all who wait */
  async get(key: string, minTtlMs: number, ask: () => Promise<Credential>): Promise<Credential> {
    const nowMs = performance.now();
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > nowMs && (kept.endsAtMs ?? Infinity) - nowMs >= minTtlMs)
      return kept.credential;
    this.#kept.delete(key);
    const coming = this.#coming.get(key) ?? this.#begin(key, ask);
    return coming;
  }

  #begin(key: string, ask: () => Promise<Credential>): Promise<Credential> {
    const coming = ask()
      .then((credential) => {
        // A credential that was forgotten while it was on its way is handed to those who wait, and to nobody after.
        if (this.#coming.get(key) === coming) this.#keep(key, credential);
        return credential;
      })
      .finally(() => {
        if (this.#coming.get(key) === coming) this.#coming.delete(key);
      });
    this.#coming.set(key, coming);
    return coming;
  }

  #keep(key: string, credential: Credential): void {
    const nowMs = performance.now();
    const leftMs = credential.expiresAt === null ? null : credential.expiresAt.getTime() - Date.now();
    const keptMs = Math.min(LONGEST_MS, (leftMs ?? Infinity) - MARGIN_MS);
    if (keptMs <= 0) return;
    this.#kept.set(key, {
      credential,
      untilMs: nowMs + keptMs,
      endsAtMs: leftMs === null ? null : nowMs + leftMs,
    });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** Drops it for every scope and wait: it was refused, or its account is dead. */
  forget(fingerprint: string): void {
    for (const [key, { credential }] of this.#kept)
      if (credential.fingerprint === fingerprint) this.#kept.delete(key);
  }

  /** Drops what is kept under the key, and does not keep what is on its way. */
  drop(key: string): void {
    this.#kept.delete(key);
    this.#coming.delete(key);
  }

  clear(): void {
    this.#kept.clear();
    this.#coming.clear();
  }
}
