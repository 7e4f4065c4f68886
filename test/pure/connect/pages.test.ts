import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { LOCALES, pageStatus, type PageModel } from '#connect/page-model.ts';
import { renderPage } from '#connect/pages/render.ts';
import { CONTRASTS, PALETTE, STYLESHEET } from '#connect/pages/stylesheet.ts';
import { clockTime } from '#connect/pages/clock-time.ts';
import { readMarkup } from './markup.ts';
import { MODELS } from './models.ts';

const everyPage = Object.entries(MODELS).map(([name, model]) => ({ name, model }));
const modelOf = (name: string) => MODELS[name] as PageModel;
const textOf = async (name: string) => readMarkup(await renderPage(modelOf(name), 'en').text()).text;

describe.each(everyPage)('the page $name', ({ name, model }) => {
  it('is an answer that nobody keeps, frames or runs anything in', async () => {
    const response = renderPage(model, 'fr');
    expect(response.status).toBe(pageStatus(model));
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-language': 'fr',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    });
    const policy = headers['content-security-policy'] ?? '';
    // One line of ours runs, by its hash, on pages that say a time: it puts it into the reader's zone.
    const script =
      name === 'done' || model.kind === 'approval' || (name.startsWith('start-') && name !== 'start-repair');
    const allowed = script ? "script-src 'sha256-[A-Za-z0-9+/]{43}='; " : '';
    expect(policy).toMatch(
      new RegExp(`^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; ${allowed}img-src data:; `),
    );
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    if (!script) expect(policy).not.toContain('script');
    // A form's POST is followed by redirects of the provider's choice, which browsers would hold against the list.
    expect(policy.includes('form-action')).toBe(!name.startsWith('start-'));
  });

  it('has one heading, which is its title, and speaks each language', async () => {
    const titles = new Set<string>();
    for (const locale of LOCALES) {
      const { tags, text } = readMarkup(await renderPage(model, locale).text());
      expect(tags.filter(({ name: tag, isEnd }) => tag === 'h1' && !isEnd)).toHaveLength(1);
      expect(tags.find(({ name: tag }) => tag === 'html')?.attributes).toEqual({ lang: locale, dir: 'ltr' });
      const [title = ''] = text.split(' · ');
      titles.add(title);
      expect(text).not.toMatch(/\{[a-z]+\}|\b(?:undefined|null)\b|\[object/);
    }
    expect(titles.size).toBe(LOCALES.length);
  });
});

describe('the stylesheet', () => {
  it('is the one that the policy names', async () => {
    const response = renderPage(modelOf('denied'), 'en');
    const [, style = ''] = /<style>([^<]*)<\/style>/.exec(await response.text()) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(style).toBe(STYLESHEET);
    expect(response.headers.get('content-security-policy')).toContain(`'sha256-${hash}'`);
  });

  it('loads nothing', () => {
    expect(STYLESHEET).not.toMatch(/url\(|@import|@font-face|[<>]/);
  });

  const luminance = (hex: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((share) => (share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (front: string, back: string) => {
    const [dark = 0, light = 0] = [luminance(front), luminance(back)].toSorted((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  it.each(['light', 'dark'] as const)('keeps its contrasts on a %s screen', (scheme) => {
    const shades = PALETTE[scheme];
    const low = CONTRASTS.filter(([front, back, atLeast]) => contrast(shades[front], shades[back]) < atLeast);
    expect(low).toEqual([]);
  });
});

describe('the start page', () => {
  it('names who asks, the provider, what is asked for, and until when the link is good', async () => {
    const text = await textOf('start-connect');
    for (const shown of ['Duck Analytics', 'Lakeside Mail', 'Read your email', 'offline_access', '14:32 UTC'])
      expect(text).toContain(shown);
  });

  it('has one form, which posts nothing to the path it was given', async () => {
    const { tags } = readMarkup(await renderPage(modelOf('start-connect'), 'en').text());
    const forms = tags.filter(({ name, isEnd }) => name === 'form' && !isEnd);
    expect(forms.map(({ attributes }) => attributes)).toEqual([
      { method: 'post', action: '/connect/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG' },
    ]);
    expect(tags.filter(({ name }) => name === 'input' || name === 'select')).toEqual([]);
  });

  it('tells new scopes from those that were allowed before', async () => {
    const text = await textOf('start-upgrade');
    const at = (part: string) => text.indexOf(part);
    expect(at('New')).toBeGreaterThan(0);
    expect(at('Read your email')).toBeGreaterThan(at('New'));
    expect(at('Already allowed')).toBeGreaterThan(at('Read your email'));
    expect(at('Keep this access')).toBeGreaterThan(at('Already allowed'));
    // How the provider spells them stands last, for those who look closer.
    expect(at('offline_access')).toBeGreaterThan(at('Technical names'));
  });

  it('says that the provider tells the scopes where none is known', async () => {
    expect(await textOf('start-connect-nameless')).toContain(
      'will show you what is requested before you agree',
    );
  });
});

describe('the page of an approval', () => {
  const formsOf = async (name: string) => {
    const { tags } = readMarkup(await renderPage(modelOf(name), 'en').text());
    return tags
      .filter(({ name: tag, isEnd }) => tag === 'form' && !isEnd)
      .map(({ attributes }) => attributes);
  };

  it('shows all that will be sent, for whom, why, and until when it can be answered', async () => {
    const text = await textOf('approval');
    for (const shown of [
      'crm-agent',
      'Lakeside Mail',
      'lakeside-mail',
      'user_123',
      'ada@example.com',
      'DELETE',
      '/crm/v3/objects/contacts/7',
      '9f2c4e1b7a3d5f60819ce2b4d7a6f3c8',
      'ticket 4711: the customer asked for it',
      'deletes customer data',
      '14:32 UTC',
      '60',
    ])
      expect(text).toContain(shown);
    expect(await textOf('approval-shown')).toContain('"subject": "Hello"');
  });

  it('cuts and tidies nothing of it, and spells out what is not seen', async () => {
    const path = `/${'a'.repeat(3000)}/end`;
    const model = { ...modelOf('approval'), path, why: 'two  spaces\u202egnp' } as PageModel;
    const html = await renderPage(model, 'en').text();
    expect(html).toContain(path);
    expect(html).toContain('two  spaces\\u{202e}gnp');
  });

  it('has a form for each answer, without a field, that leads to our own page alone', async () => {
    const action = '/approve/ap.ca_gabcdefghijklmnopqrstuvwxyz.apr_4nB2xQ9ZkT7c0LmRw3sVdy.signature';
    expect(await formsOf('approval')).toEqual([
      { method: 'post', action: `${action}/approve` },
      { method: 'post', action: `${action}/deny` },
    ]);
    const policy = renderPage(modelOf('approval'), 'en').headers.get('content-security-policy');
    expect(policy).toContain("form-action 'self'");
  });

  it('names nothing of the request once it is over, and offers no answer', async () => {
    for (const name of ['approval-yes', 'approval-over-used', 'approval-over-expired']) {
      expect(await formsOf(name)).toEqual([]);
      expect(await textOf(name)).not.toContain('crm-agent');
    }
  });
});

describe('a page of trouble', () => {
  it('offers to begin again where the link still lives, and else says whom to ask', async () => {
    expect(await textOf('denied-repair')).toContain('Try again');
    expect(await textOf('denied')).toContain('ask whoever sent you the link for a new one');
  });

  it.each([
    'denied-back',
    'expired-link-back',
    'used-link-back',
    'repair-over-repaired',
    'already-finished-done',
  ])('leads back to the app where the connection has an address: %s', async (name) => {
    const { tags } = readMarkup(await renderPage(modelOf(name), 'en').text());
    const links = tags.filter((tag) => tag.name === 'a' && !tag.isEnd);
    expect(links.map(({ attributes }) => attributes['href'])).toContain(
      'https://app.example/connected?from=valetkey',
    );
    expect(await textOf(name)).toMatch(/Back to \s*Duck Analytics/);
  });

  it('shows the reference that helps whoever helps the user', async () => {
    expect(await textOf('failure-internal')).toContain('7f0c1a52-4f0e-4c4b-9a37-0d3d2f6f8b11');
  });

  it('names neither provider nor account to a browser that may be somebody else’s', async () => {
    expect(await textOf('wrong-browser')).not.toMatch(/Lakeside|ada@/);
  });
});

describe('the done page', () => {
  it('has session and code in fields with labels, and warns before it shows them', async () => {
    const { tags, text } = readMarkup(await renderPage(modelOf('done'), 'en').text());
    const fields = tags.filter(({ name }) => name === 'input').map(({ attributes }) => attributes);
    expect(fields.map(({ value }) => value)).toEqual([
      'cs_4tYw0pQz8mN2cVbX6kJ1sR',
      'q3V0tJ8mXc5Zr1Lw9NyBfK7uHdPsEa2GoTiMxQvRk4Y',
    ]);
    const labels = tags.filter(({ name, isEnd }) => name === 'label' && !isEnd);
    expect(labels.map(({ attributes }) => attributes['for'])).toEqual(fields.map(({ id }) => id));
    expect(text.indexOf('Don’t give them to anyone else')).toBeLessThan(text.indexOf('Confirmation code'));
  });
});

it('a time stands in UTC where nothing runs, and says to the script what it is', async () => {
  const response = renderPage(modelOf('done'), 'en');
  const html = await response.text();
  expect(html).toContain('<time datetime="2026-11-21T14:42:09.120Z">14:42 UTC</time>');
  const [, script = ''] = /<script>([^<]*)<\/script>/.exec(html) ?? [];
  const hash = createHash('sha256').update(script).digest('base64');
  expect(response.headers.get('content-security-policy')).toContain(`script-src 'sha256-${hash}';`);
});

it('a time is shown in UTC, and what is no time as it is', () => {
  expect(clockTime('2026-11-21T14:32:09Z')).toBe('14:32 UTC');
  expect(clockTime('2026-11-21T14:32:09.120Z')).toBe('14:32 UTC');
  expect(clockTime('soon')).toBe('soon');
});
