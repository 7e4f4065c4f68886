/** Providers of several regions: the callback chooses among their own hosts, and names none. Generated over all entries. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { fillAccount } from '#providers/variables/account-variables.ts';
import { applyVariables } from '#providers/variables/variables.ts';
import type { Descriptor } from '#providers/descriptor.ts';

const SAMPLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'datadog-oauth': { site: 'datadoghq.com' },
};

const ENTRIES = allDescriptors().filter(({ region }) => region !== undefined);

function connected(entry: Descriptor): Descriptor {
  const applied = applyVariables(entry, SAMPLES[entry.id] ?? {});
  if (!applied.ok) throw new Error(`${entry.id}: ${JSON.stringify(applied.errors)}`);
  return applied.descriptor;
}

const hostsOf = (descriptor: Descriptor): string[] =>
  [descriptor.token_url, descriptor.refresh_url, descriptor.revocation_url, descriptor.userinfo_url].flatMap(
    (url) => (url === null || url.includes('{') ? [] : [new URL(url).host]),
  );

it('there are such entries, and each region of each is another host of the provider', () => {
  expect(ENTRIES.map(({ id }) => id)).toEqual(['datadog-oauth', 'zoho', 'zoho-crm']);
  for (const { region } of ENTRIES) {
    const hosts = Object.values(region?.hosts ?? {});
    expect(new Set(hosts).size).toBe(hosts.length);
  }
});

it.each(ENTRIES.map((entry) => [entry.id, entry] as const))(
  '%s is asked where the callback says that its user is',
  (_, entry) => {
    const descriptor = connected(entry);
    for (const [value, host] of Object.entries(entry.region?.hosts ?? {})) {
      const there = fillAccount(descriptor, {
        captured: { [entry.region?.param ?? '']: value },
        given: {},
      });
      expect(new URL(there.token_url ?? '').host).toBe(host);
      expect(new Set(hostsOf(there))).toEqual(new Set([host]));
      expect(new URL(there.token_url ?? '').pathname).toBe(new URL(descriptor.token_url ?? '').pathname);
      // The user is sent away before anybody knows the region.
      expect(there.authorization_url).toBe(descriptor.authorization_url);
    }
  },
);

it('no value of a browser makes a host that the facts do not have', () => {
  const odd = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.constantFrom(
      'https://accounts.zoho.eu.evil.example',
      'https://accounts.zoho.eu/',
      'https://ACCOUNTS.ZOHO.EU',
      'https://accounts.zoho.eu@evil.example',
      'datadoghq.eu.evil.example',
      '__proto__',
      'constructor',
      'toString',
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom(...ENTRIES), odd, (entry, value) => {
      const descriptor = connected(entry);
      fc.pre(!Object.hasOwn(entry.region?.hosts ?? {}, value));
      const there = fillAccount(descriptor, {
        captured: { [entry.region?.param ?? '']: value },
        given: {},
      });
      expect(hostsOf(there)).toEqual(hostsOf(descriptor));
    }),
  );
});

it('a connection that is played on loopback stays there', () => {
  for (const entry of ENTRIES) {
    const played = { ...connected(entry), token_url: 'http://127.0.0.1:8788/token' };
    const [value = ''] = Object.keys(entry.region?.hosts ?? {});
    const there = fillAccount(played, { captured: { [entry.region?.param ?? '']: value }, given: {} });
    expect(there.token_url).toBe('http://127.0.0.1:8788/token');
  }
});
