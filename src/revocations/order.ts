/** What the object of a revocation is asked from outside: to take an order, to go on, and how it stands. Tells no account. */

import { kidOf } from '#crypto/envelope.ts';
import { revocationOwner } from '#crypto/places.ts';
import { err, ok } from '#lib/result.ts';
import { CorruptRowError } from '#objects/corrupt-row.ts';
import type { RevocationObject } from './object.ts';
import { BEGINNING, walkAnew, type Order } from './progress.ts';
import type { RevocationRpc } from './stub.ts';

type Out<M extends keyof RevocationRpc> = ReturnType<RevocationRpc[M]>;

/** Longer than a Worker takes to write the cut-off: then the object looks for it by itself. */
const UNASKED_MS = 15_000;

/** @throws Error ("internal") for another object's order, and for a second one */
export async function take(object: RevocationObject, order: Order): Out<'take'> {
  const { store, vault, timers } = object;
  if (order.id !== object.id || store.hasTables())
    throw new Error('internal: a revocation is ordered once, in the object of its id');
  const drawn = await vault.keyForNewLife(revocationOwner(order.id, order.owner ?? ''), null);
  if (!drawn.ok) return drawn;
  const { wrapped, life } = drawn.value;
  store.transaction(() => {
    store.save(life.key.mac, { order, progress: BEGINNING, dataKey: wrapped });
    timers.set('step', object.now() + UNASKED_MS);
  });
  return ok({ kid: kidOf(wrapped) });
}

/** A revocation that had nothing left to do begins another walk; another one goes on as it is. */
export async function go({ store, vault, timers, now }: RevocationObject): Out<'go'> {
  await vault.withKey((mac) => {
    const state = store.state(mac);
    if (state === null) return;
    const { progress } = state;
    const isOver = progress.isFolded || timers.get('step') === null;
    if (!isOver && progress.isWritten) return;
    store.transaction(() => {
      if (isOver) store.save(mac, { ...state, progress: { ...walkAnew(progress), isFolded: false } });
      timers.set('step', now());
    });
  });
}

export async function view(
  { store, vault }: RevocationObject,
  { before, limit }: { readonly before: number | null; readonly limit: number },
): Out<'view'> {
  const opened = await vault.open();
  if (!opened.ok) return opened;
  if (opened.value === null) return ok(null);
  const { mac } = opened.value.key;
  try {
    const state = store.state(mac);
    if (state === null) return ok(null);
    const { order, progress } = state;
    const counts = store.counts();
    const receipts = store.receipts(mac, before, limit);
    const isComplete = progress.completedAtMs !== null && counts.retrying === 0;
    const made = store.lastNumber();
    const matched =
      order.selector.agent !== null ? order.matched : isComplete ? made : Math.max(order.matched, made);
    return ok({ order, isComplete, matched, counts, receipts });
  } catch (error) {
    if (!(error instanceof CorruptRowError)) throw error;
    return err({ code: 'record_corrupt', detail: 'a stored row was changed outside the broker' });
  }
}
