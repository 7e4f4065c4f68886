/**
 * The sentences of one language, with values put into them. A value stands in `<bdi>`, so that a name in another script
 * keeps its place, and is made fit to be shown; the sentence itself is ours. Pure.
 */

import type { Child } from 'hono/jsx';
import type { ScopePhrase } from '#providers/scopes/scope-phrases.ts';
import type { Locale } from '../page-model.ts';
import { de } from './messages/de.ts';
import { en, type MessageKey, type Messages, type ValuesOf } from './messages/en.ts';
import { es } from './messages/es.ts';
import { fr } from './messages/fr.ts';
import { ja } from './messages/ja.ts';
import { de as scopesDe } from './messages/scopes/de.ts';
import { en as scopesEn } from './messages/scopes/en.ts';
import { es as scopesEs } from './messages/scopes/es.ts';
import { fr as scopesFr } from './messages/scopes/fr.ts';
import { ja as scopesJa } from './messages/scopes/ja.ts';
import { shownText } from './untrusted.ts';

/** Every language's sentences. */
export const MESSAGES: Readonly<Record<Locale, Messages>> = { en, de, es, fr, ja };

/** Every language's words for scopes. */
export const SCOPES: Readonly<Record<Locale, Readonly<Record<ScopePhrase, string>>>> = {
  en: scopesEn,
  de: scopesDe,
  es: scopesEs,
  fr: scopesFr,
  ja: scopesJa,
};

/** One argument with what the sentence wants to be told, or none. */
type Told<Key extends MessageKey> = [ValuesOf<Key>] extends [never]
  ? []
  : [values: Readonly<Record<ValuesOf<Key>, Value>>];

/** A text from outside, which is made fit to be shown, or markup of ours with what it says as plain text. */
type Value = string | { readonly markup: Child; readonly text: string };

/** The sentences of a language. */
export interface Words {
  readonly locale: Locale;
  /** A sentence as markup. */
  say<Key extends MessageKey>(key: Key, ...told: Told<Key>): Child[];
  /** The same as plain text, for a title or an attribute. */
  text<Key extends MessageKey>(key: Key, ...told: Told<Key>): string;
  /** What a scope lets its holder do. */
  scope(phrase: ScopePhrase): string;
}

const PLACE = /\{([a-z]+)\}/;

/** Text and names in turn: even ones are the sentence's own, odd ones name a value. A value is never read for places. */
function partsOf(locale: Locale, key: MessageKey): string[] {
  return MESSAGES[locale][key].split(PLACE);
}

export function wordsOf(locale: Locale): Words {
  const valueOf = (told: readonly unknown[], name: string): Value =>
    (told[0] as Record<string, Value> | undefined)?.[name] ?? '';
  const textOf = (value: Value): string => shownText(typeof value === 'string' ? value : value.text);
  const markupOf = (value: Value): Child =>
    typeof value === 'string' ? <bdi>{shownText(value)}</bdi> : value.markup;
  return {
    locale,
    scope: (phrase) => SCOPES[locale][phrase],
    say: (key, ...told) =>
      partsOf(locale, key).map((part, index) => (index % 2 === 0 ? part : markupOf(valueOf(told, part)))),
    text: (key, ...told) =>
      partsOf(locale, key)
        .map((part, index) => (index % 2 === 0 ? part : textOf(valueOf(told, part))))
        .join(''),
  };
}
