import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOCALES, type PageModel } from '#connect/page-model.ts';
import { renderPage } from '#connect/pages/render.ts';
import { shownText } from '#connect/pages/untrusted.ts';
import { readMarkup, skeletonOf, type Markup } from './markup.ts';
import { MODELS, withTexts } from './models.ts';

const ADDRESSES = new Set(['action', 'retryPath', 'startPath', 'returnUrl', 'logoUrl']);

/** What breaks out of a text, an attribute, a tag, a comment, a style or a template, where one of them is careless. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '</style><img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  '--><script>alert(1)</script>',
  '<!--<script>',
  ']]>',
  '{provider}{asker}{time}{subject}',
  '$&$`$1$$',
  '&lt;script&gt;&#60;&amp;',
  '\u202e\u2066gnp.exe\u0000\u0008\u200b\ufeff',
  '\ud800 \udc00',
  '</head><base href=//evil.example>',
  'a'.repeat(2000),
  '\u0301'.repeat(500),
  ' \n\t ',
  '__proto__',
];
const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc
    .tuple(fc.constantFrom(...HOSTILE), fc.string({ unit: 'grapheme', maxLength: 20 }))
    .map((two) => two.join('')),
);
const address = fc.oneof(
  text,
  fc.constantFrom(
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'data:image/svg+xml,"><script>alert(1)</script>',
    'vbscript:x',
    '//evil.example/',
    '/\\evil.example/',
    '/\t/evil.example',
    '\\\\evil.example',
    'https://evil.example" onclick="alert(1)',
    'blob:https://evil.example/1',
  ),
);
const model = fc.constantFrom(...Object.values(MODELS));
const locale = fc.constantFrom(...LOCALES);
const RUNS = { numRuns: 500 };

async function markupOf(page: PageModel, language: (typeof LOCALES)[number]): Promise<Markup> {
  return readMarkup(await renderPage(page, language).text());
}

/** A source of hostile texts that fast-check chose, one after the other. */
function from(texts: readonly string[]): () => string {
  let at = 0;
  return () => texts[at++ % texts.length] ?? '';
}

describe('a text that somebody else wrote', () => {
  it('changes nothing of the markup around it, in any field of any page', async () => {
    await fc.assert(
      fc.asyncProperty(
        model,
        locale,
        fc.array(text, { minLength: 1, maxLength: 6 }),
        async (page, language, texts) => {
          const next = from(texts);
          const hostile = withTexts(page, (own, field) => (ADDRESSES.has(field) ? own : next()));
          // The same texts as plain words: equal ones stay equal, empty ones empty.
          const words = new Map(texts.map((one, index) => [one, one === '' ? '' : `word${index}`]));
          const harmless = withTexts(hostile, (own, field) =>
            ADDRESSES.has(field) ? own : (words.get(own) ?? own),
          );
          const [got, wanted] = [await markupOf(hostile, language), await markupOf(harmless, language)];
          expect(skeletonOf(got)).toEqual(skeletonOf(wanted));
        },
      ),
      RUNS,
    );
  });

  it('leads nowhere but to this host or a web page, and loads nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        model,
        locale,
        fc.array(address, { minLength: 1, maxLength: 4 }),
        async (page, language, texts) => {
          const next = from(texts);
          const { tags } = await markupOf(
            withTexts(page, (own, field) => (ADDRESSES.has(field) ? next() : own)),
            language,
          );
          for (const { name, attributes } of tags) {
            const { href, src, action } = attributes;
            if (src !== undefined) expect(src).toMatch(/^data:image\/[^\s"<>]*$/);
            if (name === 'link') expect(href).toMatch(/^data:(?:,|image\/[^\s"<>]*)$/);
            else if (href !== undefined) expect(href).toMatch(/^(?:\/(?![/\\])|https?:\/\/)[\x21-\x7e]*$/);
            if (action !== undefined) expect(action).toMatch(/^(?:|\/(?![/\\])[\x21-\x7e]*)$/);
            expect(Object.keys(attributes).filter((key) => key.startsWith('on') || key === 'style')).toEqual(
              [],
            );
            expect(['iframe', 'object', 'embed', 'base']).not.toContain(name);
            // The one of ours, which the policy names by its hash, has its text in the page.
            if (name === 'script') expect(attributes).toEqual({});
          }
        },
      ),
      RUNS,
    );
  });

  it('is shown as it was written, cut where it is endless, without what cannot be seen', async () => {
    const start = MODELS['start-connect'] as PageModel;
    await fc.assert(
      fc.asyncProperty(text, locale, async (own, language) => {
        const page = withTexts(start, (given, field) => (field === 'displayName' ? own : given));
        expect((await markupOf(page, language)).text).toContain(shownText(own));
        expect(shownText(own)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect([...shownText(own)].length).toBeLessThanOrEqual(201);
        expect(shownText(own)).not.toBe('');
      }),
      RUNS,
    );
  });
});
