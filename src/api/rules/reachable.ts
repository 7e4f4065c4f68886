/** The accounts that an agent's rules reach, a page at a time: from the directory's index, judged by its policy row by row. */

import { accountStub } from '#accounts/stub.ts';
import type { Resource } from '#contract/accounts/connected-accounts.ts';
import type { ListedRow } from '#directory/indexes/index-lists.ts';
import { reachableAccounts } from '#directory/indexes/reachable.ts';
import type { Config } from '#env.ts';
import type { PolicyAgent } from '#policy/request.ts';

const BATCH = 200;
/** Rows that one request looks at. A page that ends here is short, and the next one goes on. */
const MAX_LOOKED_AT = 1_000;

/** What the row says; a row of an older version says too little, then the account itself is asked. Null: it is gone. */
async function resourceOf(config: Config, row: ListedRow): Promise<Resource | null> {
  if (row.resource !== null) return JSON.parse(row.resource) as Resource;
  const live = await accountStub(config, row.id).view({ organization: null });
  return live.ok ? live.value : null;
}

interface Found<T> {
  readonly data: readonly T[];
  /** The last row of the page; null: there is no other page. */
  readonly last: ListedRow | null;
}

/**
 * Newest first, at most `limit` of what `judge` makes of an account; null: it is left out.
 * @param start where the page before ended; null: at the beginning
 * @throws ProblemError `unavailable`
 */
export async function findReachable<T>(
  config: Config,
  agent: Pick<PolicyAgent, 'id' | 'organization' | 'policy'>,
  page: {
    readonly limit: number;
    readonly start: { readonly createdAtMs: number; readonly id: string } | null;
  },
  judge: (account: Resource) => T | null,
): Promise<Found<T>> {
  const { organization } = agent;
  const rules = agent.policy.rules.map(({ connection, identifiers, organizations }) => ({
    connection,
    identifiers: identifiers ?? [agent.id, 'default'],
    organizations: organizations ?? null,
  }));
  if (rules.length === 0) return { data: [], last: null };
  const data: T[] = [];
  let after = page.start;
  for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT; lookedAt += BATCH) {
    const rows = await reachableAccounts(config.directory, { rules, organization }, { limit: BATCH, after });
    for (const row of rows) {
      if (data.length === page.limit) return { data, last: after as ListedRow };
      const account = await resourceOf(config, row);
      const one = account === null ? null : judge(account);
      if (one !== null) data.push(one);
      after = row;
    }
    if (rows.length < BATCH) return { data, last: null };
  }
  return { data, last: after as ListedRow };
}
