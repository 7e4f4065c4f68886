/**
 * Whether a target may be registered: by its name, and by what its name points to. Milder than a send, which asks again:
 * a resolver that does not answer and a name that does not resolve yet are no reason to refuse.
 */

import { targetProblem, type GuardOptions } from './guard/guard.ts';
import { hostProblem } from './guard/guarded-fetch.ts';
import { RESOLVE_WITHIN_MS } from './guard/resolver.ts';

/** The problem of a target whose host points to where no call may go, in the grammar of `targetProblem`. */
export const FORBIDDEN_ADDRESS = 'must not have a host name that points to a private or reserved address';

/** Why `url` may not be registered, or null: what the guard says, then what its host points to. Never throws. */
export async function registrationProblem(url: string, options: GuardOptions): Promise<string | null> {
  const problem = targetProblem(url, options);
  if (problem !== null) return problem;
  return (await forbiddenTargets([url], options)).length > 0 ? FORBIDDEN_ADDRESS : null;
}

/**
 * Those of `urls` whose hosts point to addresses that may not be called. Each host is asked for once. Never throws.
 *
 * @param urls targets that the guard lets pass
 */
export async function forbiddenTargets(
  urls: readonly string[],
  options: GuardOptions,
): Promise<readonly string[]> {
  const byHost = Map.groupBy(urls, (url) => new URL(url).hostname);
  const found = await Promise.all(
    [...byHost.values()].map(async (same) => {
      const problem = await hostProblem(same[0] ?? '', options, RESOLVE_WITHIN_MS);
      return problem === 'forbidden_address' ? same : [];
    }),
  );
  return found.flat();
}
