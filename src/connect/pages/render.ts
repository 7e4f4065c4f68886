/** The answer for a page of the connect flow: plain words, nothing loaded. Looks and languages are still to come. */

import { pageStatus, type ChooseLocale, type RenderPage } from '../page-model.ts';

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (char) => ESCAPES[char] ?? '');

export const chooseLocale: ChooseLocale = () => 'en';

export const renderPage: RenderPage = (model, locale) => {
  const rows = Object.entries(model)
    .filter(([key]) => key !== 'kind' && key !== 'action')
    .map(([key, value]) => `<dt>${escaped(key)}</dt><dd>${escaped(JSON.stringify(value))}</dd>`);
  const form =
    model.kind === 'start'
      ? `<form method="post" action="${escaped(model.action)}"><button>Continue</button></form>`
      : '';
  const html = `<!doctype html><html lang="${locale}"><title>${model.kind}</title><h1>${model.kind}</h1><dl>${rows.join('')}</dl>${form}</html>`;
  return new Response(html, {
    status: pageStatus(model),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-language': locale,
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    },
  });
};
