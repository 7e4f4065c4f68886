import { describe, expect, it } from 'vitest';
import { LOCALES } from '#connect/page-model.ts';
import { en, type MessageKey } from '#connect/pages/messages/en.ts';
import { MESSAGES } from '#connect/pages/words.tsx';

const KEYS = Object.keys(en) as MessageKey[];
const namesIn = (text: string) => [...text.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name).toSorted();
/** Words that are the same in two languages, by nature. */
const SAME = new Set([
  'approval_agent',
  'session',
  'done_session',
  'details',
  'organization',
  'reference',
  'connection',
]);

describe.each(LOCALES.filter((locale) => locale !== 'en'))('the sentences in %s', (locale) => {
  const messages = MESSAGES[locale];

  it('are those of the English, no more and no fewer', () => {
    expect(Object.keys(messages)).toEqual(KEYS);
  });

  it('name the same values', () => {
    expect(KEYS.filter((key) => namesIn(messages[key]).join() !== namesIn(en[key]).join())).toEqual([]);
  });

  it('are translated', () => {
    expect(KEYS.filter((key) => messages[key] === en[key] && !SAME.has(key))).toEqual([]);
  });

  it('end as sentences where the English do, and hold no markup and no stray space', () => {
    const isSentence = (text: string) => /[.。]$/.test(text);
    expect(KEYS.filter((key) => isSentence(messages[key]) !== isSentence(en[key]))).toEqual([]);
    expect(KEYS.filter((key) => /[<>&]| {2}|^\s|\s$/.test(messages[key]))).toEqual([]);
  });
});
