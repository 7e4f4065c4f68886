/**
 * Starts a revocation: its object notes the order, the cut-off is written with the record of who did it, and the object
 * goes to work. Where its caller dies in between, a cut-off that is written has an object that carries it out, and an object
 * without a cut-off does nothing.
 */

import { agentStub } from '#agents/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import { unwrap } from '#contract/answer.ts';
import type { GivenSelector } from '#contract/callers/revocations.ts';
import { newId } from '#crypto/api-keys.ts';
import {
  findMatched,
  lingeringCutOffs,
  writeCutOff,
  type Matched,
} from '#directory/revocations/cut-off-table.ts';
import type { Selector } from '#directory/revocations/selector.ts';
import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { YOUNG_MS } from './progress.ts';
import { revocationStub } from './stub.ts';

export interface Wanted {
  readonly selector: Selector;
  /** The same in the words of the caller. */
  readonly given: GivenSelector;
  /** Organization of a bound operator; null: unbound. */
  readonly owner: string | null;
  readonly atProvider: boolean;
}

/** The accounts that it would match now; of an agent that is there one. @throws ProblemError `unavailable` */
export async function matchedBy(config: Pick<Config, 'directory'>, selector: Selector): Promise<Matched> {
  if (selector.agent !== null) return { count: 1, changedAtMs: null };
  return findMatched(config.directory, selector, systemNow());
}

/** Clocks differ by less. */
const MAX_SKEW_MS = 60_000;

/** The time of the cut-off: also where this clock is behind those of the accounts, what they hold is not younger. */
function timeOfCutOff({ changedAtMs }: Matched, nowMs: number): number {
  return Math.max(nowMs, Math.min(changedAtMs ?? nowMs, nowMs + MAX_SKEW_MS));
}

/** @throws ProblemError `vault_locked`, `record_corrupt`, `unavailable`, `conflict`: then nothing holds */
export async function startRevocation(
  config: Config,
  { selector, given, owner, atProvider }: Wanted,
  found: Matched,
  context: RequestContext,
): Promise<{ readonly id: string; readonly matched: number }> {
  const id = newId('rev');
  const matched = found.count;
  const row = { id, selector, owner, atProvider, atMs: timeOfCutOff(found, systemNow()), matched };
  const { kid } = unwrap(await revocationStub(config, id).take({ order: { ...row, given, context } }));
  await writeCutOff(config, row, kid, context);
  try {
    if (selector.agent !== null)
      await agentStub(config, selector.agent).revoke({
        revocation: id,
        atMs: row.atMs,
        context,
        isAsked: true,
      });
    await revocationStub(config, id).go({});
  } catch (error) {
    log('warn', 'a revocation goes on by itself', { revocation: id, error });
  }
  return { id, matched };
}

const WOKEN = 50;
/** Longer than a revocation stands in the list of cut-offs. */
const LINGERS_MS = YOUNG_MS + 5 * 60_000;

/** The cron's share: wakes revocations that are not over by now. Never throws. */
export async function wakeRevocations(config: Config, nowMs: number = systemNow()): Promise<void> {
  try {
    const ids = await lingeringCutOffs(config.directory, nowMs - LINGERS_MS, WOKEN);
    await Promise.all(
      ids.map((id) =>
        revocationStub(config, id)
          .go({})
          .catch((error: unknown) => log('warn', 'a revocation does not wake', { revocation: id, error })),
      ),
    );
  } catch (error) {
    log('warn', 'no revocation was woken', { error });
  }
}
