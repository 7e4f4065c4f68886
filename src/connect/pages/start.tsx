/** The page before the start: which app asks, for which scopes, where the user will sign in, and one button. */

import type { Child, FC } from 'hono/jsx';
import type { PageScope, StartPage } from '../page-model.ts';
import type { Content } from './content.ts';
import { timeValue } from './clock-time.ts';
import { Details } from './parts.tsx';
import { safePath, shownText } from './untrusted.ts';
import type { Words } from './words.tsx';

export function startContent(model: StartPage, words: Words): Content {
  const provider = model.provider.displayName;
  const title = `start_${model.purpose}_title` as const;
  return {
    heading: words.say(title, { provider }),
    title: words.text(title, { provider }),
    tone: null,
    mark: model.provider.mark,
    body: (
      <>
        <p class="lead">{leadOf(model, words)}</p>
        {model.subjectLabel === null ? null : (
          <p class="lead">{words.say('start_sign_in_as', { subject: model.subjectLabel })}</p>
        )}
        <Scopes model={model} words={words} />
        <form method="post" action={safePath(model.action) ?? ''}>
          <button class="button" type="submit">
            {words.say('start_button', { provider })}
          </button>
        </form>
        <p class="soft">{words.say('start_password', { provider })}</p>
        <p class="soft">
          {words.say('start_expected')}{' '}
          {model.expiresAt === null ? null : words.say('start_once', { time: timeValue(model.expiresAt) })}
        </p>
        <Details
          words={words}
          rows={[
            [words.text('organization'), model.asker.organization],
            [words.text('connection'), model.connection],
          ]}
        />
      </>
    ),
  };
}

function leadOf({ purpose, asker, provider: { displayName: provider } }: StartPage, words: Words): Child {
  return asker.name === null
    ? words.say(`start_${purpose}_lead_nameless`, { provider })
    : words.say(`start_${purpose}_lead`, { asker: asker.name, provider });
}

/** The scopes that the link asks for; where some were allowed before, the new ones stand first and apart. */
const Scopes: FC<{ model: StartPage; words: Words }> = ({ model, words }) => {
  const { scopes } = model;
  const added = scopes.filter((scope) => scope.added);
  const kept = scopes.filter((scope) => !scope.added);
  const isSplit = added.length > 0 && kept.length > 0;
  return (
    <section aria-labelledby="scopes">
      <h2 id="scopes">{words.say('start_scopes')}</h2>
      {scopes.length === 0 ? (
        <p>{words.say('start_scopes_unknown', { provider: model.provider.displayName })}</p>
      ) : null}
      {isSplit ? <h3>{words.say('start_scopes_added')}</h3> : null}
      <ScopeList scopes={isSplit ? added : scopes} words={words} />
      {isSplit ? <h3>{words.say('start_scopes_kept')}</h3> : null}
      <ScopeList scopes={isSplit ? kept : []} words={words} />
      <Spelling scopes={scopes} words={words} />
    </section>
  );
};

/** Each thing that is asked for once, in words where there are any; else as the provider or the facts call it. */
const ScopeList: FC<{ scopes: readonly PageScope[]; words: Words }> = ({ scopes, words }) => {
  const phrases = [
    ...new Set(scopes.flatMap(({ phrase }) => (phrase === null ? [] : [words.scope(phrase)]))),
  ];
  const wordless = scopes.filter(({ phrase }) => phrase === null);
  return scopes.length === 0 ? null : (
    <ul class="asked">
      {phrases.map((phrase) => (
        <li>{phrase}</li>
      ))}
      {wordless.map(({ scope, alias }) => (
        <li>
          {alias === null || alias === scope ? null : <bdi>{shownText(alias)}</bdi>}
          <code>{shownText(scope)}</code>
        </li>
      ))}
    </ul>
  );
};

/** The scopes as the provider spells them, for a user who looks closer. */
const Spelling: FC<{ scopes: readonly PageScope[]; words: Words }> = ({ scopes, words }) => {
  const named = scopes.filter(({ phrase }) => phrase !== null);
  return named.length === 0 ? null : (
    <details>
      <summary>{words.say('start_scopes_spelling')}</summary>
      <ul class="spelling">
        {named.map(({ scope }) => (
          <li>
            <code>{shownText(scope)}</code>
          </li>
        ))}
      </ul>
    </details>
  );
};
