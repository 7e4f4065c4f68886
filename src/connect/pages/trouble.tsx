/**
 * The pages of what did not work: what happened, that nothing has changed, what to do next, and a reference for the
 * person who helps. A page that opens with the link alone names nothing of the flow.
 */

import type { Child } from 'hono/jsx';
import type {
  Asker,
  DeniedPage,
  ExpiredLinkPage,
  ExpiredSessionPage,
  FailurePage,
  ForeignPostPage,
  MismatchPage,
  MisconfiguredPage,
  PageModel,
  ProviderErrorPage,
  ProviderUnavailablePage,
  RepairOverPage,
  UsedLinkPage,
  WrongBrowserPage,
} from '../page-model.ts';
import type { Content } from './content.ts';
import type { MessageKey, ValuesOf } from './messages/en.ts';
import { Again, Details, Facts, Next, WayBack, type Tone } from './parts.tsx';
import { safePath } from './untrusted.ts';
import type { Words } from './words.tsx';

/** Keys whose sentence stands by itself. */
type PlainKey = { [Key in MessageKey]: [ValuesOf<Key>] extends [never] ? Key : never }[MessageKey];

interface Told {
  readonly tone: Tone;
  readonly title: PlainKey;
  readonly text: PlainKey;
  readonly next?: Child;
}

/** A page that needs no name of anything. */
function told(model: PageModel, words: Words, { tone, title, text, next }: Told): Content {
  return {
    heading: words.say(title),
    title: words.text(title),
    tone,
    body: (
      <>
        <p>{words.say(text)}</p>
        {next}
        <Reference model={model} words={words} />
      </>
    ),
  };
}

const Reference = ({
  model,
  words,
  code = null,
}: {
  model: PageModel;
  words: Words;
  code?: string | null;
}) => (
  <Details
    words={words}
    rows={[
      [words.text('error_code'), code],
      [words.text('reference'), model.correlationId],
    ]}
  />
);

/** Back to the app from a page of a flow: quietly, where the page offers to try again. */
const Back = ({
  model,
  words,
}: {
  model: { asker: Asker; returnUrl: string | null; retryPath?: string | null };
  words: Words;
}) => (
  <WayBack
    words={words}
    asker={model.asker}
    returnUrl={model.returnUrl}
    quiet={safePath(model.retryPath ?? null) !== null}
  />
);

const sentence = (words: Words, key: PlainKey) => <p>{words.say(key)}</p>;

export function deniedContent(model: DeniedPage, words: Words): Content {
  return {
    heading: words.say('denied_title'),
    title: words.text('denied_title'),
    tone: 'calm',
    mark: model.provider.mark,
    body: (
      <>
        <p>{words.say('denied_text', { provider: model.provider.displayName })}</p>
        <Again
          words={words}
          retryPath={model.retryPath}
          again={words.say('denied_again')}
          newLink={words.say('denied_new_link')}
        />
        <Back model={model} words={words} />
        <Reference model={model} words={words} />
      </>
    ),
  };
}

export function unknownLinkContent(model: PageModel, words: Words): Content {
  return told(model, words, {
    tone: 'warn',
    title: 'unknown_link_title',
    text: 'unknown_link_text',
    next: sentence(words, 'unknown_link_next'),
  });
}

export function expiredLinkContent(model: ExpiredLinkPage, words: Words): Content {
  return told(model, words, {
    tone: 'warn',
    title: 'expired_link_title',
    text: 'expired_link_text',
    next: (
      <>
        {sentence(words, 'next_new_link')}
        <Back model={model} words={words} />
      </>
    ),
  });
}

export function usedLinkContent(model: UsedLinkPage, words: Words): Content {
  return told(model, words, {
    tone: 'warn',
    title: 'used_link_title',
    text: 'used_link_text',
    next: (
      <>
        {sentence(words, 'used_link_next')}
        <Back model={model} words={words} />
      </>
    ),
  });
}

export function repairOverContent(model: RepairOverPage, words: Words): Content {
  return model.repaired
    ? {
        heading: words.say('repaired_title'),
        title: words.text('repaired_title'),
        tone: 'good',
        body: (
          <>
            {sentence(words, 'repaired_text')}
            <Back model={model} words={words} />
          </>
        ),
      }
    : told(model, words, {
        tone: 'warn',
        title: 'repair_over_title',
        text: 'repair_over_text',
        next: (
          <>
            {sentence(words, 'next_new_link')}
            <Back model={model} words={words} />
          </>
        ),
      });
}

export function foreignPostContent(model: ForeignPostPage, words: Words): Content {
  return told(model, words, {
    tone: 'warn',
    title: 'foreign_post_title',
    text: 'foreign_post_text',
    next: (
      <>
        {sentence(words, 'foreign_post_next')}
        <Next href={safePath(model.startPath)}>{words.say('foreign_post_button')}</Next>
      </>
    ),
  });
}

export function wrongBrowserContent(model: WrongBrowserPage, words: Words): Content {
  return told(model, words, {
    tone: 'warn',
    title: 'wrong_browser_title',
    text: 'wrong_browser_text',
    next: (
      <>
        {sentence(words, 'wrong_browser_next')}
        {sentence(words, 'wrong_browser_stranger')}
      </>
    ),
  });
}

export function expiredSessionContent(model: ExpiredSessionPage, words: Words): Content {
  return {
    heading: words.say('expired_session_title'),
    title: words.text('expired_session_title'),
    tone: 'warn',
    mark: model.provider.mark,
    body: (
      <>
        <p>{words.say('expired_session_text', { provider: model.provider.displayName })}</p>
        {safePath(model.retryPath) === null ? sentence(words, 'next_new_link') : null}
        <Next href={safePath(model.retryPath)}>{words.say('try_again')}</Next>
        <Back model={model} words={words} />
        <Reference model={model} words={words} />
      </>
    ),
  };
}

export function invalidCallbackContent(model: PageModel, words: Words): Content {
  return told(model, words, {
    tone: 'warn',
    title: 'invalid_callback_title',
    text: 'invalid_callback_text',
    next: sentence(words, 'invalid_callback_next'),
  });
}

const MISMATCH = {
  other_account: 'mismatch',
  email_unverified: 'unverified',
  subject_unknown: 'unknown_subject',
} as const;

export function mismatchContent(model: MismatchPage, words: Words): Content {
  const provider = model.provider.displayName;
  const what = MISMATCH[model.reason];
  return {
    heading: words.say(`${what}_title`),
    title: words.text(`${what}_title`),
    tone: 'warn',
    mark: model.provider.mark,
    body: (
      <>
        <p>{words.say(`${what}_text`, { provider })}</p>
        <Who model={model} words={words} />
        {what === 'unknown_subject' ? (
          sentence(words, 'next_support')
        ) : (
          <Again
            words={words}
            retryPath={model.retryPath}
            again={words.say(`${what}_again`, { provider })}
            newLink={words.say(`${what}_new_link`, { provider })}
          />
        )}
        <Back model={model} words={words} />
        <Reference model={model} words={words} />
      </>
    ),
  };
}

const Who = ({ model, words }: { model: MismatchPage; words: Words }) =>
  model.signedInAs === null && model.expected === null ? null : (
    <div class="facts">
      <Facts
        rows={[
          [words.text('mismatch_signed_in'), model.signedInAs],
          [words.text('mismatch_expected'), model.expected],
        ]}
      />
    </div>
  );

export function providerErrorContent(model: ProviderErrorPage, words: Words): Content {
  const provider = model.provider.displayName;
  return {
    heading: words.say('provider_error_title', { provider }),
    title: words.text('provider_error_title', { provider }),
    tone: 'bad',
    mark: model.provider.mark,
    body: (
      <>
        <p>{words.say('provider_error_text')}</p>
        {safePath(model.retryPath) === null ? sentence(words, 'next_new_link') : null}
        {sentence(words, 'next_support')}
        <Next href={safePath(model.retryPath)}>{words.say('try_again')}</Next>
        <Back model={model} words={words} />
        <Reference model={model} words={words} code={model.code} />
      </>
    ),
  };
}

export function providerUnavailableContent(model: ProviderUnavailablePage, words: Words): Content {
  const provider = model.provider.displayName;
  return {
    heading: words.say('provider_unavailable_title', { provider }),
    title: words.text('provider_unavailable_title', { provider }),
    tone: 'warn',
    mark: model.provider.mark,
    body: (
      <>
        <p>{words.say('provider_unavailable_text')}</p>
        <Again
          words={words}
          retryPath={model.retryPath}
          again={words.say('provider_unavailable_again')}
          newLink={words.say('provider_unavailable_new_link')}
        />
        <Back model={model} words={words} />
        <Reference model={model} words={words} />
      </>
    ),
  };
}

export function misconfiguredContent(model: MisconfiguredPage, words: Words): Content {
  return model.reason === 'changed'
    ? told(model, words, {
        tone: 'warn',
        title: 'changed_title',
        text: 'changed_text',
        next: sentence(words, 'next_new_link'),
      })
    : told(model, words, {
        tone: 'bad',
        title: 'misconfigured_title',
        text: 'misconfigured_text',
        next: sentence(words, 'misconfigured_next'),
      });
}

export function unavailableContent(model: PageModel, words: Words): Content {
  return told(model, words, {
    tone: 'warn',
    title: 'unavailable_title',
    text: 'unavailable_text',
    next: sentence(words, 'unavailable_next'),
  });
}

/** What a status of no page of its own says, by whose turn it is. */
export function failureContent(model: FailurePage, words: Words): Content {
  const what = model.status === 429 ? 'too_many' : model.status >= 500 ? 'internal' : 'request';
  return told(model, words, {
    tone: what === 'internal' ? 'bad' : 'warn',
    title: `${what}_title`,
    text: `${what}_text`,
    next: (
      <>
        {sentence(words, `${what}_next`)}
        {what === 'internal' ? sentence(words, 'next_support') : null}
      </>
    ),
  });
}
