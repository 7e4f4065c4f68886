/** No value of any variable of the catalogue leads to another host than the provider's, or breaks out of its place. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { applyVariables } from '#providers/variables/variables.ts';
import { isAtHome, samplesOf, templatesOf } from './variable-samples.ts';

const WITH_VARIABLES = allDescriptors().filter((entry) => templatesOf(entry).length > 0);

const HOSTILE = [
  'evil.example',
  'evil.example/',
  'evil.example#',
  'evil.example?',
  'evil.example\\',
  'a@evil.example',
  'a:b@evil.example',
  'evil.example:443',
  '127.0.0.1',
  '0x7f.1',
  '2130706433',
  '[::1]',
  'localhost',
  'ａcme',
  '..',
  '.',
  'a..b',
  '%2e%2e',
  'acme%2eevil',
  'acme\n',
  'acme\u0000',
  'acme.evil.example',
  'https://evil.example',
  'https://evil.example/.my.salesforce.com',
  'https://acme.my.salesforce.com.evil.example',
  'https://acme.my.salesforce.com@evil.example',
  'https://www.zohoapis.evil.example',
  'sellercentral.amazon.evil.example',
  'acme.myshopify.com.evil.example',
  'acme.myshopify.com/../../x',
  'common/../../evil',
];

const ANY = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...'abc019.-'), minLength: 1, maxLength: 24 }),
);
const PLACE = fc.nat(1000);
const INSERTED = fc.oneof(fc.constantFrom(...HOSTILE), fc.constantFrom(...'./@:?#\\%{}\n '));
/** How a value is made of one that is right: left, attacked at some place, or replaced. */
const CHANGE = fc.record({ kind: fc.nat(7), any: ANY, place: PLACE, inserted: INSERTED });
type Change = typeof CHANGE extends fc.Arbitrary<infer T> ? T : never;

function changed(sample: string, { kind, any, place, inserted }: Change): string {
  const at = place % (sample.length + 1);
  switch (kind) {
    case 0:
      return any;
    case 1:
      return `https://${any}`;
    case 2:
      return `${sample}.${inserted}`;
    case 3:
      return `${inserted}.${sample}`;
    case 4:
    case 5:
      return sample.slice(0, at) + inserted + sample.slice(at);
    default:
      return sample;
  }
}

/** Where each template led; an entry whose values were refused leads nowhere. */
function ledTo(entry: Descriptor, values: Record<string, string>): [template: string, url: string][] {
  const applied = applyVariables(entry, values, 'client-12345');
  if (!applied.ok) return [];
  const built = templatesOf(entry);
  const { authorization_url, token_url, refresh_url, revocation_url, userinfo_url, api_base_urls } =
    applied.descriptor;
  const urls = new Map<string | null, string | null>([
    [entry.authorization_url, authorization_url],
    [entry.token_url, token_url],
    [entry.refresh_url, refresh_url],
    [entry.revocation_url, revocation_url],
    [entry.userinfo_url, userinfo_url],
    ...entry.api_base_urls.map((template, n): [string, string | null] => [
      template,
      api_base_urls[n] ?? null,
    ]),
  ]);
  return built.flatMap((template): [string, string][] => {
    const url = urls.get(template) ?? null;
    return url === null || url === template ? [] : [[template, url]];
  });
}

describe('the variables of the catalogue', () => {
  it('accept a value that is right, for every entry', () => {
    for (const entry of WITH_VARIABLES) {
      const applied = applyVariables(entry, samplesOf(entry), 'client-12345');
      expect(applied, entry.id).toMatchObject({ ok: true, pending: [] });
      const led = ledTo(entry, samplesOf(entry));
      expect(led.length, entry.id).toBeGreaterThan(0);
      for (const [template, url] of led)
        expect(isAtHome(entry, template, url), `${template} ${url}`).toBe(true);
    }
  });

  it('never lead to another host, port, path or user, whatever they are', () => {
    let led = 0;
    const cases = fc.tuple(
      fc.nat(WITH_VARIABLES.length - 1),
      fc.array(CHANGE, { minLength: 3, maxLength: 3 }),
    );
    fc.assert(
      fc.property(cases, ([place, changes]) => {
        const entry = WITH_VARIABLES[place];
        if (entry === undefined) return;
        const values = Object.fromEntries(
          Object.entries(samplesOf(entry)).map(([name, sample], n) => {
            const change = changes[n];
            return [name, change === undefined ? sample : changed(sample, change)];
          }),
        );
        for (const [template, url] of ledTo(entry, values)) {
          led += 1;
          expect(isAtHome(entry, template, url), `${template} became ${url}`).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
    // The property says nothing when every value is refused.
    expect(led).toBeGreaterThan(1000);
  });

  it('are all of them used, and anchored at both ends', () => {
    for (const entry of WITH_VARIABLES) {
      for (const variable of Object.values(entry.url_template_vars)) {
        expect(new RegExp(variable.pattern).test('\nx y'), `${entry.id} ${variable.name}`).toBe(false);
        expect(variable.pattern.startsWith('^') && variable.pattern.endsWith('$')).toBe(true);
      }
    }
  });
});
