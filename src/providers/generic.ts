/**
 * The error table that every descriptor extends, a custom one too: the codes of RFC 6749 that mean the same everywhere.
 * It refuses to know any dialect, and to let a code outside it end a grant.
 *
 * Sources: RFC 6749 section 5.2, RFC 8628 section 3.5 (`slow_down`), RFC 6749 section 4.1.2.1 (`server_error`,
 * `temporarily_unavailable`, which token endpoints use too).
 */

/** What a generic code means; null: nothing that could be acted upon (`invalid_request`, `invalid_scope`, unknown ones). */
export type GenericVerdict = 'grant_dead' | 'credentials' | 'transient' | null;

/** Statuses with which `invalid_grant` is the provider's own word; 403 counts where the facts list it. */
const GRANT_STATUSES = [400, 401];
const CLIENT_STATUSES = [400, 401, 403];

/**
 * @param statuses the answer's status and those that it may stand for.
 * @param code the value of `error` in a JSON body.
 * @param forbiddenCounts whether the facts list a 403 with `invalid_grant`.
 */
export function genericVerdict(
  statuses: readonly number[],
  code: unknown,
  forbiddenCounts: boolean,
): GenericVerdict {
  switch (code) {
    case 'invalid_grant': {
      const counting = forbiddenCounts ? [...GRANT_STATUSES, 403] : GRANT_STATUSES;
      return statuses.some((status) => counting.includes(status)) ? 'grant_dead' : null;
    }
    case 'invalid_client':
    case 'unauthorized_client':
      return statuses.some((status) => CLIENT_STATUSES.includes(status)) ? 'credentials' : null;
    case 'temporarily_unavailable':
    case 'server_error':
    case 'slow_down':
      return 'transient';
    default:
      return null;
  }
}
