/** Waiting for a person: the broker answers when it happened or its time is up, and is asked on until then. */

import { PolicyDeniedError, type Waiting } from '../errors/errors.ts';
import { pause, type Ask } from './transport.ts';

/** The longest that a broker waits in one request. */
const TURN_S = '25';
/** An answer that comes at once and says no is not asked for again at once. */
const SHORTEST_TURN_MS = 1_000;

type Json = <T>(ask: Ask) => Promise<T>;

/** @param json of the transport, which needs the waits to make its errors: given when it is there */
export function waitsBy(json: () => Json): Waiting {
  const until = async (
    path: string,
    query: Record<string, string>,
    isThere: (status: string) => boolean,
    signal?: AbortSignal,
  ): Promise<void> => {
    for (;;) {
      const beganAtMs = performance.now();
      const { status } = await json()<{ status: string }>({
        path,
        query: { ...query, timeout_s: TURN_S },
        fits: ({ status: told }) => typeof told === 'string',
        signal,
      });
      if (isThere(status)) return;
      await pause(Math.max(0, SHORTEST_TURN_MS - (performance.now() - beganAtMs)), signal);
    }
  };
  return {
    active: (accountId, signal) =>
      until(
        `/v1/connected-accounts/${accountId}/wait`,
        { status: 'active' },
        (status) => status === 'active' || status === 'degraded',
        signal,
      ),
    approved: (approvalId, signal) =>
      until(
        `/v1/approvals/${approvalId}/wait`,
        {},
        (status) => {
          if (status === 'denied' || status === 'expired')
            throw new PolicyDeniedError(`valetkey: the request was not approved: ${status}`, {
              code: 'policy_denied',
              status: 403,
            });
          return status !== 'pending';
        },
        signal,
      ),
  };
}
