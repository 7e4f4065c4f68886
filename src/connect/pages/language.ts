/**
 * Which of our languages a browser is answered in: `Accept-Language` read with its weights (RFC 9110 §12.5.4) and looked
 * up with region fallback (RFC 4647 §3.4). Pure; knows the languages, not their sentences.
 */

import { LOCALES, type ChooseLocale, type Locale } from '../page-model.ts';

/** The way a language is written, as the page's `dir`. */
export const DIRECTION: Readonly<Record<Locale, 'ltr' | 'rtl'>> = {
  en: 'ltr',
  de: 'ltr',
  es: 'ltr',
  fr: 'ltr',
  ja: 'ltr',
};

/** Real browsers send a handful; the entries behind these are not read, so that a header costs what we choose. */
const MAX_RANGES = 32;

interface Range {
  /** Lower case: `de-at`, or `*`. */
  readonly tag: string;
  /** 0 to 1; 0 means "not this one". */
  readonly weight: number;
}

// RFC 9110 §12.4.2: at most three decimals, nothing above one.
const RANGE = /^(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

function rangesOf(header: string): Range[] {
  const ranges: Range[] = [];
  for (const part of header.toLowerCase().split(',', MAX_RANGES)) {
    const [, tag, weight] = RANGE.exec(part.trim()) ?? [];
    // A range that cannot be read is no reason to refuse a page: the others still count.
    if (tag !== undefined) ranges.push({ tag, weight: weight === undefined ? 1 : Number(weight) });
  }
  return ranges;
}

/** The language of a tag: `de-AT` and `de-Latn-AT` are read as `de`; undefined where it is none of ours. */
function lookedUp(tag: string): Locale | undefined {
  const primary = tag.split('-', 1)[0];
  return LOCALES.find((locale) => locale === primary);
}

/**
 * The language to answer in. The range with the highest weight that leads to one of ours wins, the earlier of equals;
 * `*` stands for the languages that no range names, the default first; a language refused by its own name with `q=0` is
 * given only where nothing else is left.
 *
 * @param acceptLanguage the value of the header, any text; null where there is none
 */
export const chooseLocale: ChooseLocale = (acceptLanguage) => {
  const ranges = rangesOf(acceptLanguage ?? '');
  const named = new Set(ranges.map(({ tag }) => lookedUp(tag)));
  // A refused region (`de-CH;q=0`) says nothing of the language as such.
  const refused = new Set<string>(ranges.filter(({ weight }) => weight === 0).map(({ tag }) => tag));
  const wanted = ranges.filter(({ weight }) => weight > 0).toSorted((a, b) => b.weight - a.weight);
  for (const { tag } of wanted) {
    const locale = tag === '*' ? LOCALES.find((one) => !named.has(one)) : lookedUp(tag);
    if (locale !== undefined && !refused.has(locale)) return locale;
  }
  return LOCALES.find((locale) => !refused.has(locale)) ?? LOCALES[0];
};
