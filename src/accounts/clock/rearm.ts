/** Timers that a lost alarm or an older version has left out: for the caller that wakes an account gone silent. */

import type { Account } from '../account.ts';
import { armGrant } from '../refreshing/plan.ts';
import type { AccountState } from '../store.ts';

/** Plans what has no timer, and says in the directory that the account lives. */
export function rearm(object: Account, { account, settings, grants }: AccountState): void {
  object.store.transaction(() => {
    for (const grant of grants) {
      if (object.timers.get(`refresh:${grant.id}`) === null) armGrant(object, account, settings, grant);
    }
    object.timers.set(object.timers.get('beat') === null ? 'index' : 'beat', object.now());
  });
}
