/** Descriptions as HTML: paragraphs, and `code` between backticks. Everything else is escaped text. */

import { html } from 'hono/html';

/** What the template gives; nothing here is waited for, and the page waits for all at its end. */
export type Html = ReturnType<typeof html>;

/** One line of text with its code. */
export function inline(text: string): Html {
  const parts = text.split('`').map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`));
  return html`${parts}`;
}

/** Paragraphs, cut at empty lines. */
export function paragraphs(text: string | undefined): Html {
  const cut = (text ?? '').split(/\n\s*\n/).filter((paragraph) => paragraph.trim() !== '');
  return html`${cut.map((paragraph) => html`<p>${inline(paragraph)}</p>`)}`;
}

/** Commands for a shell. */
export function shell(commands: string): Html {
  return html`<pre><code>${commands}</code></pre>`;
}

/** A value as indented JSON. */
export function json(value: unknown): Html {
  return html`<pre><code>${JSON.stringify(value, null, 2)}</code></pre>`;
}
