/** What a page is to the layout around it. */

import type { Child } from 'hono/jsx';
import type { ProviderMark } from '#providers/scopes/scope-words.ts';
import type { Tone } from './parts.tsx';

/** One page, without its frame. */
export interface Content {
  /** The heading as markup. */
  readonly heading: Child;
  /** The heading as plain text, for the window's title. */
  readonly title: string;
  /** The sign above the heading; null where the page asks and tells nothing yet. */
  readonly tone: Tone | null;
  /** The provider's mark; left out where the page names none. */
  readonly mark?: ProviderMark;
  readonly body: Child;
}
