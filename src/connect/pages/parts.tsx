/** What pages are put together from. Every text of others' goes through `words.tsx` or `shownText`. */

import type { Child, FC } from 'hono/jsx';
import type { ProviderMark } from '#providers/scopes/scope-words.ts';
import type { Asker } from '../page-model.ts';
import type { Words } from './words.tsx';
import { safeAddress, safePath, shownText } from './untrusted.ts';

/** How a page feels before a word is read: done, to be looked at, failed, or nothing of the kind. */
export type Tone = 'good' | 'warn' | 'bad' | 'calm';

const STROKES: Readonly<Record<Tone, Child>> = {
  good: <path d="m8 12.5 2.75 2.75L16.25 9.5" />,
  warn: <path d="M12 7.5v5.25M12 16.25v.01" />,
  bad: <path d="m9 9 6 6M15 9l-6 6" />,
  calm: <path d="M12 11.5v5M12 7.75v.01" />,
};

/** The sign of a tone. It says nothing that the heading does not, so a screen reader is spared it. */
export const Mark: FC<{ tone: Tone }> = ({ tone }) => (
  <svg class={`mark ${tone}`} viewBox="0 0 24 24" width="36" height="36" aria-hidden="true" focusable="false">
    <circle cx="12" cy="12" r="10" />
    {STROKES[tone]}
  </svg>
);

/**
 * What stands for a provider: an initial of its name on a colour. No mark of theirs is used, nothing is loaded, and a
 * screen reader is spared it, because the name stands in the heading.
 */
export const Badge: FC<{ mark: ProviderMark }> = ({ mark: { initial, color } }) => (
  <svg class="badge" viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false">
    <rect width="48" height="48" rx="12" fill={color} />
    <text x="24" y="32" text-anchor="middle" fill="#ffffff">
      {initial}
    </text>
  </svg>
);

/** Back to the app, beside or instead of another way. */
export const WayBack: FC<{ words: Words; asker: Asker; returnUrl: string | null; quiet?: boolean }> = ({
  words,
  asker: { name },
  returnUrl,
  quiet = false,
}) => (
  <Next href={safeAddress(returnUrl)} quiet={quiet}>
    {name === null ? words.say('back') : words.say('back_to', { asker: name })}
  </Next>
);

/** A name and what it is; rows without a value are left out, and so is a list without rows. */
export const Facts: FC<{
  rows: readonly (readonly [label: string, value: string | null])[];
  code?: boolean;
}> = ({ rows, code = false }) => {
  const known = rows.filter(([, value]) => value !== null && value !== '');
  if (known.length === 0) return null;
  return (
    <dl>
      {known.map(([label, value]) => {
        const shown = shownText(value ?? '');
        return (
          <>
            <dt>{label}</dt>
            <dd>{code ? <code>{shown}</code> : <bdi>{shown}</bdi>}</dd>
          </>
        );
      })}
    </dl>
  );
};

/** A section at the end of a page, for a user who looks closer; nothing where there is nothing to see. */
export const Details: FC<{
  words: Words;
  rows: readonly (readonly [label: string, value: string | null])[];
}> = ({ words, rows }) =>
  rows.some(([, value]) => value !== null && value !== '') ? (
    <section aria-label={words.text('details')}>
      <Facts rows={rows} code />
    </section>
  ) : null;

/** The way on, as large as a button; nothing where the address is none to go to. */
export const Next: FC<{ href: string | null; quiet?: boolean; children: Child }> = ({
  href,
  quiet = false,
  children,
}) =>
  href === null ? null : (
    <p class="next">
      <a class={quiet ? 'button quiet' : 'button'} href={href}>
        {children}
      </a>
    </p>
  );

/**
 * What to do where the flow can be begun again: the sentence and the way, or, where only a new link helps, the other
 * sentence.
 */
export const Again: FC<{ words: Words; retryPath: string | null; again: Child; newLink: Child }> = ({
  words,
  retryPath,
  again,
  newLink,
}) => {
  const href = safePath(retryPath);
  if (href === null) return <p>{newLink}</p>;
  return (
    <>
      <p>{again}</p>
      <Next href={href}>{words.say('try_again')}</Next>
    </>
  );
};
