/** The pages after a sign-in that went well: one step left, all done, or done before. */

import type { AlreadyFinishedPage, ComingBackPage, DonePage, SucceededPage } from '../page-model.ts';
import type { Content } from './content.ts';
import { timeValue } from './clock-time.ts';
import { Next, WayBack } from './parts.tsx';
import { safePath, shownText } from './untrusted.ts';
import type { Words } from './words.tsx';

/**
 * Session and code to copy. Fields and not mere text: each has a label, the keyboard reaches it, and reaching it
 * selects the whole value. The warning stands before the values, since a stranger that talks a user into reading them
 * out has the account.
 */
export function doneContent(model: DonePage, words: Words): Content {
  const provider = model.provider.displayName;
  const { subjectLabel: subject } = model;
  return {
    heading: words.say('done_title'),
    title: words.text('done_title'),
    tone: null,
    mark: model.provider.mark,
    body: (
      <>
        <p class="lead">
          {subject === null
            ? words.say('done_lead', { provider })
            : words.say('done_lead_as', { provider, subject })}{' '}
          {words.say('done_copy')}
        </p>
        <p class="notice">{words.say('done_warning')}</p>
        <Field id="session" label={words.text('done_session')} value={model.sessionId} />
        <Field id="code" label={words.text('done_code')} value={model.confirmCode} />
        <p class="soft">{words.say('done_until', { time: timeValue(model.expiresAt) })}</p>
      </>
    ),
  };
}

const Field = ({ id, label, value }: { id: string; label: string; value: string }) => (
  <>
    <label for={id}>{label}</label>
    <input id={id} value={shownText(value)} readonly autocomplete="off" spellcheck={false} translate="no" />
  </>
);

export function succeededContent(model: SucceededPage, words: Words): Content {
  const provider = model.provider.displayName;
  const title = model.reconnected ? 'succeeded_title_again' : 'succeeded_title';
  return {
    heading: words.say(title, { provider }),
    title: words.text(title, { provider }),
    tone: 'good',
    mark: model.provider.mark,
    body: (
      <>
        {model.subjectLabel === null ? null : (
          <p class="lead">{words.say('succeeded_as', { subject: model.subjectLabel })}</p>
        )}
        <p>
          {model.reconnected ? [...words.say('succeeded_goes_on'), ' '] : null}
          {words.say('close')}
        </p>
        <WayBack words={words} asker={model.asker} returnUrl={model.returnUrl} />
      </>
    ),
  };
}

export function alreadyFinishedContent(model: AlreadyFinishedPage, words: Words): Content {
  const isRunning = model.outcome === 'running';
  const title = isRunning ? 'running_title' : 'finished_title';
  return {
    heading: words.say(title),
    title: words.text(title),
    tone: model.outcome === 'done' ? 'good' : 'calm',
    body: (
      <>
        <p>{words.say(isRunning ? 'running_text' : 'finished_text')}</p>
        {model.outcome === 'failed' ? <p>{words.say('finished_failed')}</p> : null}
        {model.outcome === 'done' || model.outcome === null ? <p>{words.say('close')}</p> : null}
        <WayBack words={words} asker={model.asker} returnUrl={model.returnUrl} />
      </>
    ),
  };
}

/** Between the provider's page and our own; seen for a moment, or where a browser does not go on by itself. */
export function comingBackContent(model: ComingBackPage, words: Words): Content {
  return {
    heading: words.say('coming_back_title'),
    title: words.text('coming_back_title'),
    tone: 'calm',
    body: (
      <>
        <p>{words.say('coming_back_text')}</p>
        <Next href={safePath(model.path)}>{words.say('coming_back_next')}</Next>
      </>
    ),
  };
}
