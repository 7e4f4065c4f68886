import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCALES, type PageModel } from '#connect/page-model.ts';
import { MODELS, withTexts } from '../pure/connect/models.ts';
import { findingsOn, layoutFindingsOn } from './accessibility.ts';
import { keepScreenshot, launchBrowser, newVisitor } from './browser.ts';
import { openGallery, type Gallery } from './gallery.ts';

const PHONE = { width: 360, height: 740 };
const DESK = { width: 1024, height: 768 };
const HOSTILE =
  '<img src=x onerror="document.title=`run`"><script>document.title="run"</script>\u202e"\'></title></style>';

const ADDRESSES = new Set(['action', 'retryPath', 'startPath', 'returnUrl', 'logoUrl']);
const hostile = Object.fromEntries(
  Object.entries(MODELS).map(([name, model]): [string, PageModel] => [
    `hostile-${name}`,
    withTexts(model, (own, field) => (ADDRESSES.has(field) ? own : `${HOSTILE}${field}`)),
  ]),
);
const endless = Object.fromEntries(
  Object.entries(MODELS).map(([name, model]): [string, PageModel] => [
    `endless-${name}`,
    withTexts(model, (own, field) => (ADDRESSES.has(field) ? own : 'W'.repeat(3000))),
  ]),
);

let browser: Browser;
let gallery: Gallery;
beforeAll(async () => {
  browser = await launchBrowser();
  gallery = await openGallery({ ...MODELS, ...hostile, ...endless });
});
afterAll(async () => {
  await browser?.close();
  await gallery?.stop();
});

const NAMES = Object.keys(MODELS);

describe.each([
  { what: 'a desk', viewport: DESK, colorScheme: 'light' as const },
  { what: 'a desk in the dark', viewport: DESK, colorScheme: 'dark' as const },
  { what: 'a phone', viewport: PHONE, colorScheme: 'light' as const },
  { what: 'a phone in the dark', viewport: PHONE, colorScheme: 'dark' as const },
])('on $what', ({ what, viewport, colorScheme }) => {
  it('every page can be read, reached and told apart, and complains of nothing', async () => {
    const visitor = await newVisitor(browser, { viewport, colorScheme });
    const findings: Record<string, string[]> = {};
    for (const name of NAMES) {
      await visitor.page.goto(gallery.addressOf(name));
      const found = await findingsOn(visitor.page);
      if (found.length > 0) findings[name] = found;
      await keepScreenshot(visitor.page, `pages/${what.replaceAll(' ', '-')}/${name}`);
    }
    expect(findings).toEqual({});
    expect(visitor.complaints).toEqual([]);
    expect(visitor.requests.filter((one) => !one.startsWith('GET http://127.0.0.1:'))).toEqual([]);
    // One request a page: no stylesheet, no picture, no `/favicon.ico`.
    expect(visitor.requests).toHaveLength(NAMES.length);
    await visitor.close();
  });
});

it('every page fits a small phone in every language, and is in that language', async () => {
  const visitor = await newVisitor(browser, { viewport: { width: 320, height: 640 }, colorScheme: 'light' });
  const findings: Record<string, string[]> = {};
  for (const locale of LOCALES) {
    for (const name of NAMES) {
      await visitor.page.goto(gallery.addressOf(name, locale));
      const found = await layoutFindingsOn(visitor.page);
      if ((await visitor.page.getAttribute('html', 'lang')) !== locale) found.push('another language');
      if (found.length > 0) findings[`${locale} ${name}`] = found;
    }
    for (const name of ['start-connect', 'done', 'mismatch'])
      await keepScreenshot(
        await visitor.page.goto(gallery.addressOf(name, locale)).then(() => visitor.page),
        `pages/small-phone/${locale}-${name}`,
      );
  }
  expect(findings).toEqual({});
  await visitor.close();
});

it.each([
  { what: 'hostile', models: hostile },
  { what: 'endless', models: endless },
])('$what names are shown as text, run nothing and tear nothing', async ({ models }) => {
  const visitor = await newVisitor(browser, { viewport: PHONE });
  const findings: Record<string, string[]> = {};
  for (const name of Object.keys(models)) {
    await visitor.page.goto(gallery.addressOf(name));
    const found = await findingsOn(visitor.page);
    if ((await visitor.page.title()) === 'run') found.push('a script ran');
    if (found.length > 0) findings[name] = found;
  }
  expect(findings).toEqual({});
  expect(visitor.complaints).toEqual([]);
  await keepScreenshot(visitor.page, `pages/a-phone/${Object.keys(models).at(-1) ?? ''}`);
  await visitor.page.goto(gallery.addressOf(`${Object.keys(models)[0]?.split('-')[0] ?? ''}-start-connect`));
  await keepScreenshot(visitor.page, `pages/a-phone/${Object.keys(models)[0]?.split('-')[0] ?? ''}-start`);
  await visitor.close();
});

it('the text of a page grows with the reader’s wish, and still fits', async () => {
  const visitor = await newVisitor(browser, { viewport: { width: 320, height: 640 } });
  for (const name of ['start-upgrade', 'done', 'mismatch']) {
    await visitor.page.goto(gallery.addressOf(name));
    const session = await visitor.context.newCDPSession(visitor.page);
    await session.send('Emulation.setPageScaleFactor', { pageScaleFactor: 1 });
    await visitor.page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'));
    expect(
      await findingsOn(visitor.page).then((all) => all.filter((one) => !one.includes('has style'))),
    ).toEqual([]);
  }
  await visitor.close();
});

it('the checks see what they are for', async () => {
  const visitor = await newVisitor(browser, { viewport: { width: 320, height: 640 } });
  await visitor.page.setContent(
    `<body><h1>One</h1><h3>Deep</h3><h1>Two</h1><button style="outline:none"></button><a href="/x" style="display:block">x</a>
     <img src="data:,"><p id="a" style="color:#999;background:#fff" onclick="1">pale</p><p id="a" style="width:900px">wide</p>
     <input style="border:1px solid #eee;background:#fff"><script></script><script></script>`,
  );
  const found = (await findingsOn(visitor.page)).join('; ');
  for (const one of [
    'a RootWebArea has no name',
    'a button has no name',
    'a textbox has no name',
    'language is ""',
    'direction is ""',
    'no title',
    'there are 2 of h1',
    'there are 0 of main',
    'level 3 follows one of level 1',
    'no alt',
    'the id a is there twice',
    'a script is on the page',
    'has onclick',
    'has style',
    'x is 304 × 18 px',
    'px wide on 320',
    '"pale" has a contrast of 2.8',
    'the edge of ""',
    'focus is not shown',
  ])
    expect(found).toContain(one);
  await visitor.close();
});
