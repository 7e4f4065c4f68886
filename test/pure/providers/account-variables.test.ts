/** The URLs of an account's API: filled by what the provider and the operator say, or missing; never a template. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accountUrls,
  accountVariablesOf,
  changesHost,
  givenProblem,
  variablesTold,
} from '#providers/variables/account-variables.ts';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { placeholdersIn, type Descriptor } from '#providers/descriptor.ts';
import { applyVariables } from '#providers/variables/variables.ts';
import { custom, known } from './descriptors.ts';
import { isAtHome, samplesOf } from './variable-samples.ts';

/** As a connection of this entry stores it: what the connection knows is in it. */
function connected(entry: Descriptor): Descriptor {
  const own = new Set(accountVariablesOf(entry).map(({ name }) => name));
  const samples = Object.entries(samplesOf(entry)).filter(([name]) => !own.has(name));
  const applied = applyVariables(entry, Object.fromEntries(samples), 'client-12345');
  if (!applied.ok) throw new Error(`${entry.id}: ${JSON.stringify(applied.errors)}`);
  return applied.descriptor;
}

const ALL = allDescriptors().map((entry) => [entry.id, connected(entry)] as const);
const WITH_VARIABLES = ALL.filter(([, descriptor]) => accountVariablesOf(descriptor).length > 0);
const NOTHING = { idToken: null, userinfo: null, tokenResponse: null, callback: null };

describe.each(ALL)('the API of an account at %s', (_id, entry) => {
  it('has no template in its addresses while nothing is known: what is missing is named', () => {
    const { apiBaseUrls, missing } = accountUrls(entry, { captured: {}, given: {} });
    expect(apiBaseUrls.flatMap(placeholdersIn)).toEqual([]);
    const open = entry.api_base_urls.flatMap(placeholdersIn);
    const required = open.filter((name) => entry.url_template_vars[name]?.required === true);
    expect(missing).toEqual([...new Set(required)]);
  });

  it('has all its addresses when an operator has given what is missing', () => {
    const own = accountVariablesOf(entry).map(({ name }) => name);
    const given = Object.fromEntries(Object.entries(samplesOf(entry)).filter(([name]) => own.includes(name)));
    for (const [name, value] of Object.entries(given)) expect(givenProblem(entry, name, value)).toBeNull();
    const { apiBaseUrls, missing } = accountUrls(entry, { captured: {}, given });
    expect(missing).toEqual([]);
    expect(apiBaseUrls).toHaveLength(entry.api_base_urls.length);
    expect(apiBaseUrls.flatMap(placeholdersIn)).toEqual([]);
  });
});

describe('values of an account', () => {
  it.each(WITH_VARIABLES)('never lead %s to another host or path, whoever says them', (_id, entry) => {
    const text = fc.oneof(
      fc.constantFrom('evil.example/', 'a@evil.example', 'https://evil.example', '..', '{x}', 'x/../y'),
      fc.string({ maxLength: 40 }),
      fc.constantFrom(...Object.values(samplesOf(entry))),
    );
    const some = fc.dictionary(
      fc.constantFrom(...Object.keys(entry.url_template_vars), 'host', 'context'),
      text,
    );
    fc.assert(
      fc.property(some, some, (captured, given) => {
        const { apiBaseUrls } = accountUrls(entry, { captured, given });
        for (const url of apiBaseUrls) {
          expect(placeholdersIn(url)).toEqual([]);
          expect(
            entry.api_base_urls.some((template) => isAtHome(entry, template, url)),
            url,
          ).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are taken from where the provider says them', () => {
    const told = (id: string, facts: object) => variablesTold(connected(known(id)), { ...NOTHING, ...facts });
    expect(told('salesforce', { tokenResponse: { instance_url: 'https://acme.my.salesforce.com' } })).toEqual(
      { instance_url: 'https://acme.my.salesforce.com' },
    );
    expect(told('bigcommerce', { tokenResponse: { context: 'stores/abc123' } })).toEqual({
      store_hash: 'abc123',
    });
    expect(told('mailchimp', { userinfo: { dc: 'us21' } })).toEqual({ dc: 'us21' });
    const accounts = [
      { product: 'bcx', id: 1 },
      { product: 'bc3', id: 2 },
    ];
    expect(told('basecamp', { userinfo: { accounts } })).toEqual({ account_id: '2' });
    const site = '0f0e0d0c-0b0a-0908-0706-050403020100';
    expect(told('jira', { accountLookup: [{ id: site }] })).toEqual({ cloudid: site });
  });

  it('are nobody’s guess: of several sites none is taken', () => {
    const ids = ['0f0e0d0c-0b0a-0908-0706-050403020100', '1f0e0d0c-0b0a-0908-0706-050403020100'];
    const accountLookup = ids.map((id) => ({ id }));
    expect(variablesTold(connected(known('jira')), { ...NOTHING, accountLookup })).toEqual({});
  });

  it('are the provider’s for a host and the operator’s for a path', () => {
    const docusign = connected(known('docusign'));
    const captured = {
      base_uri: 'https://na1.docusign.net',
      account_id: '0f0e0d0c-0b0a-0908-0706-050403020100',
    };
    const given = {
      base_uri: 'https://eu1.docusign.net',
      account_id: '1f0e0d0c-0b0a-0908-0706-050403020100',
    };
    expect(accountUrls(docusign, { captured, given }).apiBaseUrls).toEqual([
      'https://na1.docusign.net/restapi/v2.1/accounts/1f0e0d0c-0b0a-0908-0706-050403020100',
    ]);
  });

  it('that a refresh brings replace those of the connect', () => {
    const wrike = connected(known('wrike'));
    const captured = { wrike_host: 'www.wrike.com', host: 'app-eu.wrike.com' };
    expect(accountUrls(wrike, { captured, given: {} }).apiBaseUrls).toEqual([
      'https://app-eu.wrike.com/api/v4',
    ]);
  });

  it('change the host of a known address only where it was not known', () => {
    const shop = custom({
      api_base_urls: ['https://{shop}.example.com/api/{version}'],
      url_template_vars: {
        shop: { stage: 'account', pattern: '^[a-z]+$' },
        version: { stage: 'account', pattern: '^v[0-9]$' },
      },
    });
    const from = { shop: 'one', version: 'v1' };
    expect(changesHost(shop, {}, {}, from)).toBe(false);
    expect(changesHost(shop, {}, from, { shop: 'one', version: 'v2' })).toBe(false);
    expect(changesHost(shop, {}, from, { shop: 'two', version: 'v1' })).toBe(true);
    expect(changesHost(shop, {}, from, {}), 'taken away first, to be given anew').toBe(true);
  });
});

describe('a custom connection', () => {
  const refused = (config: Record<string, unknown>) => {
    try {
      custom(config);
      return null;
    } catch (error) {
      return String(error);
    }
  };
  const base = { api_base_urls: ['https://{shop}.example.com'] };

  it('declares what its addresses leave open', () => {
    expect(refused(base)).toMatch(/used in a URL and not declared/);
    const vars = { shop: { stage: 'account', pattern: '^[a-z]+$', from: 'token_response.shop' } };
    expect(refused({ ...base, url_template_vars: vars })).toBeNull();
  });

  it.each([
    ['a browser’s value as a host', { pattern: '^[a-z]+$', from: 'callback.shop' }, /callback/],
    ['a pattern that can take for ever', { pattern: '^([a-z]+)*$' }, /repeat/],
    ['a pattern that takes a part', { pattern: '[a-z]+' }, /anchored/],
    ['what is no pattern', { pattern: '^[a-z$' }, /regular expression/],
    ['a variable of the connection', { stage: 'connection', pattern: '^[a-z]+$' }, /account/],
  ])('is not made with %s', (_what, variable, message) => {
    const vars = { shop: { stage: 'account', ...variable } };
    expect(refused({ ...base, url_template_vars: vars })).toMatch(message);
  });
});
