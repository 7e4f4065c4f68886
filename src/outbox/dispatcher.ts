/**
 * Starts the deliveries that may leave now: asks which endpoints there are, takes one turn on the rows, and hands what
 * has begun to the Deliverer without waiting for it.
 */

import type { LoadedEndpoints } from '#directory/webhooks/webhook-settings.ts';
import { log } from '#lib/log.ts';
import type { DeliveryRequest } from '#webhooks/delivery-request.ts';
import type { Awaited } from './tables/delivery-table.ts';
import type { KnownEndpoints } from './known-endpoints.ts';
import type { OutboxPowers } from './powers.ts';
import type { OutboxStore } from './tables/store.ts';
import { begin, takeTurn, type Moment, type Turn } from './turn.ts';

/** Without a key no event can be told from a forged one: nothing leaves, and it is looked for again then. */
const NO_KEY_LOOK_MS = 5 * 60_000;

const NO_PLACES: ReadonlyMap<string, readonly number[]> = new Map();

/** When to plan again; `unknown`: the endpoints could not be asked for, nothing was planned. */
export type Planned = Pick<Turn, 'wakeAtMs'> | 'unknown';

export class Dispatcher {
  readonly #powers: OutboxPowers;
  readonly #store: OutboxStore;
  readonly #known: KnownEndpoints;
  readonly #asking = new Set<string>();
  /** Endpoints for which places are being taken, or have been and are about to be written. */
  readonly #placing = new Set<string>();

  constructor(powers: OutboxPowers, store: OutboxStore, known: KnownEndpoints) {
    this.#powers = powers;
    this.#store = store;
    this.#known = known;
  }

  /** Plans and starts. Resolves when what may start has been handed over, not when it has ended. */
  async dispatch(): Promise<Planned> {
    const awaited = this.#store.deliveries.awaited();
    if (awaited.length === 0) return { wakeAtMs: null };
    const loaded = await this.#known.recent(awaited.map(({ organization }) => organization));
    if (loaded === null) return 'unknown';
    const turn = await this.#turn(awaited, loaded);
    if (turn === null) return { wakeAtMs: this.#powers.now() + NO_KEY_LOOK_MS };
    for (const request of turn.start) this.#handOver(request);
    for (const id of turn.probes) this.#asking.add(id);
    // Not waited for: a plan that comes back late would wake the object by what was so then.
    for (const id of turn.probes) this.#powers.waitUntil(this.#probe(id, loaded));
    return { wakeAtMs: turn.wakeAtMs };
  }

  /** Null: no key opens. */
  async #turn(awaited: readonly Awaited[], loaded: LoadedEndpoints): Promise<Turn | null> {
    const places = await this.#places(awaited, loaded);
    try {
      return await this.#powers.withKey((mac) =>
        this.#powers.transaction(() => takeTurn({ ...this.#moment(loaded, mac), places })),
      );
    } finally {
      for (const endpoint of places.keys()) this.#placing.delete(endpoint);
    }
  }

  #moment(loaded: LoadedEndpoints, mac: Uint8Array): Moment {
    const { source, random, now } = this.#powers;
    const at = { store: this.#store, asking: this.#asking, places: NO_PLACES, nowMs: now() };
    return { ...at, source, loaded, mac, random };
  }

  /**
   * Places for what endpoints kept back that answer again, taken once however many plans are made meanwhile. An endpoint
   * that is not in the answer has none yet.
   */
  async #places(
    awaited: readonly Awaited[],
    { endpoints }: LoadedEndpoints,
  ): Promise<Map<string, readonly number[]>> {
    const places = new Map<string, readonly number[]>();
    for (const endpoint of awaited) {
      const { id } = endpoint;
      const answers = endpoints.some((one) => one.id === id && one.health.status === 'active');
      const own = answers && !this.#placing.has(id) ? this.#store.deliveries.heldBy(endpoint).length : 0;
      if (own === 0) continue;
      this.#placing.add(id);
      try {
        const taken = await this.#powers.directory.takeDrainPlaces(id, own, this.#powers.now());
        if (taken === null) this.#placing.delete(id);
        else places.set(id, taken);
      } catch (error) {
        this.#placing.delete(id);
        log('warn', 'what an endpoint kept back has no places yet', { endpoint: id, error });
      }
    }
    return places;
  }

  /** One account probes; an account that does not get the lease looks again later. */
  async #probe(id: string, loaded: LoadedEndpoints): Promise<void> {
    try {
      const delivery = this.#store.deliveries.byId(id);
      if (delivery === null) return;
      const mine = await this.#powers.directory.takeProbe(delivery.endpoint, this.#powers.now());
      if (!mine) return;
      const request = await this.#powers.withKey((mac) =>
        this.#powers.transaction(() => begin(id, true, this.#moment(loaded, mac))),
      );
      if (request !== null) this.#handOver(request);
    } catch (error) {
      log('warn', 'an endpoint could not be probed', { delivery: id, error });
    } finally {
      this.#asking.delete(id);
    }
  }

  #handOver(request: DeliveryRequest): void {
    this.#powers.waitUntil(
      this.#powers.deliver(request).catch((error: unknown) => {
        // Its end may still be reported; if not, the row says when to look for it.
        log('warn', 'a delivery did not report back', { delivery: request.deliveryId, error });
      }),
    );
  }
}
