/** The answer of a page: status, headers, markup. What the page says and how it looks is `page.tsx` and what that uses. */

import { jsx } from 'hono/jsx';
import { pageStatus, type PageModel, type RenderPage } from '../page-model.ts';
import { TIME_SCRIPT_SOURCE } from './clock-time.ts';
import { hasTime, Page } from './page.tsx';
import { STYLE_SOURCE } from './stylesheet.ts';
import { wordsOf } from './words.tsx';

export { chooseLocale } from './language.ts';

/**
 * Nothing is loaded: our stylesheet by its hash, pictures that are in the page. Nothing runs but, by its hash, the one
 * line that puts a time into the reader's zone. `form-action` is left
 * out where a form leads to the provider: browsers hold it against every redirect that follows the POST, also the provider's own.
 */
function policyOf(model: PageModel): string {
  const directives = [
    "default-src 'none'",
    `style-src ${STYLE_SOURCE}`,
    ...(hasTime(model) ? [`script-src ${TIME_SCRIPT_SOURCE}`] : []),
    'img-src data:',
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  // The answer to an approval is a page of ours.
  if (model.kind !== 'start')
    directives.push(model.kind === 'approval' ? "form-action 'self'" : "form-action 'none'");
  return directives.join('; ');
}

/** The page as an answer, as `RenderPage` says. */
export const renderPage: RenderPage = (model, locale) => {
  const markup = jsx(Page, { model, words: wordsOf(locale) }).toString();
  if (typeof markup !== 'string') throw new Error('internal: a part of a page waits for something');
  return new Response(`<!doctype html>${markup}`, {
    status: pageStatus(model),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': locale,
      'cache-control': 'no-store',
      'content-security-policy': policyOf(model),
      'cross-origin-resource-policy': 'same-origin',
      // With `no-referrer` the form's POST would carry `Origin: null`, and could not be told from a stranger's.
      'referrer-policy': 'same-origin',
      vary: 'Accept-Language',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    },
  });
};
