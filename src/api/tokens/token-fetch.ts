/**
 * The token routes, in both forms: what the account's door lets out becomes the one answer that exists to hand it out.
 * Knows nothing of the app: `routes/accounts/tokens.ts` and `token-front.ts` bring requests here.
 */

import type { z } from '@hono/zod-openapi';
import { CredentialQuery, TokenQuery } from '#contract/accounts/tokens.ts';
import { askById, askByName, untilDecided, type Ask, type Released, type Wish } from '../asking/asking.ts';
import type { Arrival } from '../arrival.ts';
import { queryIn } from '../http/input.ts';

/** A token by account id. @throws ProblemError */
export function tokenByAccount(arrival: Arrival, id: string): Promise<Response> {
  return untilDecided(
    arrival,
    () => wishOf(queryIn(arrival.url, TokenQuery)),
    async (ask) => answerOf(ask, await askById(ask, id)),
  );
}

/** A token by connection and identifier, the short form. @throws ProblemError */
export function tokenByConnection(arrival: Arrival, agentId: string, connection: string): Promise<Response> {
  return untilDecided(
    arrival,
    () => wishOf(queryIn(arrival.url, CredentialQuery)),
    async (ask) => {
      const { identifier = null, organization = null } = queryIn(arrival.url, CredentialQuery);
      return answerOf(ask, await askByName(ask, { agentId, connection, identifier, organization }));
    },
  );
}

function wishOf(query: z.output<typeof TokenQuery>): Wish {
  return {
    use: { action: 'token' },
    minTtlS: query.min_ttl,
    scopes: query.scope === undefined ? null : query.scope.split(' '),
    rejected: query.rejected ?? null,
    withApi: query.details === 'api',
  };
}

function answerOf({ arrival, rates }: Ask, released: Released | 'again'): Response | 'again' {
  if (released === 'again') return released;
  if (!('credential' in released)) throw new Error('internal: a request for a token got what a call needs');
  return released.credential.toResponse({ 'x-correlation-id': arrival.correlationId, ...rates.headers() });
}
