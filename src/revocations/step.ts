/**
 * One step of a revocation, run by its alarm: up to fifty accounts are told, their receipts and the place in the walk are
 * one transaction, and the next step follows at once. What a crash cuts off is told again, and an account that was told
 * already says so: none is lost and none is doubled.
 */

import {
  findCutOff,
  foldCutOff,
  matchedAccounts,
  noteCompleted,
} from '#directory/revocations/cut-off-table.ts';
import { log } from '#lib/log.ts';
import type { OpenedLife } from '#objects/vault.ts';
import type { RevocationObject } from './object.ts';
import {
  LATER_PAGE,
  receiptAfter,
  SETTLING_MS,
  STEP,
  walkAnew,
  YOUNG_MS,
  type Order,
  type Progress,
  type ReceiptRow,
  type Told,
} from './progress.ts';
import type { State } from './store.ts';

/** The directory may have taken a cut-off although it did not say so in time: it is looked for again until then. */
const UNWRITTEN_MS = 120_000;
const LOOK_AGAIN_MS = 5_000;
/** An account that could not note the cut-off keeps it in the list, which closes it. */
const UNNOTED_MS = 6 * 3_600_000;

/** The timer's work. @throws where the directory or the agent does not answer: the step comes again */
export async function runStep(object: RevocationObject, life: OpenedLife | null): Promise<void> {
  const mac = life?.key.mac;
  const state = mac === undefined ? null : object.store.state(mac);
  if (mac === undefined || state === null) return object.store.transaction(() => object.timers.clear('step'));
  const atMs = await nextOf(object, mac, state);
  return object.store.transaction(() => {
    if (atMs === null) object.timers.clear('step');
    else object.timers.set('step', atMs);
  });
}

/** Does what is next. When the step after it is due; null: nothing is left to do. */
async function nextOf(object: RevocationObject, mac: Uint8Array, state: State): Promise<number | null> {
  const { order, progress } = state;
  const nowMs = object.now();
  const { directory } = object.config;
  if (!progress.isWritten) {
    if ((await findCutOff(directory, order.id)) === null)
      return nowMs - order.atMs > UNWRITTEN_MS ? null : nowMs + LOOK_AGAIN_MS;
    return moved(object, mac, { isWritten: true });
  }
  if (order.selector.agent !== null && !progress.isAgentTold) return tellAgent(object, mac, order);
  if (!progress.isWalked) return walk(object, mac, state);
  const due = object.store.due(mac, nowMs, STEP);
  if (due.length > 0) return tellAgain(object, mac, order, due);
  const nextTryAtMs = object.store.nextTryAtMs();
  if (progress.found > 0 && nextTryAtMs === null) return moved(object, mac, () => walkAnew(progress));
  if (nextTryAtMs !== null) return nextTryAtMs;
  const settledAtMs = order.atMs + SETTLING_MS;
  if (order.selector.agent === null && progress.completedAtMs === null && nowMs < settledAtMs)
    return later(object, mac, progress, settledAtMs);
  if (progress.completedAtMs === null) {
    await noteCompleted(directory, order.id, nowMs);
    return moved(object, mac, { completedAtMs: nowMs });
  }
  return fold(object, mac, order, progress);
}

/** Stores the change, and the next step follows at once. */
function moved(
  object: RevocationObject,
  mac: Uint8Array,
  change: Partial<Progress> | ((progress: Progress) => Progress),
): number {
  const { store } = object;
  store.transaction(() => {
    const state = store.state(mac);
    if (state === null) throw new Error('internal: the revocation is gone');
    const { progress } = state;
    const next = typeof change === 'function' ? change(progress) : { ...progress, ...change };
    store.save(mac, { ...state, progress: next });
  });
  return object.now();
}

/** One more walk, at `atMs`: accounts that were made just before the cut-off are in the index by then. */
function later(object: RevocationObject, mac: Uint8Array, progress: Progress, atMs: number): number {
  moved(object, mac, () => walkAnew(progress));
  return atMs;
}

async function tellAgent(object: RevocationObject, mac: Uint8Array, order: Order): Promise<number> {
  const agentId = order.selector.agent ?? '';
  const { id: revocation, atMs, context } = order;
  const told = await object.agent(agentId).revoke({ revocation, atMs, context });
  if (!told.ok && told.code !== 'not_found') throw new Error(`the agent answers ${told.code}`);
  return moved(object, mac, { isAgentTold: true });
}

async function walk(object: RevocationObject, mac: Uint8Array, { order, progress }: State): Promise<number> {
  const { store } = object;
  const limit = progress.walks === 0 ? STEP : LATER_PAGE;
  const page = await matchedAccounts(object.config.directory, order, progress.place, limit);
  const without = page.filter(({ accountId }) => !store.hasReceipt(accountId));
  const ids = without.slice(0, STEP).map(({ accountId }) => accountId);
  const told = await Promise.all(ids.map((id) => tell(object, order, id)));
  const isWhole = without.length <= STEP;
  const place = (isWhole ? page.at(-1) : without[STEP - 1]) ?? progress.place;
  const isWalked = isWhole && page.length < limit;
  return moved(object, mac, (present) => {
    let n = store.lastNumber();
    let found = present.found;
    for (const [at, accountId] of ids.entries()) {
      const fresh = { accountId, n: n + 1, tries: 0, isNoted: false };
      const receipt = receiptAfter(fresh, told[at] ?? null, object.now(), object.random);
      if (receipt === null || store.hasReceipt(accountId)) continue;
      store.saveReceipt(mac, receipt);
      n += 1;
      found += 1;
    }
    return { ...present, place, found, isWalked, walks: present.walks + Number(isWalked) };
  });
}

async function tellAgain(
  object: RevocationObject,
  mac: Uint8Array,
  order: Order,
  due: readonly ReceiptRow[],
): Promise<number> {
  const told = await Promise.all(due.map(({ accountId }) => tell(object, order, accountId)));
  object.store.transaction(() => {
    for (const [at, before] of due.entries()) {
      const answer = told[at] ?? null;
      // It is not about this account any more: what was about it has ended.
      const meant = answer === null || answer.isMatched ? answer : { ...answer, isMatched: true };
      const receipt = receiptAfter(before, meant, object.now(), object.random);
      if (receipt !== null) object.store.saveReceipt(mac, receipt);
    }
  });
  return object.now();
}

/** Null: the account did not answer, or may not be written now. */
async function tell(object: RevocationObject, order: Order, accountId: string): Promise<Told | null> {
  const { id, selector, atMs, atProvider, context } = order;
  try {
    const told = await object
      .account(accountId)
      .noteCutOff({ cutOff: { id, selector, atMs, atProvider }, context });
    if (told.ok) return told.value;
    log('warn', 'an account does not take a cut-off', {
      connected_account_id: accountId,
      reason: told.error.code,
    });
  } catch (error) {
    log('warn', 'an account could not be told of a cut-off', { connected_account_id: accountId, error });
  }
  return null;
}

/** Complete, and young: it stays in the list until no account can come that the index had not heard of. */
async function fold(
  object: RevocationObject,
  mac: Uint8Array,
  order: Order,
  progress: Progress,
): Promise<number | null> {
  if (progress.isFolded) return null;
  const { directory } = object.config;
  const isAgents = order.selector.agent !== null;
  const youngUntilMs = order.atMs + YOUNG_MS;
  if (!isAgents && object.now() < youngUntilMs) return later(object, mac, progress, youngUntilMs);
  if (object.store.hasUnnoted()) return later(object, mac, progress, object.now() + UNNOTED_MS);
  await foldCutOff(directory, order.id, object.now());
  moved(object, mac, { isFolded: true });
  return null;
}
