/**
 * What the facts say about a refresh token's life: whether it changes at each use, how long the old one is forgiven,
 * and when it ends. Unknown counts as the strict case. It refuses to plan: when to refresh is the refresh room's.
 */

import type { Descriptor } from './descriptor.ts';
import { isUnverified } from './descriptor.ts';

export interface Rotation {
  /** The refresh token may change at each use, so a lost answer may mean a lost grant. */
  rotating: boolean;
  /** How long the old one may be presented again; null: not at all, or not known for certain. */
  graceMs: number | null;
}

/** A shorter grace ends before an attempt, its doubt and a second attempt fit into it. */
const SHORTEST_GRACE_S = 60;

/**
 * - `static` and `none`: not rotating, nothing can be lost; where that is unverified it counts as rotating all the same,
 *   because presenting a spent token may end the whole grant.
 * - `rotating`, and `optional`, null or unknown, which count as such: a grace only where the provider itself documents
 *   it (or the operator gave it) and it is at least a minute.
 */
export function rotationOf(descriptor: Descriptor): Rotation {
  if (staysTheSame(descriptor) && !isUnverified(descriptor, 'refresh_token')) {
    return { rotating: false, graceMs: null };
  }
  const graceS = descriptor.refresh_reuse_grace_s;
  const trusted =
    descriptor.refresh_reuse_grace_verified && !isUnverified(descriptor, 'refresh_reuse_grace_s');
  return {
    rotating: true,
    graceMs: trusted && graceS !== null && graceS >= SHORTEST_GRACE_S ? graceS * 1000 : null,
  };
}

const staysTheSame = (descriptor: Descriptor): boolean =>
  descriptor.refresh_token === 'static' || descriptor.refresh_token === 'none';

/** The ends of a refresh token as the facts give them; null where they give none. */
export interface RefreshTokenLife {
  /** It dies when it is not used for so long; each refresh starts this anew. */
  idleMs: number | null;
  /** It dies so long after the user gave it; no refresh extends it. */
  absoluteMs: number | null;
}

/**
 * A rotating token's life begins again with each successor, so to the grant it is an idle life; that of a static one
 * runs from the consent. Some providers end the grant besides, even if it is refreshed meanwhile.
 */
export function refreshTokenLifeOf(descriptor: Descriptor): RefreshTokenLife {
  const ms = (seconds: number | null): number | null =>
    seconds === null || seconds === 0 ? null : seconds * 1000;
  const ttlMs = ms(descriptor.refresh_token_ttl_s);
  const renews = !staysTheSame(descriptor);
  return {
    idleMs: ms(descriptor.refresh_token_idle_ttl_s) ?? (renews ? ttlMs : null),
    absoluteMs: ms(descriptor.refresh_token_absolute_ttl_s ?? null) ?? (renews ? null : ttlMs),
  };
}
