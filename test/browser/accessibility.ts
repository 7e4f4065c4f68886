/**
 * Checks of a page as the browser has laid it out: names of controls as the browser's own accessibility tree gives them,
 * one `h1` under one `main`, contrast of every visible text from computed colours (WCAG 2.2 AA), sizes of targets, nothing
 * wider than the screen, nothing that runs. Each finding is a sentence; an empty list is a good page.
 */

import type { Page } from 'playwright-core';

/** Everything found, on the page as it stands. */
export async function findingsOn(page: Page): Promise<string[]> {
  return [
    ...(await unnamedControls(page)),
    ...(await page.evaluate(structure)),
    ...(await page.evaluate(contrast)),
  ];
}

/** What a language or a longer text can change: structure and size, not colours. */
export async function layoutFindingsOn(page: Page): Promise<string[]> {
  return page.evaluate(structure);
}

/** Roles that say nothing without a name. */
const NAMED_ROLES = new Set([
  'button',
  'link',
  'textbox',
  'checkbox',
  'radio',
  'combobox',
  'image',
  'heading',
  'RootWebArea',
  'region',
]);

async function unnamedControls(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  return nodes
    .filter(({ ignored }) => !ignored)
    .filter(({ role, name }) => NAMED_ROLES.has(String(role?.value)) && !String(name?.value ?? '').trim())
    .map(({ role }) => `a ${String(role?.value)} has no name`);
}

/** Runs in the page. */
function structure(): string[] {
  const found: string[] = [];
  const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
  const root = document.documentElement;
  if (!/^[a-z]{2}$/.test(root.lang)) found.push(`the page's language is "${root.lang}"`);
  if (root.dir !== 'ltr' && root.dir !== 'rtl') found.push(`the page's direction is "${root.dir}"`);
  if (document.title.trim() === '') found.push('the page has no title');
  for (const one of ['h1', 'main'])
    if (all(one).length !== 1) found.push(`there are ${all(one).length} of ${one}`);
  if (all('main h1').length !== 1) found.push('the h1 is not in main');
  let level = 0;
  for (const heading of all('h1, h2, h3, h4, h5, h6')) {
    const next = Number(heading.tagName.slice(1));
    if (next > level + 1) found.push(`a heading of level ${next} follows one of level ${level}`);
    level = next;
  }
  for (const image of all('img')) if (!image.hasAttribute('alt')) found.push('an image has no alt');
  const ids = all('[id]').map(({ id }) => id);
  for (const id of ids.filter((one, index) => ids.indexOf(one) !== index))
    found.push(`the id ${id} is there twice`);
  // One inline line may run, which puts the page's times into the reader's zone.
  const scripts = all('script');
  if (scripts.length > 1 || scripts.some((one) => one.hasAttribute('src')))
    found.push('a script is on the page');
  for (const one of all('iframe, object, embed, base, meta[http-equiv]'))
    found.push(`a ${one.tagName.toLowerCase()} is on the page`);
  for (const one of all('*'))
    for (const { name } of one.attributes)
      if (name.startsWith('on') || name === 'style') found.push(`a ${one.tagName} has ${name}`);
  for (const one of all('[tabindex]'))
    if (one.tabIndex > 0) found.push('an element jumps the order of focus');
  // 24 px is the rule (WCAG 2.5.8); a thumb wants the 44 px that buttons here are held to. Links in a text are exempt.
  for (const control of all('button, input:not([type=hidden]), select, a[href]')) {
    const { width, height } = control.getBoundingClientRect();
    const isInText = getComputedStyle(control).display === 'inline';
    if (!isInText && (height < 44 || width < 44))
      found.push(`${control.textContent} is ${width} × ${height} px`);
  }
  if (root.scrollWidth > root.clientWidth)
    found.push(`the page is ${root.scrollWidth} px wide on ${root.clientWidth}`);
  for (const one of all('body *'))
    if (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'hidden')
      found.push(`${one.tagName} cuts its text off`);
  return found;
}

/** Runs in the page: text against what is painted behind it, the borders of controls, the ring of focus. */
function contrast(): string[] {
  type Color = [red: number, green: number, blue: number, alpha: number];
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const colorOf = (css: string): Color => {
    if (canvas === null) return [0, 0, 0, 1];
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (front: Color, back: Color): Color => {
    const mix = (index: 0 | 1 | 2) => front[index] * front[3] + back[index] * (1 - front[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const behind = (element: Element | null): Color => {
    if (element === null) return colorOf('Canvas');
    const own = colorOf(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const luminance = ([red, green, blue]: Color) => {
    const [r = 0, g = 0, b = 0] = [red, green, blue].map((value) => {
      const share = value / 255;
      return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (front: Color, back: Color) => {
    const [dark = 0, light = 0] = [luminance(over(front, back)), luminance(back)].toSorted((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const found: string[] = [];
  const ask = (what: string, got: number, wanted: number) => {
    if (got < wanted) found.push(`${what} has a contrast of ${got.toFixed(2)}, ${wanted} is the least`);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const parent = node.parentElement;
    const text = node.textContent?.trim() ?? '';
    if (parent === null || text === '' || !parent.checkVisibility()) continue;
    const style = getComputedStyle(parent);
    const size = Number.parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    ask(`"${text.slice(0, 40)}"`, ratio(colorOf(style.color), behind(parent)), isLarge ? 3 : 4.5);
  }
  for (const control of document.querySelectorAll<HTMLElement>('button, input:not([type=hidden]), a[href]')) {
    const style = getComputedStyle(control);
    const around = behind(control.parentElement);
    if (style.display !== 'inline') {
      const edge = Math.max(ratio(colorOf(style.borderTopColor), around), ratio(behind(control), around));
      ask(`the edge of "${control.textContent?.trim()}"`, edge, 3);
    }
    control.focus({ focusVisible: true } as FocusOptions);
    const { outlineStyle, outlineColor, outlineWidth } = getComputedStyle(control);
    if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2) found.push('focus is not shown');
    else ask('the ring of focus', ratio(colorOf(outlineColor), around), 3);
    control.blur();
  }
  return found;
}
