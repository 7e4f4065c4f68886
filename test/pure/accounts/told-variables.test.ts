/**
 * Which of the variables that a provider tells are stored with a grant: those that were not known, of the grant that was
 * asked about as it was then. A value that stands, an operator's and one that a browser had a say in are not touched.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withLearnt } from '#accounts/life/variables.ts';
import {
  accountVariablesOf,
  accountUrls,
  couldTellVariables,
  newlyTold,
} from '#providers/variables/account-variables.ts';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { applyVariables } from '#providers/variables/variables.ts';
import { samplesOf } from '../providers/variable-samples.ts';

const NOTHING = { captured: {}, given: {} };

type Arguments = Parameters<typeof withLearnt>;

/** As a connection stores it: what the connection knows is in it. */
function connected(entry: Descriptor): Descriptor {
  const own = accountVariablesOf(entry).map(({ name }) => name);
  const rest = Object.entries(samplesOf(entry)).filter(([name]) => !own.includes(name));
  const applied = applyVariables(entry, Object.fromEntries(rest), 'client-12345');
  if (!applied.ok) throw new Error(`${entry.id}: ${JSON.stringify(applied.errors)}`);
  return applied.descriptor;
}

const ENTRIES = allDescriptors()
  .filter((entry) => accountVariablesOf(entry).length > 0)
  .map((entry) => [entry.id, connected(entry)] as const);

function samplesOfAccount(entry: Descriptor): Record<string, string> {
  const own = accountVariablesOf(entry).map(({ name }) => name);
  return Object.fromEntries(Object.entries(samplesOf(entry)).filter(([name]) => own.includes(name)));
}

describe.each(ENTRIES)('what is told of an account at %s', (_id, entry) => {
  const samples = samplesOfAccount(entry);

  it('is new where it was not known, and then nothing is missing', () => {
    const values = newlyTold(entry, NOTHING, { captured: samples, ofBrowser: {} });
    expect(values).toEqual(samples);
    const own = Object.keys(samples);
    const { missing } = accountUrls(entry, { captured: values, given: {} });
    expect(missing.filter((name) => own.includes(name))).toEqual([]);
  });

  it('changes nothing that the provider or an operator has said, and nothing that a browser says', () => {
    const others = Object.fromEntries(Object.keys(samples).map((name) => [name, 'another']));
    const told = { captured: { ...others, ...samples }, ofBrowser: {} };
    expect(newlyTold(entry, { captured: samples, given: {} }, { ...told, captured: others })).toEqual({});
    expect(newlyTold(entry, { captured: {}, given: samples }, told)).toEqual({});
    expect(newlyTold(entry, NOTHING, { captured: samples, ofBrowser: samples })).toEqual({});
  });

  it('is only what its form allows, whatever is said', () => {
    const text = fc.oneof(
      fc.constantFrom('evil.example/', 'a@evil.example', 'https://evil.example', '..', '{x}', 'x/../y', ''),
      fc.string({ maxLength: 40 }),
    );
    const said = fc.dictionary(fc.constantFrom(...Object.keys(entry.url_template_vars), '__proto__'), text);
    fc.assert(
      fc.property(said, (captured) => {
        const values = newlyTold(entry, NOTHING, { captured, ofBrowser: {} });
        for (const [name, value] of Object.entries(values))
          expect(value).toMatch(new RegExp(entry.url_template_vars[name]?.pattern ?? '^\\b$'));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the provider is asked', () => {
  const needed = (entry: Descriptor) =>
    accountVariablesOf(entry).filter(({ from = '' }) => /^(?:userinfo|account_lookup)/.test(from));
  const ASKED = ENTRIES.filter(([, entry]) => needed(entry).length > 0);

  it.each(ASKED)('at %s until the variable is known, and never for an optional one alone', (_id, entry) => {
    const samples = samplesOfAccount(entry);
    const names = Object.keys(samples);
    expect(couldTellVariables(entry, { captured: {}, given: {} })).toBe(true);
    expect(couldTellVariables(entry, { captured: samples, given: {} })).toBe(false);
    expect(couldTellVariables(entry, { captured: {}, given: samples })).toBe(false);
    expect(couldTellVariables({ ...entry, userinfo_url: null, account_lookup_url: null }, NOTHING)).toBe(
      false,
    );
    const optional = Object.fromEntries(
      Object.entries(entry.url_template_vars).map(([name, variable]) => [
        name,
        names.includes(name) ? { ...variable, required: false } : variable,
      ]),
    );
    expect(couldTellVariables({ ...entry, url_template_vars: optional }, NOTHING)).toBe(false);
  });

  it('nowhere else', () => {
    const asked = ASKED.map(([id]) => id);
    for (const [id, entry] of ENTRIES)
      expect([id, couldTellVariables(entry, NOTHING)]).toEqual([id, asked.includes(id)]);
  });
});

describe('a grant of which variables were told', () => {
  const mailchimp = ENTRIES.find(([id]) => id === 'mailchimp')?.[1];
  const state = (account: object): Arguments[0] =>
    ({
      account: { subject: null, variables: {}, ...account },
      settings: { descriptor: mailchimp },
    }) as unknown as Arguments[0];
  const grant = { id: 1, generation: 4, captured: 'before' } as Arguments[1];
  const learnt = { names: ['dc'], captured: 'after', replaces: 'before' };
  const told: Arguments[2] = { generation: 4, subject: 'ada', learnt };

  it('takes them, whoever it is of as long as nobody is known', () => {
    expect(withLearnt(state({}), grant, told)).toEqual({ ...grant, captured: 'after' });
    expect(withLearnt(state({}), grant, { ...told, subject: null })).toMatchObject({ captured: 'after' });
  });

  it('takes them of the known user, and of an answer that names nobody', () => {
    const known = state({ subject: 'ada' });
    expect(withLearnt(known, grant, told)).toMatchObject({ captured: 'after' });
    expect(withLearnt(known, grant, { ...told, subject: null })).toMatchObject({ captured: 'after' });
  });

  it('takes them where an operator has given something that is no value of it', () => {
    const stale = state({ variables: { dc: 'evil.example/' } });
    expect(withLearnt(stale, grant, told)).toMatchObject({ captured: 'after' });
  });

  const refused: readonly (readonly [string, object, Partial<Arguments[2]>])[] = [
    ['nothing was told', {}, { learnt: undefined }],
    ['it was renewed meanwhile', {}, { generation: 3 }],
    ['it has captured something else meanwhile', {}, { learnt: { ...learnt, replaces: 'other' } }],
    ['it had captured nothing then', {}, { learnt: { ...learnt, replaces: null } }],
    ['the answer names another user', { subject: 'eve' }, {}],
    ['an operator has given one of them meanwhile', { variables: { dc: 'us7' } }, {}],
  ];
  it.each(refused)('stays as it is where %s', (_what, account, changes) => {
    expect(withLearnt(state(account), grant, { ...told, ...changes })).toBeNull();
  });
});
