/** Timers that a lost alarm or an older version has left out: for whoever wakes an account that should have been heard of. */

import { armGrant } from './plan.ts';
import type { Room } from './room.ts';
import type { AccountState } from './store.ts';

/** Plans what has no timer, and says in the directory that the account lives. */
export function rearm(room: Room, { account, settings, grants }: AccountState): void {
  room.store.transaction(() => {
    for (const grant of grants) {
      if (room.timers.get(`refresh:${grant.id}`) === null) armGrant(room, account, settings, grant);
    }
    room.timers.set(room.timers.get('beat') === null ? 'index' : 'beat', room.now());
  });
}
