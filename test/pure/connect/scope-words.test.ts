/** Words for scopes: every language has each, the main providers' scopes have some, and marks can be read. */

import { describe, expect, it } from 'vitest';
import { LOCALES } from '#connect/page-model.ts';
import { SCOPES } from '#connect/pages/words.tsx';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { MARKS } from '#providers/catalogue/marks.ts';
import { SCOPE_WORDS, WORDS_OF } from '#providers/catalogue/scope-words.ts';
import { SCOPE_PHRASES } from '#providers/scopes/scope-phrases.ts';
import { markOf, phraseOf } from '#providers/scopes/scope-words.ts';

const ALL = allDescriptors();
const IDS = new Set(ALL.map(({ id }) => id));

describe.each(LOCALES)('the words in %s', (locale) => {
  it('are there for every phrase, each once, and no sentences', () => {
    const words = SCOPES[locale];
    expect(Object.keys(words).toSorted()).toEqual([...SCOPE_PHRASES].toSorted());
    expect(new Set(Object.values(words)).size).toBe(SCOPE_PHRASES.length);
    for (const text of Object.values(words)) expect(text).toMatch(/^[^<>&{}]*[^.。\s]$/);
    if (locale === 'en') return;
    for (const phrase of SCOPE_PHRASES) expect(words[phrase], phrase).not.toBe(SCOPES.en[phrase]);
  });
});

describe('the main providers', () => {
  it.each([
    ['google-calendar', 'https://www.googleapis.com/auth/calendar.events.readonly', 'calendar_events_read'],
    ['google-gmail', 'https://www.googleapis.com/auth/gmail.send', 'mail_send'],
    ['slack', 'channels:history', 'channel_messages_read'],
    ['hubspot', 'crm.objects.contacts.read', 'contacts_read'],
    ['github', 'repo', 'repositories_write'],
    ['outlook', 'Mail.Read', 'mail_read'],
    ['microsoft', 'https://graph.microsoft.com/Mail.ReadWrite', 'mail_write'],
    ['salesforce', 'refresh_token', 'offline'],
    ['jira', 'read:jira-work', 'issues_read'],
    ['linear', 'issues:create', 'issues_write'],
    ['gitlab', 'read_api', 'account_read'],
  ])('%s has words for %s', (provider, scope, phrase) => {
    expect(phraseOf(provider, scope)).toBe(phrase);
  });

  it('have words for every scope that their facts give a short name or an example of', () => {
    const MAIN = [
      'google',
      'google-calendar',
      'google-contacts',
      'slack',
      'hubspot',
      'github',
      'gitlab',
      'microsoft',
      'outlook',
      'outlook-calendar',
      'salesforce',
      'jira',
      'linear',
    ];
    const wordless = ALL.filter(({ id }) => MAIN.includes(id)).flatMap((entry) =>
      [...entry.default_scopes_example, ...Object.values(entry.scope_aliases).flat()]
        .filter((scope) => phraseOf(entry.id, scope) === null)
        .map((scope) => `${entry.id}: ${scope}`),
    );
    expect(wordless).toEqual([]);
  });

  it('are entries of the catalogue, and nothing has words that nobody put there', () => {
    for (const id of [...Object.keys(WORDS_OF), ...Object.keys(MARKS)]) expect(IDS.has(id), id).toBe(true);
    for (const family of Object.values(WORDS_OF)) expect(SCOPE_WORDS[family]).toBeDefined();
    for (const name of ['constructor', '__proto__', 'toString']) {
      expect(phraseOf('slack', name)).toBeNull();
      expect(phraseOf(name, 'chat:write')).toBeNull();
    }
  });
});

describe('a mark', () => {
  const luminance = (hex: string) => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5]
      .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((share) => (share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };

  it('is one letter in white that can be read on its colour, at every provider and at any name', () => {
    const names = [
      ...ALL.map(({ id, display_name: name }) => [id, name] as const),
      ['custom', '123'],
      ['custom', '—'],
      ['custom', ''],
      ['custom', 'Österreich'],
      ['custom', '日本'],
    ] as const;
    for (const [id, name] of names) {
      const { initial, color } = markOf(id, name);
      expect([...initial], name).toHaveLength(1);
      expect(1.05 / (luminance(color) + 0.05), `${id} ${color}`).toBeGreaterThanOrEqual(4.5);
    }
  });
});
