/**
 * What a scope lets its holder do, as a phrase that people know: which one is data of the catalogue, how it reads in a
 * language is the pages'. And the mark that stands for a provider on a page: an initial on a colour of our own choice.
 */

import { MARKS } from '../catalogue/marks.ts';
import { plainScope, SCOPE_WORDS, WORDS_OF } from '../catalogue/scope-words.ts';
import type { ScopePhrase } from './scope-phrases.ts';

/** The phrase of a provider's scope; null: the catalogue has no words for it. @param provider id in the catalogue */
export function phraseOf(provider: string, scope: string): ScopePhrase | null {
  const family = Object.hasOwn(WORDS_OF, provider) ? WORDS_OF[provider] : undefined;
  const words: Readonly<Record<string, ScopePhrase>> =
    family === undefined ? {} : (SCOPE_WORDS[family] ?? {});
  const name = plainScope(scope);
  return Object.hasOwn(words, name) ? (words[name] ?? null) : null;
}

/** An initial and the colour behind it, dark enough for white letters. */
export interface ProviderMark {
  readonly initial: string;
  readonly color: string;
}

/** Of providers that the catalogue gives no colour: one of these, always the same for the same name. */
const NEUTRAL = [
  '#475467',
  '#3e4c6b',
  '#4a4a68',
  '#3b5b5b',
  '#5a4a5f',
  '#4f5d3a',
  '#6b4a3e',
  '#3d5a73',
] as const;

export function markOf(provider: string, displayName: string): ProviderMark {
  const initial = [...displayName.toUpperCase()].find((letter) => /[\p{L}\p{N}]/u.test(letter)) ?? '•';
  const own = Object.hasOwn(MARKS, provider) ? MARKS[provider] : undefined;
  const sum = [...displayName].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  return { initial, color: own ?? NEUTRAL[sum % NEUTRAL.length] ?? NEUTRAL[0] };
}
