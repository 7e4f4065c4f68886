/** What closes an account whatever its own row says: from its copy of the connection, and from the list. */

import { describe, expect, it } from 'vitest';
import { deletedRefusal, isBehind, isBuried, proxyOnlyRefusal } from '#accounts/ending/cut-offs.ts';
import type { ConnectionSettings } from '#providers/settings.ts';

const account = { connection: 'crm', createdAtMs: 1_000 };
const copy = (version: number, tokenAccess: 'any' | 'proxy_only' = 'any') =>
  ({ id: 'crm', version, tokenAccess }) as ConnectionSettings;
const list = (closed: [string, number][] = [], deleted: [string, number, number][] = []) => ({
  proxyOnly: closed.map(([connection, version]) => ({ connection, version })),
  deleted: deleted.map(([connection, version, deletedAtMs]) => ({ connection, version, deletedAtMs })),
});
const codeOf = (...given: Parameters<typeof deletedRefusal>) =>
  (deletedRefusal(...given) ?? proxyOnlyRefusal(...given))?.code ?? null;

describe('a connection whose credentials do not leave', () => {
  it('closes by a list that is newer than the copy, before the copy knows', () => {
    expect(codeOf(account, copy(1), list([['crm', 2]]))).toBe('account_sealed');
    expect(isBehind(account, copy(1), list([['crm', 2]]))).toBe(true);
  });

  it('closes by the copy where there is no list', () => {
    expect(codeOf(account, copy(2, 'proxy_only'), null)).toBe('account_sealed');
    expect(codeOf(account, copy(2, 'proxy_only'), list())).toBe('account_sealed');
  });

  it('is looked up anew before it is refused by the copy: a list alone opens nothing', () => {
    expect(isBehind(account, copy(2, 'proxy_only'), list())).toBe(true);
    expect(isBehind(account, copy(2), list())).toBe(false);
    expect(isBehind(account, copy(2), null)).toBe(false);
  });

  it('is open again for a copy that is newer than the list', () => {
    expect(codeOf(account, copy(3), list([['crm', 2]]))).toBeNull();
    expect(isBehind(account, copy(3), list([['crm', 2]]))).toBe(false);
  });

  it('closes no account of another connection', () => {
    expect(codeOf(account, copy(1), list([['other', 9]]))).toBeNull();
  });
});

describe('a connection that is gone', () => {
  const grave = (version: number, deletedAtMs: number) => list([], [['crm', version, deletedAtMs]]);

  it('takes the accounts with it that were made until then', () => {
    expect(codeOf(account, copy(1), grave(1, 1_000))).toBe('account_revoked');
    expect(codeOf(account, copy(9), grave(1, 1_000))).toBe('account_revoked');
  });

  it('takes an account with it that was made right after, from settings of the life that ended', () => {
    expect(codeOf(account, copy(4), grave(4, 900))).toBe('account_revoked');
  });

  it('takes none that was made of a later life of the same id, nor one of another connection', () => {
    expect(codeOf(account, copy(5), grave(4, 900))).toBeNull();
    expect(isBuried(account, copy(1), { connection: 'other', version: 9, deletedAtMs: 9_999 })).toBe(false);
  });
});
