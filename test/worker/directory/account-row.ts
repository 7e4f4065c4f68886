/** One row of the index of accounts, as tests need it. */

import type { AccountIndexRow } from '#directory/indexes/account-index.ts';

export function accountRow(changed: Partial<AccountIndexRow> = {}): AccountIndexRow {
  return {
    id: 'ca_1',
    connection: 'one',
    provider: 'hubspot',
    identifier: 'user_1',
    organization: '',
    status: 'active',
    statusReason: null,
    statusSinceMs: 1,
    subject: null,
    subjectLabel: null,
    credentialType: 'oauth2',
    scopes: ['a', 'b'],
    expiresAtMs: null,
    metadata: { note: 'ü' },
    createdAtMs: 1,
    updatedAtMs: 10,
    indexedAtMs: 11,
    ...changed,
  };
}
