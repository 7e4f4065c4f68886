import { describe, expect, it } from 'vitest';
import { chooseLocale } from '#connect/pages/language.ts';

describe('the language of a page', () => {
  it.each([
    { header: null, language: 'en', why: 'nothing is asked for' },
    { header: '', language: 'en', why: 'nothing is named' },
    { header: 'de', language: 'de', why: 'it is ours' },
    { header: 'DE-at', language: 'de', why: 'a region falls back to its language, in any case of letters' },
    { header: 'es-419,es;q=0.9,en;q=0.8', language: 'es', why: 'that is what browsers in Mexico send' },
    { header: 'ja-Hrkt-JP', language: 'ja', why: 'script and region are left out' },
    { header: 'fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5', language: 'fr', why: 'the first weighs one' },
    { header: 'pt-BR,pt;q=0.9,fr;q=0.5,en;q=0.4', language: 'fr', why: 'the first that we speak wins' },
    { header: 'en;q=0.5, de;q=0.500, fr;q=0.4', language: 'en', why: 'of equals the earlier wins' },
    { header: 'en;q=0.1, de;q=0.9', language: 'de', why: 'weight beats order' },
    { header: 'pt, *', language: 'en', why: 'a star is anything, and ours is English' },
    { header: 'en;q=0.1, *', language: 'de', why: 'a star is what is not named' },
    { header: 'en;q=0, *', language: 'de', why: 'English is refused by name' },
    { header: 'en;q=0', language: 'de', why: 'English is refused, and something has to be said' },
    { header: 'en-GB;q=0, en', language: 'en', why: 'a refused region is not the language' },
    { header: 'de;q=0, de-AT', language: 'en', why: 'the language is refused as such' },
    { header: 'en;q=0,de;q=0,es;q=0,fr;q=0,ja;q=0', language: 'en', why: 'nothing is left' },
    { header: 'pt;q=1, xx', language: 'en', why: 'we speak none of them' },
    { header: 'de;q=1.5, fr', language: 'fr', why: 'a weight above one is no weight' },
    { header: 'de;q=0.1234, fr;q=0.1', language: 'fr', why: 'nor is one of four decimals' },
    { header: 'd e, ;;;, fr', language: 'fr', why: 'what cannot be read is passed over' },
    { header: `${'xx,'.repeat(40)}de`, language: 'en', why: 'a list without end is not read to its end' },
  ])('is $language for "$header": $why', ({ header, language }) => {
    expect(chooseLocale(header)).toBe(language);
  });
});
