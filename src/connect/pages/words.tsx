/**
 * The sentences of one language, with values put into them. A value stands in `<bdi>`, so that a name in another script
 * keeps its place, and is made fit to be shown; the sentence itself is ours. Pure.
 */

import type { Child } from 'hono/jsx';
import type { Locale } from '../page-model.ts';
import { de } from './messages/de.ts';
import { en, type MessageKey, type Messages, type ValuesOf } from './messages/en.ts';
import { es } from './messages/es.ts';
import { fr } from './messages/fr.ts';
import { ja } from './messages/ja.ts';
import { shownText } from './untrusted.ts';

/** Every language's sentences. */
export const MESSAGES: Readonly<Record<Locale, Messages>> = { en, de, es, fr, ja };

/** One argument with what the sentence wants to be told, or none. */
type Told<Key extends MessageKey> = [ValuesOf<Key>] extends [never]
  ? []
  : [values: Readonly<Record<ValuesOf<Key>, string>>];

/** The sentences of a language. */
export interface Words {
  readonly locale: Locale;
  /** A sentence as markup. */
  say<Key extends MessageKey>(key: Key, ...told: Told<Key>): Child[];
  /** The same as plain text, for a title or an attribute. */
  text<Key extends MessageKey>(key: Key, ...told: Told<Key>): string;
}

const PLACE = /\{([a-z]+)\}/;

/** Text and names in turn: even ones are the sentence's own, odd ones name a value. A value is never read for places. */
function partsOf(locale: Locale, key: MessageKey): string[] {
  return MESSAGES[locale][key].split(PLACE);
}

export function wordsOf(locale: Locale): Words {
  const valueOf = (told: readonly unknown[], name: string) =>
    shownText((told[0] as Record<string, string> | undefined)?.[name] ?? '');
  return {
    locale,
    say: (key, ...told) =>
      partsOf(locale, key).map((part, index) => (index % 2 === 0 ? part : <bdi>{valueOf(told, part)}</bdi>)),
    text: (key, ...told) =>
      partsOf(locale, key)
        .map((part, index) => (index % 2 === 0 ? part : valueOf(told, part)))
        .join(''),
  };
}
