import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOCALES } from '#connect/page-model.ts';
import { chooseLocale } from '#connect/pages/language.ts';

const ours = fc.constantFrom(...LOCALES);
const foreign = fc.constantFrom('pt', 'nl', 'zh', 'tlh', 'i', 'eng', 'deu');
const region = fc.constantFrom('', '-AT', '-419', '-Latn-CH', '-x-any');
const weight = fc.integer({ min: 1, max: 1000 });
const RUNS = { numRuns: 2000 };

const range = (tag: string, thousandths: number) => `${tag};q=${(thousandths / 1000).toFixed(3)}`;

describe('the language of a page', () => {
  it('is one of ours, whatever the header holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (header) => {
        expect(LOCALES).toContain(chooseLocale(header));
      }),
      RUNS,
    );
  });

  it('is the one of the highest weight, wherever it stands and however it is written', () => {
    const entry = fc.tuple(fc.oneof(ours, foreign), region, weight);
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { selector: ([tag]) => tag, minLength: 1, maxLength: 8 }),
        (entries) => {
          const known = entries.filter(([tag]) => LOCALES.some((one) => one === tag));
          const best = Math.max(...known.map(([, , thousandths]) => thousandths));
          const expected = known.find(([, , thousandths]) => thousandths === best)?.[0] ?? LOCALES[0];
          const header = entries
            .map(([tag, suffix, thousandths]) => range(tag + suffix, thousandths))
            .join(', ');
          expect(chooseLocale(header)).toBe(expected);
          expect(chooseLocale(header.toUpperCase().replaceAll(';Q=', ';q='))).toBe(expected);
          expect(chooseLocale(header.replaceAll(', ', '\t ,').replaceAll(';q', ' ; q'))).toBe(expected);
        },
      ),
      RUNS,
    );
  });

  it('is never one that is refused by name while another is left', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(ours, { minLength: 1, maxLength: LOCALES.length - 1 }),
        fc.array(fc.tuple(fc.oneof(ours, foreign, fc.constant('*')), weight), { maxLength: 5 }),
        (refused, wanted) => {
          const header = [
            ...wanted.map(([tag, thousandths]) => range(tag, thousandths)),
            ...refused.map((tag) => `${tag};q=0`),
          ].join(',');
          expect(refused).not.toContain(chooseLocale(header));
        },
      ),
      RUNS,
    );
  });
});
