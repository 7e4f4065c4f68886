import { describe, expect, it } from 'vitest';
import {
  credentialBody,
  urlsFrom,
  wrapped,
  type OpenedCredential,
} from '../../../src/accounts/release-body.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../../../src/accounts/rows.ts';

import { custom } from '../providers/descriptors.ts';

const NOW = Date.UTC(2026, 0, 1);
const account = {
  accountId: 'ca_g1',
  connection: 'crm',
  identifier: 'user-1',
  credentialType: 'oauth2',
  variables: {},
} as AccountRow;
const settingsOf = (base: string) =>
  ({ descriptor: custom({ api_base_urls: [base] }) }) as unknown as ConnectionSettings;
const settings = settingsOf('https://api.example');
const grant = {
  tokenType: 'Bearer',
  scopes: ['a', 'b'],
  accessExpiresAtMs: NOW + 600_000,
} as unknown as GrantRow;
const credential = (token: string): OpenedCredential => ({
  generation: 1,
  fields: wrapped({ access_token: token }),
  fingerprint: `of-${token}`,
  headers: wrapped({ Authorization: `Bearer ${token}` }),
  urls: urlsFrom({ site: 'acme' }),
});
const first = credential('first');
interface Parts {
  account: AccountRow;
  settings: ConnectionSettings;
  grant: GrantRow;
  credential: OpenedCredential;
}
const bodyAt = (nowMs: number, changes: Partial<Parts> = {}) => {
  const all = { account, settings, grant, credential: first, ...changes };
  return JSON.parse(credentialBody(all.account, all.settings, all.grant, all.credential, nowMs));
};

describe('the body that hands a credential out', () => {
  it('counts the seconds that are left', () => {
    expect(bodyAt(NOW)).toMatchObject({ expires_in: 600, access_token: 'first' });
    expect(bodyAt(NOW + 999).expires_in).toBe(599);
    expect(bodyAt(NOW + 1_001).expires_in).toBe(598);
  });

  it.each<[keyof Parts, Partial<Parts>, Record<string, unknown>]>([
    ['settings', { settings: settingsOf('https://eu.example') }, { api_base_url: 'https://eu.example' }],
    ['grant', { grant: { ...grant, scopes: ['a'] } }, { scope: 'a' }],
    ['account', { account: { ...account, identifier: 'user-2' } }, { identifier: 'user-2' }],
    ['credential', { credential: credential('second') }, { access_token: 'second' }],
  ])('is of the %s as of now, also within one second', (_, changes, shown) => {
    const before = bodyAt(NOW);
    expect(bodyAt(NOW)).toEqual(before);
    expect(bodyAt(NOW, changes)).toMatchObject(shown);
    expect(bodyAt(NOW)).toEqual(before);
  });
});
