/**
 * The endpoints as this object knows them: asked of the directory, and remembered for a moment when it does not answer,
 * so that what is known to be deliverable is delivered.
 */

import type { LoadedEndpoints } from '#directory/webhooks/webhook-settings.ts';
import type { Now } from '#lib/clock.ts';
import type { OutboxDirectory } from './directory.ts';
import { anyWantsRefreshed, organizationsHeard } from './receivers.ts';

/** A delivery can wait for an answer of the directory; a refresh cannot. */
const PATIENCE_MS = 5_000;
/**
 * How long an answer stands in for a missing answer. An endpoint deleted just before the directory fell silent may get
 * deliveries that are due within this time, and nothing later.
 */
const REMEMBERED_MS = 60_000;

interface Remembered {
  readonly organizations: readonly string[];
  readonly askedAtMs: number;
  readonly loaded: LoadedEndpoints;
}

export class KnownEndpoints {
  readonly #directory: OutboxDirectory;
  readonly #now: Now;
  /** Asked for each time, so that every answer says whether the account's own organization wants plain refreshes. */
  readonly #always = new Set<string>();
  #last: Remembered | null = null;

  constructor(directory: OutboxDirectory, now: Now) {
    this.#directory = directory;
    this.#now = now;
  }

  /**
   * All that hear events of these organizations and were there when this was called; null where the directory does not
   * say.
   */
  async fresh(organizations: readonly string[]): Promise<LoadedEndpoints | null> {
    const loaded = await this.#ask(this.#heard(organizations), true, PATIENCE_MS);
    return loaded === 'unavailable' ? null : loaded;
  }

  /** Those of these organizations as of a few seconds ago; null where they are unknown. */
  async recent(organizations: readonly string[]): Promise<LoadedEndpoints | null> {
    const wanted = this.#heard(organizations);
    const loaded = await this.#ask(wanted, false, PATIENCE_MS);
    if (loaded !== 'unavailable') return loaded;
    const last = this.#remembered();
    return last !== null && wanted.every((one) => last.organizations.includes(one)) ? last.loaded : null;
  }

  /** Learns whether this organization wants plain refreshes; waits no longer than `timeoutMs`. */
  async look(organization: string, timeoutMs: number): Promise<void> {
    this.#always.add(organization);
    await this.#ask(this.#heard([]), false, timeoutMs);
  }

  /** The endpoint as it was last seen; null: not known. */
  seen(id: string): LoadedEndpoints['endpoints'][number] | null {
    return this.#remembered()?.loaded.endpoints.find((endpoint) => endpoint.id === id) ?? null;
  }

  /**
   * False only where it is known that no endpoint asks for plain refreshes of these organizations. A directory that
   * does not answer has taken no new endpoint either: what it said last stands.
   */
  mayWantRefreshed(): boolean {
    const last = this.#last;
    const known = last !== null && this.#always.size > 0;
    if (!known || [...this.#always].some((one) => !last.organizations.includes(one))) return true;
    return [...this.#always].some((one) => anyWantsRefreshed(last.loaded.endpoints, one));
  }

  #heard(organizations: readonly string[]): string[] {
    return organizationsHeard([...organizations, ...this.#always]);
  }

  async #ask(
    organizations: readonly string[],
    fresh: boolean,
    timeoutMs: number,
  ): Promise<LoadedEndpoints | 'unavailable'> {
    const askedAtMs = this.#now();
    const loaded = await this.#directory.endpoints({ organizations, fresh, timeoutMs });
    if (loaded !== 'unavailable') this.#last = { organizations, askedAtMs, loaded };
    return loaded;
  }

  #remembered(): Remembered | null {
    if (this.#last === null) return null;
    const ageMs = this.#now() - this.#last.askedAtMs;
    return ageMs >= 0 && ageMs < REMEMBERED_MS ? this.#last : null;
  }
}
