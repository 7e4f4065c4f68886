/** What an imported credential replaces, in one transaction. */

import type { RequestContext } from '#audit/record.ts';
import { newest } from '#providers/clients.ts';
import type { Account } from '../../account.ts';
import { warnUnrenewable } from '../../clock/calendar.ts';
import { endFlows } from '../../flows/sessions/upkeep.ts';
import { armGrant } from '../../refreshing/plan.ts';
import type { ConnectionSettings, CredentialType, GrantRow } from '../../rows.ts';
import type { OpenedAccount } from '../../vault.ts';
import { applyChange } from '../changes.ts';
import { askVariablesSoon } from '../subject.ts';
import { withImported } from './judge.ts';

/** What takes the place of everything that the account holds. */
export interface Taken {
  readonly grant: GrantRow;
  readonly settings: ConnectionSettings;
  readonly credentialType: CredentialType;
  readonly context: RequestContext;
  readonly digest: string | null;
  /** A successor of the token that was brought has been read. */
  readonly spent: boolean;
  /** For the record. */
  readonly evidence?: readonly string[];
  /** An exchange has brought it home; left out: it is as the operator brought it. */
  readonly isProven?: boolean;
}

/** One transaction; awaits nothing. Attempts, flows and proofs of what was there before are over. */
export function storeImport(object: Account, opened: OpenedAccount, taken: Taken): void {
  const mac = opened.key.mac;
  const { grant, settings, credentialType, context, digest, spent, evidence = [], isProven = false } = taken;
  object.store.transaction(() => {
    const state = object.store.state(mac);
    if (state === null) throw new Error('internal: an import into an account that is gone');
    // While the rows are in memory: settings that are kept already are not written again.
    object.store.saveSettings(mac, newest(settings, state.settings));
    endOpenAttempts(object, 'superseded');
    dropProofs(object, mac);
    endFlows({ object, mac, nowMs: object.now() }, 'superseded', false);
    for (const old of state.grants) object.timers.clear(`refresh:${old.id}`);
    object.store.deleteGrants();
    object.store.saveGrant(mac, grant);
    const account = applyChange(
      object,
      mac,
      {
        ...withImported(state.account, digest, grant.id, spent),
        credentialType,
        // The user has to be asked for anew: the known user belongs to the grant that goes.
        subject: null,
        subjectLabel: null,
        degradedSinceMs: null,
        degradedCause: null,
      },
      { signal: 'connected', action: 'account.import', reason: null, scopes: grant.scopes, evidence },
      context,
    );
    armGrant(object, account, settings, grant);
    askVariablesSoon(object, { account, settings }, grant, isProven);
    warnUnrenewable(object, mac, account, grant);
  });
}

/** Inside a transaction. */
export function endOpenAttempts(object: Account, outcome: string): void {
  for (const attempt of object.attempts.open()) {
    object.attempts.end(attempt.id, { endedAtMs: object.now(), outcome, reason: null, providerError: null });
    object.timers.clear(`reconcile:${attempt.id}`);
  }
}

/** Inside a transaction. A result that is still on its way to them is overtaken. */
export function dropProofs(object: Account, mac: Uint8Array): void {
  for (const { sessionId } of object.store.flows.proofs(mac))
    object.store.flows.deleteCandidate(mac, sessionId);
}
