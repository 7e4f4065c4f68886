/**
 * What an agent is told of an account that its rules allow and that does not exist: its id, and, where a rule says
 * `connect: true`, a link for the user. The link needs an account that signs it, so that one is made, pending.
 */

import { accountStub } from '#accounts/stub.ts';
import type { RequestContext } from '#audit/record.ts';
import type { AgentProof } from '#callers/proof.ts';
import { accountId } from '#crypto/digest.ts';
import { connectionSettings } from '#directory/connections/connections.ts';
import { noteKnown } from '#directory/indexes/known-objects.ts';
import { log } from '#lib/log.ts';
import { mayConnect } from '#policy/reach.ts';
import { FOR_TOKEN, type Place, type Use } from '#policy/request.ts';
import { systemNow } from '#lib/clock.ts';
import type { Arrival } from './arrival.ts';

/** Its id, and a link for its user; null: no rule gives one, or none can be made now. Never throws. */
export async function linkForMissing(
  { config }: Arrival,
  caller: AgentProof,
  context: RequestContext,
  missing: Place,
  use: Partial<Use>,
): Promise<{ readonly accountId: string; readonly url: string | null }> {
  const { connection, identifier, organization } = missing;
  const id = accountId(organization, connection, identifier);
  const purpose = context.purpose ?? null;
  if (!mayConnect(caller, { ...FOR_TOKEN, ...use, ...missing, purpose, nowMs: systemNow() }))
    return { accountId: id, url: null };
  try {
    const settings = await connectionSettings(config, connection, organization);
    if (settings === null) return { accountId: id, url: null };
    const stub = () => accountStub(config, id, settings.location);
    const birth = { accountId: id, organization, connection, identifier, settings, metadata: {}, context };
    const made = await stub().create(birth);
    if (made.ok) noteKnown(config.directory, 'account', id);
    return { accountId: id, url: made.ok ? await stub().linkForUser({}) : null };
  } catch (error) {
    // The refusal stands without the link; the next request may get one.
    log('warn', 'no link for a missing account', { error });
    return { accountId: id, url: null };
  }
}
