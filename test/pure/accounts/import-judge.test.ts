/** What becomes of a brought credential: the rules one by one, and what no combination of them may do. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CredentialFields } from '../../../src/accounts/life/import/fields.ts';
import {
  judgeImport,
  withImported,
  withSpent,
  type ImportMode,
} from '../../../src/accounts/life/import/judge.ts';
import type { AccountRow, GrantRow, ImportedToken } from '../../../src/accounts/rows.ts';

const NOW = 1_795_255_200_000;
const grant = (changes: Partial<GrantRow> = {}): GrantRow =>
  ({ id: 1, hasRefreshToken: true, hasAccessToken: true, accessExpiresAtMs: NOW + 60_000, tokenAtMs: NOW, lifetimeMs: 60_000, ...changes }) as GrantRow; // prettier-ignore
const oauth = (refreshToken: string | null, accessToken: string | null): CredentialFields => ({
  type: 'oauth2',
  refreshToken,
  accessToken,
  expiresInS: null,
  scopes: null,
});
const account = (imported: ImportedToken[] = [], status: AccountRow['status'] = 'active') =>
  ({ status, statusBefore: null, imported }) as unknown as AccountRow;

const judge = (
  of: AccountRow,
  grants: GrantRow[],
  credential: CredentialFields,
  mode: ImportMode = 'prove',
  digest: string | null = credential.type === 'oauth2' ? credential.refreshToken : null,
) => judgeImport({ account: of, grants, credential, digest, mode, nowMs: NOW });

describe('an import', () => {
  it.each([
    ['both tokens into nothing', [], oauth('r', 'a'), 'store'],
    ['a refresh token alone into nothing', [], oauth('r', null), 'prove'],
    ['an access token alone into nothing', [], oauth(null, 'a'), 'store'],
    ['both tokens over a living grant', [grant()], oauth('r', 'a'), 'prove'],
    [
      'both tokens over one whose access token has ended',
      [grant({ accessExpiresAtMs: 1 })],
      oauth('r', 'a'),
      'prove',
    ],
    ['both tokens over a living access token', [grant({ hasRefreshToken: false })], oauth('r', 'a'), 'prove'],
    ['an access token over a grant that renews itself', [grant()], oauth(null, 'a'), 'refuse'],
    ['an access token over an access token', [grant({ hasRefreshToken: false })], oauth(null, 'a'), 'check'],
    [
      'a static credential over one',
      [grant()],
      { type: 'api_key', fields: { api_key: 'k' } } as const,
      'store',
    ],
  ] as const)('of %s', (_, grants, credential, kind) => {
    expect(judge(account(), [...grants], credential).kind).toBe(kind);
    if (credential.type === 'oauth2')
      expect(judge(account(), [...grants], credential, 'trust').kind).toBe('store');
  });

  it('into an account whose grant is dead is none over a living one', () => {
    expect(judge(account([], 'reauth_required'), [grant()], oauth('r', 'a')).kind).toBe('store');
    expect(judge(account([], 'reauth_required'), [grant()], oauth('r', null)).kind).toBe('prove');
  });

  it('with many others replaces no living grant', () => {
    expect(judge(account(), [grant()], oauth('r', 'a'), 'bulk')).toMatchObject({
      kind: 'refuse',
      code: 'conflict',
    });
    expect(judge(account(), [], oauth('r', null), 'bulk').kind).toBe('store');
  });

  it('of a token that the account lives on, or on its successor, is left alone', () => {
    const own = (spent: boolean) => account([{ digest: 'r', grantId: 1, spent }]);
    for (const mode of ['prove', 'bulk', 'trust'] as const)
      expect(judge(own(true), [grant()], oauth('r', 'a'), mode).kind).toBe('keep');
    expect(judge(own(false), [grant()], oauth('r', null)).kind).toBe('keep');
    expect(judge(own(false), [grant()], oauth('r', null), 'trust').kind).toBe('store');
  });

  it('of an older token is not taken for the one in use', () => {
    const both = account([
      { digest: 'new', grantId: 1, spent: false },
      { digest: 'old', grantId: 1, spent: false },
    ]);
    expect(judge(both, [grant()], oauth('old', null)).kind).toBe('prove');
  });
});

describe('what is remembered', () => {
  const row = { ...account(), imported: [] } as AccountRow;

  it('is the newest first, each once, and no more than ten', () => {
    let now = row;
    for (let n = 0; n < 30; n += 1) now = withImported(now, `d${n % 15}`, n + 1, false);
    expect(now.imported).toHaveLength(10);
    expect(now.imported[0]).toEqual({ digest: 'd14', grantId: 30, spent: false });
    expect(new Set(now.imported.map(({ digest }) => digest)).size).toBe(10);
  });

  it('stays spent, and is written once', () => {
    const taken = withImported(row, 'd', 4, false);
    const spent = withSpent(taken, 4);
    expect(spent.imported[0]?.spent).toBe(true);
    expect(withSpent(spent, 4)).toBe(spent);
    expect(withSpent(taken, 5)).toBe(taken);
  });
});

describe('whatever is brought', () => {
  const tokens = fc.constantFrom('r1', 'r2', 'r3', null);
  const worlds = fc.record({
    imported: fc.array(
      fc.record({
        digest: fc.constantFrom('r1', 'r2', 'r3'),
        grantId: fc.integer({ min: 0, max: 3 }),
        spent: fc.boolean(),
      }),
      { maxLength: 4 },
    ),
    status: fc.constantFrom('active', 'pending', 'reauth_required', 'revoked', 'disabled'),
    grants: fc.array(
      fc.record({
        id: fc.integer({ min: 1, max: 3 }),
        hasRefreshToken: fc.boolean(),
        hasAccessToken: fc.boolean(),
        accessExpiresAtMs: fc.constantFrom(null, NOW - 1, NOW + 60_000),
      }),
      { maxLength: 2 },
    ),
    refreshToken: tokens,
    accessToken: fc.constantFrom('a', null),
    mode: fc.constantFrom('prove', 'trust', 'bulk'),
  });

  it('a spent token is neither stored nor presented, and nothing unproven replaces a living grant unasked', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(worlds, ({ imported, status, grants, refreshToken, accessToken, mode }) => {
        const rows = grants.map((one) => grant(one));
        const of = {
          ...account(imported, status as AccountRow['status']),
          statusBefore: 'active',
        } as AccountRow;
        const step = judge(of, rows, oauth(refreshToken, accessToken), mode as ImportMode);
        seen.add(step.kind);
        const acts = step.kind === 'store' || step.kind === 'prove' || step.kind === 'check';
        const first = imported.find(({ digest }) => digest === refreshToken);
        if (first?.spent === true) expect(acts).toBe(false);
        const renews = rows.some(({ hasRefreshToken }) => hasRefreshToken);
        if ((status === 'active' || status === 'disabled') && renews && mode !== 'trust')
          expect(step.kind).not.toBe('store');
        if (mode !== 'prove') expect(['prove', 'check']).not.toContain(step.kind);
      }),
      { numRuns: 2000 },
    );
    expect([...seen].toSorted()).toEqual(['check', 'keep', 'prove', 'refuse', 'store']);
  });
});
