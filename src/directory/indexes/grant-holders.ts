/**
 * Which other accounts hold a grant that a provider may take for the same one: asked before a grant is revoked there.
 * As fresh as the accounts' own timers write the index; an account without a subject may belong to any user, so it
 * counts; so does each account whose organization has, or had, that client for itself.
 */

import { tokenHostOf, type GrantIdentity } from '#providers/requests/revocation.ts';
import { ask } from '../ask.ts';

/** An account without a grant shows one of these. Everything else, `pending_confirmation` too, may hold one. */
const WITHOUT_GRANT = `('pending', 'revoked')`;

const HOLDERS = `SELECT DISTINCT c.token_url,
    EXISTS (SELECT 1 FROM account_index a WHERE a.connection = c.id AND a.subject = ?1 AND a.id <> ?2
      AND a.credential_type = 'oauth2' AND a.status NOT IN ${WITHOUT_GRANT}) AS same,
    EXISTS (SELECT 1 FROM account_index a WHERE a.connection = c.id AND a.subject IS NULL AND a.id <> ?2
      AND a.credential_type = 'oauth2' AND a.status NOT IN ${WITHOUT_GRANT}) AS anybody
  FROM connection c WHERE c.client_id IS ?3
UNION SELECT DISTINCT c.token_url,
    EXISTS (SELECT 1 FROM account_index a WHERE a.connection = k.connection AND a.organization = k.organization
      AND a.subject = ?1 AND a.id <> ?2 AND a.credential_type = 'oauth2' AND a.status NOT IN ${WITHOUT_GRANT}),
    EXISTS (SELECT 1 FROM account_index a WHERE a.connection = k.connection AND a.organization = k.organization
      AND a.subject IS NULL AND a.id <> ?2 AND a.credential_type = 'oauth2' AND a.status NOT IN ${WITHOUT_GRANT})
  FROM own_client k JOIN connection c ON c.id = k.connection WHERE k.client_id = ?3`;

type Row = { token_url: string | null; same: number; anybody: number };

/**
 * Grants of other accounts under this client registration that are the subject's or may be.
 *
 * @param self the account that asks, which knows its own grants
 * @throws ProblemError `unavailable`
 */
export async function otherGrantHolders(
  db: D1Database,
  { clientId, subject, self }: { clientId: string | null; subject: string; self: string },
): Promise<GrantIdentity[]> {
  const { results } = await ask(() => db.prepare(HOLDERS).bind(subject, self, clientId).all<Row>());
  return results.flatMap((row) => {
    const tokenHost = tokenHostOf(row.token_url);
    return [
      ...(row.same === 1 ? [{ tokenHost, clientId, subject }] : []),
      ...(row.anybody === 1 ? [{ tokenHost, clientId, subject: null }] : []),
    ];
  });
}
