/**
 * The pages of an approval: what is asked, with all that will be sent as it will be sent, two buttons, and what came of
 * it. Nothing that the agent wrote is cut or tidied here: a reader that decides must see it whole.
 */

import type { Child, FC } from 'hono/jsx';
import type { ApprovalAnsweredPage, ApprovalOverPage, ApprovalPage } from '../../page-model.ts';
import { timeValue } from '../clock-time.ts';
import type { Content } from '../content.ts';
import { exactText, safePath } from '../untrusted.ts';
import type { Words } from '../words.tsx';

type Row = readonly [label: string, value: string | null];

/** A name and what it is, whole; rows without a value are left out. */
const ExactFacts: FC<{ rows: readonly Row[] }> = ({ rows }) => (
  <dl>
    {rows.flatMap(([label, value]) =>
      value === null
        ? []
        : [
            <>
              <dt>{label}</dt>
              <dd>
                <bdi class="exact">{exactText(value)}</bdi>
              </dd>
            </>,
          ],
    )}
  </dl>
);

export function approvalContent(model: ApprovalPage, words: Words): Content {
  const { agent, use, provider, preview } = model;
  const isHidden = use !== 'token' && preview === null && model.digest !== null;
  const action = safePath(model.action) ?? '';
  return {
    heading: words.say('approval_title'),
    title: words.text('approval_title'),
    tone: null,
    mark: provider.mark,
    body: (
      <>
        <p class="lead">{words.say(`approval_use_${use}`, { agent, provider: provider.displayName })}</p>
        <p>{words.say('approval_lead')}</p>
        <section aria-labelledby="request">
          <h2 id="request">{words.say('approval_request')}</h2>
          <ExactFacts
            rows={[
              [words.text('approval_tool'), model.tool],
              [words.text('approval_method'), model.method],
              [words.text('approval_path'), model.path],
              [words.text('approval_digest'), use === 'token' ? null : model.digest],
            ]}
          />
          {preview === null ? null : <pre>{exactText(preview, true)}</pre>}
          {isHidden ? <p class="notice">{words.say('approval_hidden')}</p> : null}
          {use === 'token' ? <p class="notice">{words.say('approval_token')}</p> : null}
          <h3>{words.say('approval_account')}</h3>
          <ExactFacts
            rows={[
              [words.text('connection'), model.connection],
              [words.text('approval_identifier'), model.identifier],
              [words.text('approval_label'), model.subjectLabel],
              [words.text('organization'), model.asker.organization],
            ]}
          />
          <h3>{words.say('approval_reasons')}</h3>
          <ExactFacts
            rows={[
              [words.text('approval_agent'), agent],
              [words.text('approval_why'), model.why],
              [words.text('approval_because'), model.because],
            ]}
          />
        </section>
        <Answer action={`${action}/approve`}>{words.say('approval_approve')}</Answer>
        <Answer action={`${action}/deny`} quiet>
          {words.say('approval_deny')}
        </Answer>
        <p class="soft">{words.say('approval_unexpected')}</p>
        <p class="soft">
          {words.say('approval_until', {
            time: timeValue(model.expiresAt),
            minutes: String(model.minutes),
          })}
        </p>
      </>
    ),
  };
}

/** A form of its own for each answer: it works without a script, and posts nothing. */
const Answer: FC<{ action: string; quiet?: boolean; children: Child }> = ({
  action,
  quiet = false,
  children,
}) => (
  <form method="post" action={action}>
    <button class={quiet ? 'button quiet' : 'button'} type="submit">
      {children}
    </button>
  </form>
);

export function approvalAnsweredContent({ outcome }: ApprovalAnsweredPage, words: Words): Content {
  return {
    heading: words.say(`approval_${outcome}_title`),
    title: words.text(`approval_${outcome}_title`),
    tone: outcome === 'approved' ? 'good' : 'calm',
    body: (
      <p>
        {words.say(`approval_${outcome}_text`)} {words.say('close')}
      </p>
    ),
  };
}

/** The link is over: how it was answered and no more, since this may be another reader. */
export function approvalOverContent({ outcome }: ApprovalOverPage, words: Words): Content {
  return {
    heading: words.say(`approval_over_${outcome}_title`),
    title: words.text(`approval_over_${outcome}_title`),
    tone: outcome === 'expired' ? 'warn' : 'calm',
    body: (
      <>
        <p>{words.say(outcome === 'expired' ? 'approval_over_expired_text' : 'approval_over_text')}</p>
        <p>{words.say('close')}</p>
      </>
    ),
  };
}
