import { describe, expect, it } from 'vitest';
import { accountOfRepairToken, checkRepairToken, repairToken } from '#accounts/flows/repair-link.ts';
import type { AccountRow } from '#accounts/rows.ts';

const KEY = new Uint8Array(32).fill(7);
const SINCE = Date.UTC(2026, 10, 21);
const DAY_MS = 86_400_000;

function account(change: Partial<AccountRow> = {}): AccountRow {
  return {
    accountId: 'ca_gabcdefghijklmnopqrstuvwxyz',
    organization: '',
    connection: 'hubspot',
    identifier: 'user_1',
    provider: 'hubspot',
    incarnation: 1,
    status: 'reauth_required',
    statusBefore: null,
    statusReason: 'grant_revoked',
    statusSinceMs: SINCE,
    statusProviderError: null,
    statusEvidence: [],
    causeBefore: null,
    reauthTold: true,
    subject: null,
    subjectLabel: null,
    metadata: {},
    variables: {},
    sealed: false,
    credentialType: 'oauth2',
    dataKey: '',
    generationCounter: 1,
    rotation: null,
    imported: [],
    accessTokenTtlS: null,
    learntLifetime: null,
    lastUsedAtMs: null,
    lastRefreshedAtMs: null,
    degradedSinceMs: null,
    degradedCause: null,
    createdAtMs: 0,
    updatedAtMs: 0,
    ...change,
  };
}

const token = repairToken(KEY, account()) ?? '';

describe('the token of a repair link', () => {
  it('names its account, is the same each time, and is good for seven days', () => {
    expect(accountOfRepairToken(token)).toBe(account().accountId);
    expect(repairToken(KEY, account())).toBe(token);
    expect(checkRepairToken(KEY, account(), token, SINCE)).toBe('good');
    expect(checkRepairToken(KEY, account(), token, SINCE + 7 * DAY_MS - 1)).toBe('good');
    expect(checkRepairToken(KEY, account(), token, SINCE + 7 * DAY_MS)).toBe('dead');
  });

  it('dies with its incident, also when the next one has begun', () => {
    expect(checkRepairToken(KEY, account({ status: 'active' }), token, SINCE)).toBe('dead');
    expect(checkRepairToken(KEY, account({ statusSinceMs: SINCE + 1 }), token, SINCE + 1)).toBe('dead');
    expect(repairToken(KEY, account({ status: 'active' }))).toBeNull();
  });

  it('goes on through a pause of the account', () => {
    const causeBefore = { reason: 'grant_revoked', sinceMs: SINCE, providerError: null, evidence: [] };
    const paused = account({
      status: 'disabled',
      statusBefore: 'reauth_required',
      statusSinceMs: SINCE + 5,
      causeBefore,
    });
    expect(repairToken(KEY, paused)).toBe(token);
    expect(checkRepairToken(KEY, paused, token, SINCE + 10)).toBe('good');
  });

  it('is forged after any change of a character, under another key, and in another account or life', () => {
    for (let index = 0; index < token.length; index += 1) {
      const changed = token.slice(0, index) + (token[index] === 'a' ? 'b' : 'a') + token.slice(index + 1);
      expect(checkRepairToken(KEY, account(), changed, SINCE), `at ${index}`).toBe('forged');
    }
    expect(checkRepairToken(new Uint8Array(32).fill(8), account(), token, SINCE)).toBe('forged');
    expect(
      checkRepairToken(KEY, account({ accountId: 'ca_gzzzzzzzzzzzzzzzzzzzzzzzzzz' }), token, SINCE),
    ).toBe('forged');
    expect(checkRepairToken(KEY, account({ incarnation: 2 }), token, SINCE)).toBe('forged');
  });
});
